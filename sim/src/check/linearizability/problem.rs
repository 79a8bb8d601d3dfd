//! What a search is given: the operations of one object, some of them weakened.

use super::model::Model;
use crate::history::{Operation, Outcome};

/// No end.
pub(super) const NEVER: u64 = u64::MAX;

/// An operation as a search sees it.
pub(super) struct Item<'a, M: Model> {
    pub(super) call: &'a M::Call,
    /// What it was answered; `None` if that is not known.
    pub(super) answer: Option<&'a M::Answer>,
    pub(super) invoked: u64,
    /// The last position at which it can take effect; [`NEVER`] for any.
    pub(super) ended: u64,
    /// Whether it must take effect.
    pub(super) required: bool,
    /// Its place among the operations of the object.
    pub(super) source: usize,
}

/// The operations of one object.
pub(super) type Operations<'a, M> = [&'a Operation<
    <M as crate::history::Vocabulary>::Call,
    <M as crate::history::Vocabulary>::Answer,
>];

/// The whole history of an object.
pub(super) fn whole<'a, M: Model>(model: &M, operations: &Operations<'a, M>) -> Vec<Item<'a, M>> {
    until(model, operations, NEVER, |_| true)
}

/// The history up to and with the event at `end`, as it was then: what had not ended
/// is of unknown outcome, but for what failed later, which never happened. Of what had ended with an answer, only those operations must
/// take effect, and with that answer, of which `keep` says so; each of the others may
/// have taken effect between its invocation and its completion, or not.
///
/// An order that explains the whole history explains this one, too, so that a
/// contradiction in this is one of the whole history.
pub(super) fn until<'a, M: Model>(
    model: &M,
    operations: &Operations<'a, M>,
    end: u64,
    keep: impl Fn(usize) -> bool,
) -> Vec<Item<'a, M>> {
    let mut items = Vec::with_capacity(operations.len());
    for (source, operation) in operations.iter().enumerate() {
        if operation.invoked.position > end {
            continue;
        }
        let optional = |ended| Item {
            call: &operation.call,
            answer: None,
            invoked: operation.invoked.position,
            ended,
            required: false,
            source,
        };
        let completed = operation.completed.map_or(NEVER, |moment| moment.position);
        let item = match &operation.outcome {
            Outcome::Failed => continue,
            Outcome::Ok(answer) if completed <= end && keep(source) => Item {
                answer: Some(answer),
                required: true,
                ..optional(completed)
            },
            Outcome::Ok(answer) if completed <= end => {
                if model.observes_only(&operation.call, Some(answer)) {
                    continue;
                }
                optional(completed)
            }
            Outcome::Ok(_) | Outcome::Unknown => optional(NEVER),
        };
        if !item.required && model.observes_only(item.call, None) {
            continue;
        }
        items.push(item);
    }
    items
}

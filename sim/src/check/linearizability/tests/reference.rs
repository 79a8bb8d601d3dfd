//! Linearizability by its definition: every order is tried.

use crate::check::linearizability::Model;
use crate::check::linearizability::problem::Item;

/// Whether some order of all required items and any of the others respects real time
/// and is what the model does.
pub(super) fn has_order<M: Model>(model: &M, items: &[Item<'_, M>]) -> bool {
    extends(model, items, &mut Vec::new(), &model.initial())
}

fn extends<M: Model>(
    model: &M,
    items: &[Item<'_, M>],
    order: &mut Vec<usize>,
    state: &M::State,
) -> bool {
    let complete = (0..items.len()).all(|index| !items[index].required || order.contains(&index));
    complete
        || (0..items.len()).any(|index| {
            let item = &items[index];
            // An operation that had ended before another one began comes before it.
            let late = order
                .iter()
                .any(|before| item.ended < items[*before].invoked);
            if order.contains(&index) || late {
                return false;
            }
            let Some(next) = model.step(state, item.call, item.answer) else {
                return false;
            };
            order.push(index);
            let found = extends(model, items, order, &next);
            order.pop();
            found
        })
}

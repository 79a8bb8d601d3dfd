//! The search for an order that explains everything.

use std::collections::BTreeSet;

use super::bounds::Bounds;
use super::memo::{Full, Memo};
use super::model::Model;
use super::optional::Optional;
use super::pending::{Event, Pending};
use super::problem::Item;
use super::states::States;
use super::verdict::Bound;

/// What a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// An order that explains everything.
    Order,
    /// That there is none.
    NoOrder,
    /// Nothing, within its bounds.
    Nothing(Bound),
}

/// What took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placed {
    /// Nothing: the beginning.
    Nothing,
    /// A required operation.
    Required(u32),
    /// An optional one.
    Optional(u32),
}

/// What is to be tried next: required operations, then optional ones of either kind,
/// first those of use at once, then the others.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    Required(Option<Event>),
    Lasting { class: usize, of_use: bool },
    Expiring { index: usize, of_use: bool },
    Done,
}

/// One placement, with what is needed to take it back.
struct Frame {
    placed: Placed,
    state_before: u32,
    latest_before: u64,
    high_before: usize,
    cursor: Cursor,
    /// The first completion of what is left.
    frontier: u64,
}

/// A search through the orders of the operations of one object.
pub(super) struct Search<'a, M: Model> {
    model: &'a M,
    items: &'a [Item<'a, M>],
    bounds: Bounds,
    /// The items that must take effect, by invocation.
    required: Vec<usize>,
    pending: Pending,
    optional: Optional,
    states: States<'a, M>,
    memo: Memo,
    stack: Vec<Frame>,
    state: u32,
    /// Which required operations are placed, a bit each.
    bits: Vec<u32>,
    /// The first word of `bits` that has a zero.
    low: usize,
    /// The last word of `bits` that has a one, plus one.
    high: usize,
    left: usize,
    /// The latest invocation of what is placed.
    latest: u64,
    steps: u64,
    farthest: u64,
    words: Vec<u32>,
    spent: Vec<u32>,
    watch: Option<Watch>,
    /// Whether optional operations are placed only where they are of use at once.
    hasty: bool,
}

/// What is observed on the way, for an explanation.
struct Watch {
    /// The required operation, by invocation.
    operation: u32,
    end: u64,
    states: BTreeSet<u32>,
    path: Option<Vec<(usize, u32)>>,
}

/// What was observed on the way to the operation that could not be placed.
pub(super) struct Observed<S> {
    /// The states that were possible while it was open.
    pub(super) states: Vec<S>,
    /// An order that explains all that ended before it, as items and the states after
    /// them.
    pub(super) path: Vec<(usize, S)>,
}

impl<'a, M: Model> Search<'a, M> {
    pub(super) fn new(model: &'a M, items: &'a [Item<'a, M>], bounds: Bounds) -> Self {
        let mut required: Vec<usize> = (0..items.len())
            .filter(|index| items[*index].required)
            .collect();
        required.sort_unstable_by_key(|index| items[*index].invoked);
        let events: Vec<(u64, u64)> = required
            .iter()
            .map(|index| (items[*index].invoked, items[*index].ended))
            .collect();
        let mut states = States::new(model);
        Self {
            model,
            items,
            bounds,
            pending: Pending::new(&events),
            optional: Optional::new(items),
            state: states.number(model.initial()),
            states,
            memo: Memo::new(bounds.memory_bytes),
            stack: Vec::new(),
            bits: vec![0; required.len().div_ceil(32)],
            low: 0,
            high: 0,
            left: required.len(),
            required,
            latest: 0,
            steps: 0,
            farthest: 0,
            words: Vec::new(),
            spent: Vec::new(),
            watch: None,
            hasty: false,
        }
    }

    /// Has the search place optional operations only where a required one fits at
    /// once. It is much faster, an order that it finds is one, and the completion that
    /// it comes to is one that a search can come to; but if there are optional
    /// operations, that it finds no order means nothing.
    pub(super) const fn hasten(&mut self) {
        self.hasty = true;
    }

    /// Whether every order was looked at, if the search has found none.
    pub(super) fn is_thorough(&self) -> bool {
        !self.hasty || self.optional.is_empty()
    }

    /// Has the search observe what could be while the item was open.
    pub(super) fn watch(&mut self, item: usize) {
        let operation = self.required.iter().position(|index| *index == item);
        self.watch = operation.map(|operation| Watch {
            operation: operation as u32,
            end: self.items[item].ended,
            states: BTreeSet::new(),
            path: None,
        });
    }

    /// How many placements were tried.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    /// How many bytes are remembered.
    pub(super) const fn bytes(&self) -> usize {
        self.memo.bytes() + self.states.bytes()
    }

    /// The last completion that the search came to: everything that ended before it
    /// could be explained.
    pub(super) const fn farthest(&self) -> u64 {
        self.farthest
    }

    /// What was observed, after the search.
    pub(super) fn observed(self) -> Observed<M::State> {
        let (states, path) = self
            .watch
            .map_or((BTreeSet::new(), None), |watch| (watch.states, watch.path));
        let state = |number: u32| self.states.get(number).clone();
        let mut states: Vec<_> = states.into_iter().map(state).collect();
        states.sort_unstable();
        let path = path.unwrap_or_default().into_iter();
        Observed {
            states,
            path: path.map(|(item, number)| (item, state(number))).collect(),
        }
    }

    pub(super) fn run(&mut self) -> Found {
        let outcome = self
            .push(Placed::Nothing, self.state)
            .and_then(|()| self.descend());
        match outcome {
            Ok(found) => found,
            Err(bound) => Found::Nothing(bound),
        }
    }

    fn descend(&mut self) -> Result<Found, Bound> {
        while self.left > 0 {
            let Some((placed, of_use)) = self.candidate() else {
                if !self.pop() {
                    return Ok(Found::NoOrder);
                }
                continue;
            };
            if let Some(next) = self.fits(placed)?
                && (of_use.is_none() || of_use == Some(self.is_of_use(next)?))
            {
                self.push(placed, next)?;
            }
        }
        Ok(Found::Order)
    }

    /// The next thing to be tried in the present configuration, and whether it must be
    /// of use at once; `None` if any will do.
    fn candidate(&mut self) -> Option<(Placed, Option<bool>)> {
        let frame = self.stack.last_mut()?;
        loop {
            match frame.cursor {
                Cursor::Required(event) => {
                    if let Some(operation) = event.and_then(Pending::invocation) {
                        let next = event.and_then(|event| self.pending.after(event));
                        frame.cursor = Cursor::Required(next);
                        return Some((Placed::Required(operation), None));
                    }
                    frame.cursor = Cursor::Lasting {
                        class: 0,
                        of_use: true,
                    };
                }
                Cursor::Lasting { class, of_use } => {
                    let Some((found, class)) = self.optional.lasting(class, frame.frontier) else {
                        let index = self.optional.begin(self.latest);
                        frame.cursor = Cursor::Expiring { index, of_use };
                        continue;
                    };
                    frame.cursor = Cursor::Lasting { class, of_use };
                    return Some((Placed::Optional(found), Some(of_use)));
                }
                Cursor::Expiring { index, of_use } => {
                    let found = self.optional.expiring(index, frame.frontier, self.latest);
                    if let Some((found, index)) = found {
                        frame.cursor = Cursor::Expiring { index, of_use };
                        return Some((Placed::Optional(found), Some(of_use)));
                    }
                    frame.cursor = if of_use && !self.hasty {
                        let of_use = false;
                        Cursor::Lasting { class: 0, of_use }
                    } else {
                        Cursor::Done
                    };
                }
                Cursor::Done => return None,
            }
        }
    }

    fn item(&self, placed: Placed) -> Option<&'a Item<'a, M>> {
        let index = match placed {
            Placed::Nothing => return None,
            Placed::Required(operation) => self.required[operation as usize],
            Placed::Optional(operation) => self.optional.item(operation),
        };
        Some(&self.items[index])
    }

    /// The state after it, if it can be placed here.
    fn fits(&mut self, candidate: Placed) -> Result<Option<u32>, Bound> {
        let Some(item) = self.item(candidate) else {
            return Ok(None);
        };
        self.step()?;
        let after_optional = self
            .stack
            .last()
            .is_some_and(|frame| matches!(frame.placed, Placed::Optional(_)));
        if after_optional && self.model.overwrites(item.call, item.answer) {
            // Without the optional operation before it all would be the same.
            return Ok(None);
        }
        let state = self.states.get(self.state);
        let Some(next) = self.model.step(state, item.call, item.answer) else {
            return Ok(None);
        };
        if next == *state {
            // Without an effect there is no use in an operation that need not be.
            return Ok(item.required.then_some(self.state));
        }
        Ok(Some(self.states.number(next)))
    }

    fn step(&mut self) -> Result<(), Bound> {
        if self.steps >= self.bounds.steps {
            let steps = self.bounds.steps;
            return Err(Bound::Steps { steps });
        }
        self.steps += 1;
        Ok(())
    }

    /// Whether some required operation fits in the state that an optional one leads
    /// to, for which it may have been the reason.
    fn is_of_use(&mut self, state: u32) -> Result<bool, Bound> {
        let mut event = self.pending.first();
        while let Some(operation) = event.and_then(Pending::invocation) {
            self.step()?;
            let item = &self.items[self.required[operation as usize]];
            let state = self.states.get(state);
            if !self.model.overwrites(item.call, item.answer)
                && self.model.step(state, item.call, item.answer).is_some()
            {
                return Ok(true);
            }
            event = event.and_then(|event| self.pending.after(event));
        }
        Ok(false)
    }

    /// Places it, then everything that only observes and fits, and enters the
    /// configuration that comes of it, if it is worth that.
    fn push(&mut self, placed: Placed, state: u32) -> Result<(), Bound> {
        self.place(placed, state);
        while let Some(frontier) = self.pending.frontier() {
            self.look(frontier);
            match self.observation()? {
                Some(operation) => self.place(Placed::Required(operation), self.state),
                None => {
                    if self.enter()?
                        && let Some(frame) = self.stack.last_mut()
                    {
                        frame.frontier = frontier;
                        frame.cursor = Cursor::Required(self.pending.first());
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// A required operation that only observes, fits here, and rules nothing out.
    fn observation(&mut self) -> Result<Option<u32>, Bound> {
        let mut event = self.pending.first();
        while let Some(operation) = event.and_then(Pending::invocation) {
            let item = &self.items[self.required[operation as usize]];
            if self.model.observes_only(item.call, item.answer)
                && !self.optional.expires(self.latest, item.invoked)
                && self.fits(Placed::Required(operation))?.is_some()
            {
                return Ok(Some(operation));
            }
            event = event.and_then(|event| self.pending.after(event));
        }
        Ok(None)
    }

    fn look(&mut self, frontier: u64) {
        self.farthest = self.farthest.max(frontier);
        let Some(watch) = &mut self.watch else {
            return;
        };
        let operation = watch.operation as usize;
        let open = self.items[self.required[operation]].invoked < frontier;
        let placed = self.bits[operation / 32] >> (operation % 32) & 1 == 1;
        if open && !placed {
            watch.states.insert(self.state);
        }
        if frontier == watch.end && watch.path.is_none() {
            watch.path = Some(path(
                &self.stack,
                &self.required,
                &self.optional,
                self.state,
            ));
        }
    }

    fn place(&mut self, placed: Placed, state: u32) {
        self.stack.push(Frame {
            placed,
            state_before: self.state,
            latest_before: self.latest,
            high_before: self.high,
            cursor: Cursor::Done,
            frontier: 0,
        });
        self.state = state;
        let invoked = self.item(placed).map_or(0, |item| item.invoked);
        self.latest = self.latest.max(invoked);
        match placed {
            Placed::Nothing => {}
            Placed::Required(operation) => {
                self.pending.lift(operation);
                self.left -= 1;
                let word = operation as usize / 32;
                self.bits[word] |= 1 << (operation % 32);
                self.high = self.high.max(word + 1);
                while self.low < self.high && self.bits[self.low] == u32::MAX {
                    self.low += 1;
                }
            }
            Placed::Optional(operation) => self.optional.place(operation),
        }
    }

    /// Takes the last placement back; answers whether there is one left before it.
    fn pop(&mut self) -> bool {
        let Some(frame) = self.stack.pop() else {
            return false;
        };
        self.state = frame.state_before;
        self.latest = frame.latest_before;
        self.high = frame.high_before;
        match frame.placed {
            Placed::Nothing => {}
            Placed::Required(operation) => {
                self.pending.put_back(operation);
                self.left += 1;
                let word = operation as usize / 32;
                self.bits[word] &= !(1 << (operation % 32));
                self.low = self.low.min(word);
            }
            Placed::Optional(operation) => self.optional.take_back(operation),
        }
        !self.stack.is_empty()
    }

    /// Whether the present configuration is worth entering.
    fn enter(&mut self) -> Result<bool, Bound> {
        self.words.clear();
        self.words.extend([self.state, self.low as u32]);
        if self.low < self.high {
            self.words
                .extend_from_slice(&self.bits[self.low..self.high]);
        }
        self.optional.spent(self.latest, &mut self.spent);
        let entered = self
            .memo
            .enter(&self.words, &self.spent, self.states.bytes());
        let bytes = self.bounds.memory_bytes;
        match entered {
            Ok(_) if self.bytes() > bytes => Err(Bound::Memory { bytes }),
            Ok(new) => Ok(new),
            Err(Full) => Err(Bound::Memory { bytes }),
        }
    }
}

/// The placements so far, with the states after them.
fn path(stack: &[Frame], required: &[usize], optional: &Optional, state: u32) -> Vec<(usize, u32)> {
    let after = stack.iter().skip(1).map(|frame| frame.state_before);
    let states = after.chain([state]);
    let placed = stack.iter().zip(states);
    placed
        .filter_map(|(frame, state)| match frame.placed {
            Placed::Nothing => None,
            Placed::Required(operation) => Some((required[operation as usize], state)),
            Placed::Optional(operation) => Some((optional.item(operation), state)),
        })
        .collect()
}

//! Required operations that are not placed yet, as a list of their events.

/// No event.
const NONE: u32 = u32::MAX;

/// The invocations and completions of required operations in the order of real time,
/// without those of operations that are placed. An operation is lifted out when it is
/// placed, and put back, in the opposite order, when that is undone; both take the
/// same short time, however long the list is.
pub(super) struct Pending {
    next: Vec<u32>,
    before: Vec<u32>,
    positions: Vec<u64>,
}

/// A place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event(u32);

impl Pending {
    /// Operations by their invocations and completions, in the order of invocations;
    /// no two events have the same position.
    pub(super) fn new(operations: &[(u64, u64)]) -> Self {
        let mut positions = vec![0];
        for (invoked, ended) in operations {
            positions.extend([*invoked, *ended]);
        }
        let mut order: Vec<u32> = (1..).take(positions.len() - 1).collect();
        order.sort_unstable_by_key(|event| positions[*event as usize]);
        let mut next = vec![NONE; positions.len()];
        let mut before = vec![NONE; positions.len()];
        let mut last = 0_u32;
        for event in order {
            next[last as usize] = event;
            before[event as usize] = last;
            last = event;
        }
        Self {
            next,
            before,
            positions,
        }
    }

    /// The first event, if any operation is left.
    pub(super) fn first(&self) -> Option<Event> {
        self.after(Event(0))
    }

    /// The event after this one.
    pub(super) fn after(&self, event: Event) -> Option<Event> {
        let next = self.next[event.0 as usize];
        (next != NONE).then_some(Event(next))
    }

    /// The operation whose invocation this is; `None` for a completion.
    pub(super) const fn invocation(event: Event) -> Option<u32> {
        if event.0 % 2 == 1 {
            Some(event.0 / 2)
        } else {
            None
        }
    }

    /// Where it is in the history.
    pub(super) fn position(&self, event: Event) -> u64 {
        self.positions[event.0 as usize]
    }

    /// The first completion: nothing that was invoked later can be placed next.
    pub(super) fn frontier(&self) -> Option<u64> {
        let mut event = self.first()?;
        while Self::invocation(event).is_some() {
            event = self.after(event)?;
        }
        Some(self.position(event))
    }

    pub(super) fn lift(&mut self, operation: u32) {
        for event in [operation * 2 + 1, operation * 2 + 2] {
            let (before, next) = (self.before[event as usize], self.next[event as usize]);
            self.next[before as usize] = next;
            if next != NONE {
                self.before[next as usize] = before;
            }
        }
    }

    pub(super) fn put_back(&mut self, operation: u32) {
        for event in [operation * 2 + 2, operation * 2 + 1] {
            let (before, next) = (self.before[event as usize], self.next[event as usize]);
            self.next[before as usize] = event;
            if next != NONE {
                self.before[next as usize] = event;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pending: &Pending) -> Vec<u64> {
        let mut positions = Vec::new();
        let mut event = pending.first();
        while let Some(found) = event {
            positions.push(pending.position(found));
            event = pending.after(found);
        }
        positions
    }

    #[test]
    fn what_is_lifted_can_be_put_back() {
        let mut pending = Pending::new(&[(1, 4), (2, 3), (5, 9)]);
        assert_eq!(events(&pending), [1, 2, 3, 4, 5, 9]);
        assert_eq!(pending.frontier(), Some(3));
        pending.lift(1);
        assert_eq!(
            (events(&pending), pending.frontier()),
            (vec![1, 4, 5, 9], Some(4))
        );
        pending.lift(2);
        pending.lift(0);
        assert_eq!((events(&pending), pending.frontier()), (vec![], None));
        for operation in [0, 2, 1] {
            pending.put_back(operation);
        }
        assert_eq!(events(&pending), [1, 2, 3, 4, 5, 9]);
    }
}

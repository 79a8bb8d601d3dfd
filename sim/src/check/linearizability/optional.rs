//! Operations that need not take effect.

use std::collections::BTreeMap;

use super::model::Model;
use super::problem::{Item, NEVER};

/// Operations that may take effect or not. They are numbered by the position at which
/// they can do so no longer; those that always can, which are *lasting*, come last.
///
/// Lasting operations with the same call are a class: of these, the one that was
/// invoked first is always placed first, for it can do all that the others can.
pub(super) struct Optional {
    items: Vec<usize>,
    invoked: Vec<u64>,
    /// The ends of those that expire, rising.
    ends: Vec<u64>,
    /// Those that expire, by invocation.
    by_invocation: Vec<u32>,
    /// The greatest number among the first so many of `by_invocation`.
    greatest: Vec<u32>,
    /// The numbers of each class that are not placed yet: the next one, and the end.
    classes: Vec<(u32, u32)>,
    /// The class of each lasting operation, counted from the first of them.
    class_of: Vec<usize>,
    /// The numbers that are placed, rising.
    placed: Vec<u32>,
    is_placed: Vec<bool>,
}

impl Optional {
    pub(super) fn new<M: Model>(items: &[Item<'_, M>]) -> Self {
        let mut expiring = Vec::new();
        let mut calls: BTreeMap<&M::Call, Vec<usize>> = BTreeMap::new();
        for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.required) {
            if item.ended == NEVER {
                calls.entry(item.call).or_default().push(index);
            } else {
                expiring.push(index);
            }
        }
        expiring.sort_unstable_by_key(|index| items[*index].ended);
        let ends: Vec<u64> = expiring.iter().map(|index| items[*index].ended).collect();
        let mut by_invocation: Vec<u32> = (0..).take(expiring.len()).collect();
        by_invocation.sort_unstable_by_key(|number| items[expiring[*number as usize]].invoked);
        let mut highest = 0;
        let greatest = by_invocation.iter().map(|number| {
            highest = highest.max(*number);
            highest
        });
        let greatest = greatest.collect();
        let mut numbered = expiring;
        let (mut classes, mut class_of) = (Vec::new(), Vec::new());
        for mut members in calls.into_values() {
            members.sort_unstable_by_key(|index| items[*index].invoked);
            let first = numbered.len() as u32;
            class_of.extend(members.iter().map(|_| classes.len()));
            numbered.extend(members);
            classes.push((first, numbered.len() as u32));
        }
        Self {
            invoked: numbered.iter().map(|index| items[*index].invoked).collect(),
            is_placed: vec![false; numbered.len()],
            items: numbered,
            ends,
            by_invocation,
            greatest,
            classes,
            class_of,
            placed: Vec::new(),
        }
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item of a number.
    pub(super) fn item(&self, operation: u32) -> usize {
        self.items[operation as usize]
    }

    /// How many have expired once something is placed that was invoked at `latest`.
    fn expired(&self, latest: u64) -> u32 {
        self.ends.partition_point(|end| *end < latest) as u32
    }

    /// Whether a placement of something that was invoked at `invoked` takes the last
    /// chance from one of these.
    pub(super) fn expires(&self, latest: u64, invoked: u64) -> bool {
        invoked > latest && !self.ends.is_empty() && self.expired(invoked) > self.expired(latest)
    }

    /// A lasting operation of this class, or of the next one that has any, and the
    /// class after it.
    pub(super) fn lasting(&self, class: usize, frontier: u64) -> Option<(u32, usize)> {
        let rest = self.classes.iter().enumerate().skip(class);
        let mut open = rest.filter(|(_, (next, end))| next < end);
        open.find(|(_, (next, _))| self.invoked[*next as usize] < frontier)
            .map(|(class, (next, _))| (*next, class + 1))
    }

    /// Where to begin with those that expire.
    pub(super) fn begin(&self, latest: u64) -> usize {
        let expired = self.expired(latest);
        self.greatest.partition_point(|number| *number < expired)
    }

    /// An operation that expires and has not yet, from this place on, and the place
    /// after it.
    pub(super) fn expiring(&self, from: usize, frontier: u64, latest: u64) -> Option<(u32, usize)> {
        let rest = self.by_invocation.iter().enumerate().skip(from);
        let mut open = rest.take_while(|(_, number)| self.invoked[**number as usize] < frontier);
        open.find(|(_, number)| {
            let number = **number as usize;
            !self.is_placed[number] && self.ends[number] >= latest
        })
        .map(|(index, number)| (*number, index + 1))
    }

    pub(super) fn place(&mut self, operation: u32) {
        let index = self.placed.partition_point(|placed| *placed < operation);
        self.placed.insert(index, operation);
        self.is_placed[operation as usize] = true;
        if let Some(class) = self.class(operation) {
            self.classes[class].0 += 1;
        }
    }

    pub(super) fn take_back(&mut self, operation: u32) {
        let index = self.placed.partition_point(|placed| *placed < operation);
        self.placed.remove(index);
        self.is_placed[operation as usize] = false;
        if let Some(class) = self.class(operation) {
            self.classes[class].0 -= 1;
        }
    }

    fn class(&self, operation: u32) -> Option<usize> {
        let lasting = (operation as usize).checked_sub(self.ends.len())?;
        Some(self.class_of[lasting])
    }

    /// What cannot be placed any more: how many have expired, then the others that
    /// are placed.
    pub(super) fn spent(&self, latest: u64, spent: &mut Vec<u32>) {
        let expired = self.expired(latest);
        let first = self.placed.partition_point(|placed| *placed < expired);
        spent.clear();
        spent.push(expired);
        spent.extend_from_slice(&self.placed[first..]);
    }
}

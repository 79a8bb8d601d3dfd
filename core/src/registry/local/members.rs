//! The members of a group, as a tree of which every version stays as it was.
//!
//! Readers keep the version that they found while the next one is made. A version
//! shares all but the path to what changed with the one before, so that a join and a
//! leave cost the logarithm of the size of the group. The tree is a treap (Seidel and
//! Aragon, 1996): its shape follows from a mixed number per member, not from the
//! order of the changes.

use std::sync::Arc;

use super::row::Row;
use crate::process::ProcessId;

type Tree = Option<Arc<Member>>;

/// Which member: the process, and the revision that tells its joins apart.
pub(crate) type MemberId = (ProcessId, u64);

struct Member {
    row: Arc<Row>,
    rank: u64,
    left: Tree,
    right: Tree,
}

impl Member {
    fn id(&self) -> MemberId {
        (self.row.process, self.row.revision)
    }

    fn with(&self, left: Tree, right: Tree) -> Arc<Self> {
        Self::new(self.row.clone(), left, right)
    }

    fn new(row: Arc<Row>, left: Tree, right: Tree) -> Arc<Self> {
        Arc::new(Self {
            rank: rank((row.process, row.revision)),
            row,
            left,
            right,
        })
    }
}

/// One version of the members of a group, in the order of process and revision.
#[derive(Clone, Default)]
pub(crate) struct Members(Tree);

impl Members {
    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The version with one more.
    pub(crate) fn with(&self, row: Row) -> Self {
        let (below, above) = split(&self.0, (row.process, row.revision));
        let one = Member::new(Arc::new(row), None, None);
        Self(merge(&merge(&below, &Some(one)), &above))
    }

    /// The version without one.
    pub(crate) fn without(&self, id: MemberId) -> Self {
        let (below, rest) = split(&self.0, id);
        let (_, above) = split(&rest, (id.0, id.1.saturating_add(1)));
        Self(merge(&below, &above))
    }

    /// A member.
    pub(crate) fn get(&self, id: MemberId) -> Option<&Row> {
        self.from(id)
            .next()
            .filter(|row| (row.process, row.revision) == id)
    }

    /// The first member of a process, which joined first.
    pub(crate) fn first_of(&self, process: ProcessId) -> Option<&Row> {
        self.from((process, 0))
            .next()
            .filter(|row| row.process == process)
    }

    /// All.
    pub(crate) fn iter(&self) -> Iter<'_> {
        let mut iter = Iter { path: Vec::new() };
        iter.descend(&self.0);
        iter
    }

    /// Those from `id` on.
    pub(crate) fn from(&self, id: MemberId) -> Iter<'_> {
        let mut path = Vec::new();
        let mut tree = &self.0;
        while let Some(member) = tree {
            if member.id() < id {
                tree = &member.right;
            } else {
                path.push(&**member);
                tree = &member.left;
            }
        }
        Iter { path }
    }
}

/// Walks a version in order.
pub(crate) struct Iter<'a> {
    path: Vec<&'a Member>,
}

impl<'a> Iter<'a> {
    fn descend(&mut self, mut tree: &'a Tree) {
        while let Some(member) = tree {
            self.path.push(member);
            tree = &member.left;
        }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Row;

    fn next(&mut self) -> Option<&'a Row> {
        let member = self.path.pop()?;
        self.descend(&member.right);
        Some(&member.row)
    }
}

/// A number that looks random, with which the tree stays shallow (the finaliser of
/// splitmix64). Nobody chooses process numbers and revisions.
const fn rank(id: MemberId) -> u64 {
    let node = (id.0.node.0 as u64).rotate_left(48);
    let mut mixed = id.1 ^ id.0.local.rotate_left(32) ^ node;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Those below `id`, and the rest.
fn split(tree: &Tree, id: MemberId) -> (Tree, Tree) {
    let Some(member) = tree else {
        return (None, None);
    };
    if member.id() < id {
        let (below, above) = split(&member.right, id);
        (Some(member.with(member.left.clone(), below)), above)
    } else {
        let (below, above) = split(&member.left, id);
        (below, Some(member.with(above, member.right.clone())))
    }
}

/// Both; everything in `below` comes before everything in `above`.
fn merge(below: &Tree, above: &Tree) -> Tree {
    match (below, above) {
        (None, tree) | (tree, None) => tree.clone(),
        (Some(low), Some(high)) if low.rank >= high.rank => {
            Some(low.with(low.left.clone(), merge(&low.right, above)))
        }
        (Some(_), Some(high)) => Some(high.with(merge(below, &high.left), high.right.clone())),
    }
}

//! Who keeps a name that two nodes have given away.

use std::cmp::{Ordering, Reverse};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::origin::Stamp;
use crate::label::Label;
use crate::process::ProcessId;
use crate::registry::change::Rule;
use crate::registry::key::Key;
use crate::runtime::panic_text;

/// What a registration claims: everything that a conflict is decided by. Fixed when the
/// name is given away, so that all nodes decide alike whatever happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claim {
    /// The name.
    pub key: Key,
    /// Who claims it.
    pub process: ProcessId,
    /// As it was registered first. Registering again does not change it.
    pub priority: i32,
    /// When it was registered, in the order of logical clocks.
    pub stamp: Stamp,
}

impl Claim {
    pub(super) const fn new(key: Key, process: ProcessId, priority: i32, stamp: Stamp) -> Self {
        Self {
            key,
            process,
            priority,
            stamp,
        }
    }
}

/// A user's way to rank claims; the highest rank keeps the name.
///
/// It ranks one claim at a time and not one against another, so that it is a total
/// order by construction and no two nodes can decide differently. It must be a function
/// of the claim alone, the same on all nodes, and short: it is called while the registry
/// is locked, and must not use it. One that panics ranks the claim below all others;
/// among claims of equal rank the rules that need no resolver decide.
#[derive(Clone)]
pub struct Resolver(Arc<dyn Fn(&Claim) -> u64 + Send + Sync>);

impl Resolver {
    /// Ranks by a function.
    pub fn new(rank: impl Fn(&Claim) -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(rank))
    }
}

/// Two resolvers are equal if one is a clone of the other.
impl PartialEq for Resolver {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Resolver {}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver(..)")
    }
}

/// What the resolver said of a claim: nothing if there is none or if it panicked, which
/// is below every rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(Option<u64>);

impl Rank {
    /// Asks the resolver, if there is one.
    ///
    /// # Errors
    ///
    /// The text of its panic; the claim then has the rank of a claim without one.
    pub(super) fn of(claim: &Claim, resolver: Option<&Resolver>) -> (Self, Result<(), Label>) {
        let Some(Resolver(rank)) = resolver else {
            return (Self(None), Ok(()));
        };
        // The claim is only read, and what the resolver itself holds is its own affair.
        match catch_unwind(AssertUnwindSafe(|| rank(claim))) {
            Ok(rank) => (Self(Some(rank)), Ok(())),
            Err(panic) => (Self(None), Err(panic_text(&*panic).into())),
        }
    }
}

/// Orders two claims of one name: the lesser one keeps it. Also says which rule decided.
pub(super) fn decide(one: (&Claim, Rank), other: (&Claim, Rank)) -> (Ordering, Rule) {
    let by_rank = Reverse(one.1).cmp(&Reverse(other.1));
    let (one, other) = (one.0, other.0);
    let steps = [
        (by_rank, Rule::Resolver),
        (
            Reverse(one.priority).cmp(&Reverse(other.priority)),
            Rule::Priority,
        ),
        (one.stamp.cmp(&other.stamp), Rule::Earlier),
    ];
    let decided = steps.into_iter().find(|(order, _)| order.is_ne());
    decided.unwrap_or((one.process.cmp(&other.process), Rule::Identity))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::{Incarnation, NodeId};

    fn claim(node: u32, priority: i32, clock: u64) -> Claim {
        let process = ProcessId {
            node: NodeId(node),
            incarnation: Incarnation(1),
            local: 1,
        };
        let alone = false;
        Claim::new(
            Key::new("s", "k"),
            process,
            priority,
            Stamp { alone, clock },
        )
    }

    fn winner(claims: [&Claim; 2], resolver: Option<&Resolver>) -> (u32, Rule) {
        let [one, other] = claims.map(|claim| (claim, Rank::of(claim, resolver).0));
        let (order, rule) = decide(one, other);
        let winner = if order.is_lt() { one.0 } else { other.0 };
        (winner.process.node.0, rule)
    }

    #[test]
    fn each_rule_decides_where_those_before_it_do_not() {
        let plain = claim(2, 0, 5);
        assert_eq!(winner([&plain, &claim(1, 0, 5)], None), (1, Rule::Identity));
        assert_eq!(winner([&plain, &claim(1, 0, 6)], None), (2, Rule::Earlier));
        assert_eq!(winner([&plain, &claim(3, 1, 9)], None), (3, Rule::Priority));
        let last = Resolver::new(|claim| u64::from(claim.process.node.0));
        assert_eq!(
            winner([&plain, &claim(1, 9, 1)], Some(&last)),
            (2, Rule::Resolver)
        );
    }

    #[test]
    fn a_resolver_that_panics_ranks_the_claim_below_all_others() {
        let picky = Resolver::new(|claim| {
            assert!(claim.process.node.0 != 1, "not this one");
            0
        });
        let (bad, good) = (claim(1, 9, 1), claim(2, 0, 9));
        assert_eq!(winner([&bad, &good], Some(&picky)), (2, Rule::Resolver));
        let (_, failed) = Rank::of(&bad, Some(&picky));
        assert!(failed.is_err_and(|text| text.contains("not this one")));
    }

    #[test]
    fn where_the_resolver_always_panics_the_default_rules_apply() {
        let broken = Resolver::new(|_| panic!("broken"));
        let claims = [&claim(1, 0, 7), &claim(2, 0, 3)];
        assert_eq!(winner(claims, Some(&broken)), (2, Rule::Earlier));
    }

    fn claims() -> impl Strategy<Value = Claim> {
        (1..4_u32, -1..2_i32, 0..4_u64)
            .prop_map(|(node, priority, clock)| claim(node, priority, clock))
    }

    proptest! {
        #[test]
        fn the_rule_is_a_total_order(a in claims(), b in claims(), c in claims(), ranked: bool) {
            let resolver = ranked.then(|| Resolver::new(|claim| claim.stamp.clock % 2));
            let rank = |claim| Rank::of(claim, resolver.as_ref()).0;
            let order = |one, other| decide((one, rank(one)), (other, rank(other))).0;
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
            prop_assert_eq!(order(&a, &b).is_eq(), a == b);
            if order(&a, &b).is_lt() && order(&b, &c).is_lt() {
                prop_assert!(order(&a, &c).is_lt());
            }
        }
    }
}

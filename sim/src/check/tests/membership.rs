//! Claims about the checker of memberships.

use steadfast::event::{Event, MembershipEvent};
use steadfast::membership::Member;
use steadfast::runtime::{Incarnation, NodeId};

use super::history::History;
use crate::check::Membership;
use crate::trace::Phase;

fn broken(history: History) -> Vec<String> {
    history.broken(&mut Membership::new().agreeing())
}

const fn member(node: u32, incarnation: u32) -> Member {
    Member {
        node: NodeId(node),
        incarnation: Incarnation(incarnation),
    }
}

impl History {
    fn says(self, event: MembershipEvent) -> Self {
        self.core(Event::Membership(event))
    }

    fn up(self, node: u32, incarnation: u32) -> Self {
        let member = member(node, incarnation);
        self.says(MembershipEvent::MemberUp { member })
    }

    fn down(self, node: u32, incarnation: u32) -> Self {
        let member = member(node, incarnation);
        self.says(MembershipEvent::MemberDown { member })
    }

    fn suspected(self, node: u32) -> Self {
        let member = member(node, 1);
        self.says(MembershipEvent::MemberSuspected { member })
    }

    fn refuted(self, node: u32) -> Self {
        let member = member(node, 1);
        self.says(MembershipEvent::MemberRefuted { member })
    }
}

/// Two nodes that have started; n1 speaks.
fn two() -> History {
    History::new().on(2, 1).started().on(1, 1).started()
}

fn good() -> History {
    let member = member(2, 1);
    two()
        .up(2, 1)
        .suspected(2)
        .refuted(2)
        .suspected(2)
        .down(2, 1)
        .up(2, 1)
        .says(MembershipEvent::MemberLeft { member })
        .on(2, 2)
        .started()
        .up(1, 1)
        .on(1, 1)
        .up(2, 2)
        .core_healed(&[1, 2])
        .phase(Phase::Stop)
}

#[test]
fn a_story_that_hangs_together_is_good() {
    assert!(broken(good()).is_empty());
}

#[test]
fn any_order_of_records_is_survived() {
    for seed in 0..200 {
        broken(good().shuffled(seed));
    }
}

#[test]
fn a_member_that_comes_or_goes_twice_is_caught() {
    let alternate = ["up_and_gone_alternate"];
    assert_eq!(broken(two().up(2, 1).up(2, 1)), alternate);
    assert_eq!(broken(two().up(2, 1).down(2, 1).down(2, 1)), alternate);
    assert_eq!(broken(two().down(2, 1)), alternate);
    // Another incarnation than the one that was up goes.
    assert_eq!(broken(two().up(2, 1).down(2, 2)), alternate);
}

#[test]
fn a_new_incarnation_of_the_observer_begins_anew() {
    assert!(broken(two().up(2, 1).crashed().on(1, 2).started().up(2, 1)).is_empty());
    let own = member(1, 1);
    let departed = two()
        .up(2, 1)
        .says(MembershipEvent::Departed { member: own });
    assert!(broken(departed.up(2, 1)).is_empty());
}

#[test]
fn an_older_incarnation_after_a_later_one_is_caught() {
    let restarted = || two().on(2, 2).started().on(1, 1);
    let older = restarted().up(2, 2).down(2, 2).up(2, 1);
    assert_eq!(broken(older), ["a_member_is_no_older_than_before"]);
    assert!(broken(restarted().up(2, 1).down(2, 1).up(2, 2)).is_empty());
}

#[test]
fn suspicion_of_those_who_are_not_up_is_caught() {
    let only = ["only_members_are_suspected"];
    assert_eq!(broken(two().suspected(2)), only);
    assert_eq!(broken(two().up(2, 1).suspected(2).suspected(2)), only);
    assert_eq!(broken(two().up(2, 1).refuted(2)), only);
}

#[test]
fn a_member_that_was_never_started_is_caught() {
    assert_eq!(broken(two().up(2, 2)), ["no_member_is_invented"]);
    assert_eq!(broken(two().up(3, 1)), ["no_member_is_invented"]);
}

#[test]
fn a_core_that_does_not_agree_is_caught_if_it_should() {
    let end = |history: History| history.core_healed(&[1, 2]).phase(Phase::Stop);
    let both = || two().up(2, 1).on(2, 1).up(1, 1);
    assert!(broken(end(both())).is_empty());
    let disagreements = [
        two(),
        two().up(2, 1),
        both().suspected(1),
        both().on(2, 2).started().up(1, 1),
    ];
    for disagreement in disagreements {
        assert_eq!(broken(end(disagreement)), ["the_core_agrees"]);
    }
    assert!(end(two()).broken(&mut Membership::new()).is_empty());
}

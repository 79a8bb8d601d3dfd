//! Claims about the checkers of barriers.

use std::time::Duration;

use steadfast::event::{BarrierEvent, CoordinationEvent, Event, SessionEvent};
use steadfast::process::ProcessId;
use steadfast::store::{LeaseId, Revision};

use super::history::History;
use crate::check::{Assemblies, Gates, Leaving};

const GENERATION: Revision = Revision(7);

impl History {
    fn barrier(self, event: BarrierEvent) -> Self {
        self.core(Event::Coordination(CoordinationEvent::Barrier(event)))
    }

    fn holds(self, session: u64, generation: u64) -> Self {
        self.barrier(BarrierEvent::Held {
            barrier: "a".into(),
            session: LeaseId(session),
            generation: Revision(generation),
        })
    }

    fn lifts(self, generation: u64) -> Self {
        self.barrier(BarrierEvent::Lifted {
            barrier: "a".into(),
            generation: Revision(generation),
        })
    }

    fn goes_through(self, session: u64, generation: u64) -> Self {
        self.barrier(BarrierEvent::Passed {
            barrier: "a".into(),
            session: LeaseId(session),
            generation: Revision(generation),
        })
    }

    /// One of three comes.
    fn comes(self, session: u64) -> Self {
        self.barrier(BarrierEvent::Arrived {
            barrier: "a".into(),
            session: LeaseId(session),
            generation: GENERATION,
            arrived: 1,
            expected: 3,
        })
    }

    fn all_come(self) -> Self {
        self.comes(1).comes(2).comes(3)
    }

    fn enters(self, session: u64) -> Self {
        self.goes_through(session, GENERATION.0)
    }

    fn withdrawn(self, session: u64, counted: bool) -> Self {
        self.barrier(BarrierEvent::Withdrawn {
            barrier: "a".into(),
            session: LeaseId(session),
            generation: counted.then_some(GENERATION),
        })
    }

    fn turned_away(self, session: u64) -> Self {
        self.barrier(BarrierEvent::Refused {
            barrier: "a".into(),
            session: LeaseId(session),
            why: "no".into(),
        })
    }

    fn says_it_leaves(self, session: u64) -> Self {
        let (barrier, session) = ("a", LeaseId(session));
        self.note(&Leaving { barrier, session }.to_string())
    }

    fn leaves(self, session: u64) -> Self {
        self.barrier(BarrierEvent::Left {
            barrier: "a".into(),
            session: LeaseId(session),
            generation: GENERATION,
        })
    }

    fn resets(self) -> Self {
        let (barrier, generation) = ("a".into(), GENERATION);
        self.barrier(BarrierEvent::Reset {
            barrier,
            generation,
        })
    }

    fn opens(self, session: u64) -> Self {
        let event = SessionEvent::Opened {
            session: LeaseId(session),
            process: ProcessId {
                node: steadfast::runtime::NodeId(1),
                incarnation: steadfast::runtime::Incarnation(1),
                local: 1,
            },
            coordinator: "c".into(),
            ttl: Duration::from_secs(1),
        };
        self.core(Event::Coordination(CoordinationEvent::Session(event)))
    }
}

fn gates(history: History) -> Vec<String> {
    history.broken(&mut Gates::new())
}

fn assemblies(history: History) -> Vec<String> {
    history.broken(&mut Assemblies::new())
}

const NONE: [&str; 0] = [];

#[test]
fn holders_who_follow_each_other_and_those_whom_they_let_go_are_right() {
    let history = History::new().holds(1, 5).lifts(5).goes_through(2, 5);
    assert_eq!(gates(history.clone().holds(1, 6).goes_through(3, 5)), NONE);
    let crashed = History::new().holds(1, 5).crashed().on(2, 1);
    assert_eq!(gates(crashed.goes_through(2, 5).holds(2, 6)), NONE);
    assert_eq!(assemblies(history), NONE);
}

#[test]
fn whoever_passes_a_held_barrier_or_holds_it_beside_another_one_is_found() {
    let held = History::new().holds(1, 5);
    let passed = held.clone().goes_through(2, 5);
    assert_eq!(gates(passed), ["nobody_passes_a_held_barrier"]);
    assert_eq!(gates(held.clone().holds(2, 6)), ["one_holds_a_barrier"]);
    assert_eq!(gates(held.lifts(5).holds(2, 5)), ["generations_grow"]);
}

#[test]
fn g04_all_who_come_and_leave_together_are_right() {
    // Whoever learns it first may say so before the last one has said that it came.
    let history = History::new().comes(1).comes(2).enters(1).comes(3);
    let history = history.enters(2).enters(3);
    let left = (1..=3).fold(history, History::says_it_leaves);
    assert_eq!(assemblies(left.leaves(2).leaves(1).leaves(3)), NONE);
}

#[test]
fn g04_who_passes_too_early_or_leaves_alone_is_found() {
    let early = History::new().comes(1).comes(2).enters(1).enters(2);
    assert_eq!(assemblies(early), ["nobody_passes_before_all_are_there"]);
    let alone = History::new().all_come().enters(1).enters(2);
    let alone = alone.says_it_leaves(1).leaves(1);
    assert_eq!(assemblies(alone), ["nobody_leaves_before_all_do"]);
}

#[test]
fn g09_whoever_was_not_counted_or_is_one_too_many_is_found() {
    let stranger = History::new().all_come().enters(1).enters(4);
    assert_eq!(assemblies(stranger), ["whoever_passes_was_counted"]);
    let more = (1..=4).fold(History::new().all_come().comes(4), History::enters);
    assert_eq!(assemblies(more), ["no_more_than_expected_pass"]);
}

#[test]
fn g12_one_who_gave_up_is_not_counted_and_one_who_may_have_been_is() {
    let two = History::new().all_come();
    let passed = |history: History| history.enters(1).enters(2);
    let gave_up = passed(two.clone().withdrawn(3, true).turned_away(3));
    assert_eq!(assemblies(gave_up), ["nobody_passes_before_all_are_there"]);
    // Its session ended after all had come, perhaps.
    let ended = passed(two.clone().turned_away(3).withdrawn(3, true));
    assert_eq!(assemblies(ended), NONE);
    assert_eq!(assemblies(passed(two.withdrawn(3, true))), NONE);
    let unsure = History::new().comes(1).comes(2).withdrawn(3, false);
    assert_eq!(assemblies(passed(unsure)), NONE);
}

#[test]
fn g10_one_who_heard_of_the_reset_alone_may_have_been_counted() {
    let two = History::new().comes(1).comes(2).enters(1).enters(2);
    let told = two.clone().resets().turned_away(3).withdrawn(3, true);
    assert_eq!(assemblies(told), [""; 0]);
    // Without a reset it was told that it is not counted.
    let early = two.turned_away(3).withdrawn(3, true);
    assert_eq!(assemblies(early), ["nobody_passes_before_all_are_there"]);
}

#[test]
fn g06_one_whose_node_crashed_may_have_been_there() {
    let crashed = History::new().on(3, 1).opens(3).crashed().on(1, 1);
    let passed = crashed.comes(1).comes(2).enters(1).enters(2);
    assert_eq!(assemblies(passed), NONE);
    let long_ago = History::new().on(3, 1).opens(3).crashed().on(1, 1);
    let passed = long_ago.after(11_000).comes(1).comes(2).enters(1);
    assert_eq!(assemblies(passed), ["nobody_passes_before_all_are_there"]);
}

#[test]
fn g10_a_reset_that_answers_nobody_is_found() {
    let reset = History::new().comes(1).comes(2).resets();
    let told = reset.clone().after(100).turned_away(1).turned_away(2);
    assert_eq!(assemblies(told), NONE);
    let late = reset.turned_away(1).after(6_000);
    let never = late.clone().note("the run is over");
    for forgotten in [late.withdrawn(2, true), never] {
        assert_eq!(assemblies(forgotten), ["a_reset_answers_all_who_wait"]);
    }
}

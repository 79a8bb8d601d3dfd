//! Faults on messages.

use std::time::Duration;

use steadfast::runtime::{Network, NodeId, Port, SendError};

use super::observed::{Fate, Observed, chatter};
use super::{MILLISECOND, episode, link, ms, node, plan};
use crate::fault::{Delay, Episode, Fault, Target};
use crate::outcome::Outcome;
use crate::run::Script;
use crate::run_report::Run;
use crate::trace::DropCause;

const HEALTHY: std::ops::RangeInclusive<u64> = 500_000..=2_000_000;

const LINKS: [(u32, u32); 6] = [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)];

fn run(episodes: impl IntoIterator<Item = Episode>) -> (Run, Observed) {
    let run = chatter().run(&plan(episodes));
    assert_eq!(run.report.outcome, Outcome::Passed);
    let observed = Observed::new(&run);
    (run, observed)
}

/// All messages of a link arrived once, after a healthy delay.
fn assert_healthy(observed: &Observed, from: u32, to: u32) {
    for (_, fates) in observed.link(from, to) {
        let [Fate::Delivered { copy: 0, after }] = fates else {
            panic!("n{from}->n{to}: {fates:?}");
        };
        assert!(HEALTHY.contains(after), "{after}");
    }
}

/// All links but one are healthy.
fn assert_others_healthy(observed: &Observed, from: u32, to: u32) {
    for (other_from, other_to) in LINKS {
        if (other_from, other_to) != (from, to) {
            assert_healthy(observed, other_from, other_to);
        }
    }
}

fn is_effective(run: &Run, episode: usize) -> bool {
    run.report.episodes[episode].effective
}

#[test]
fn without_faults_every_message_arrives_once_after_a_healthy_delay() {
    let (_, observed) = run([]);
    assert!(observed.sent.len() >= 590, "{}", observed.sent.len());
    for (from, to) in LINKS {
        assert_healthy(&observed, from, to);
        let delays = observed.delays(from, to, 0..1_000);
        let (min, max) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(*min < 600_000 && *max > 1_900_000, "{min} {max}");
    }
}

#[test]
fn a_drop_loses_its_share_of_its_link_while_it_holds() {
    let drop = Fault::Drop { probability: 0.5 };
    let (run, observed) = run([episode(drop, link(1, 2), 200, 800)]);
    let mut lost = 0;
    for (at, fates) in observed.link(1, 2) {
        match fates {
            [Fate::Dropped(DropCause::Lost, 0)] => {
                assert!((200..800).contains(&(at / MILLISECOND)));
                lost += 1;
            }
            [Fate::Delivered { copy: 0, after }] => assert!(HEALTHY.contains(after)),
            other => panic!("{other:?}"),
        }
    }
    assert!((20..40).contains(&lost), "{lost} of 60");
    assert_others_healthy(&observed, 1, 2);
    assert!(is_effective(&run, 0));
}

#[test]
fn a_fault_that_never_strikes_is_not_effective() {
    let never = Fault::Drop { probability: 0.0 };
    let own = Target::Link {
        from: NodeId(1),
        to: NodeId(1),
    };
    let silent = episode(Fault::Cut { in_flight: true }, own, 200, 800);
    let (run, observed) = run([episode(never, link(1, 2), 200, 800), silent]);
    for (from, to) in LINKS {
        assert_healthy(&observed, from, to);
    }
    for report in &run.report.episodes {
        assert!(report.armed && report.fired && !report.effective && report.healed);
    }
}

/// How much longer than the healthy bounds messages took under a delay.
fn under_delay(delay: Delay) -> Vec<u64> {
    let (run, observed) = run([episode(Fault::Delay(delay), link(2, 3), 200, 800)]);
    assert!(is_effective(&run, 0));
    assert_others_healthy(&observed, 2, 3);
    for after in observed.delays(2, 3, 0..200) {
        assert!(HEALTHY.contains(&after));
    }
    observed.delays(2, 3, 200..800)
}

#[test]
fn a_uniform_delay_adds_between_its_bounds() {
    let (min, max) = (ms(20), ms(40));
    let delays = under_delay(Delay::Uniform { min, max });
    for after in &delays {
        assert!((20_500_000..=42_000_000).contains(after), "{after}");
    }
    assert!(delays.iter().any(|after| *after < 26_000_000));
    assert!(delays.iter().any(|after| *after > 36_000_000));
}

#[test]
fn an_exponential_delay_has_its_mean_and_a_bound() {
    let delays = under_delay(Delay::Exponential { mean: ms(10) });
    let mean = delays.iter().sum::<u64>() / delays.len() as u64;
    assert!((7_000_000..17_000_000).contains(&mean), "{mean}");
    assert!(delays.iter().all(|after| *after <= 102_000_000));
}

#[test]
fn a_bimodal_delay_is_mostly_fast_and_sometimes_slow() {
    let delays = under_delay(Delay::Bimodal {
        fast: ms(1),
        slow: ms(100),
        slow_probability: 0.2,
    });
    let slow = delays.iter().filter(|after| **after >= 100 * MILLISECOND);
    let slow = slow.count();
    assert!((4..24).contains(&slow), "{slow} of {}", delays.len());
    let fast = delays.iter().filter(|after| **after <= 3 * MILLISECOND);
    assert_eq!(fast.count() + slow, delays.len());
}

#[test]
fn a_duplicate_arrives_after_its_original() {
    let duplicate = Fault::Duplicate { probability: 0.5 };
    let (run, observed) = run([episode(duplicate, link(3, 1), 200, 800)]);
    let mut doubled = 0;
    for (_, fates) in observed.link(3, 1) {
        match fates {
            [Fate::Delivered { copy: 0, .. }] => {}
            [
                Fate::Delivered { copy: 0, after },
                Fate::Delivered {
                    copy: 1,
                    after: later,
                },
            ] => {
                assert!(HEALTHY.contains(after) && later > after);
                doubled += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((20..40).contains(&doubled), "{doubled} of 60");
    assert_others_healthy(&observed, 3, 1);
    assert!(is_effective(&run, 0));
}

#[test]
fn a_reordered_message_falls_behind_later_ones_within_the_window() {
    let reorder = Fault::Reorder {
        probability: 0.3,
        window: ms(50),
    };
    let (run, observed) = run([episode(reorder, link(1, 2), 200, 800)]);
    let on_link = observed
        .arrivals
        .iter()
        .filter(|id| (id.from, id.to) == (NodeId(1), NodeId(2)));
    let ordinals: Vec<_> = on_link.map(|id| id.ordinal).collect();
    let overtaken = ordinals.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(overtaken > 5, "{overtaken}");
    for after in observed.delays(1, 2, 0..1_000) {
        assert!(after <= 52 * MILLISECOND, "{after}");
    }
    assert_others_healthy(&observed, 1, 2);
    assert!(is_effective(&run, 0));
}

#[test]
fn what_is_held_is_released_in_order_when_the_hold_ends() {
    let (run, observed) = run([episode(Fault::Hold, link(1, 2), 200, 500)]);
    let held: Vec<_> = observed
        .sent
        .iter()
        .filter(|(id, at)| {
            (id.from, id.to) == (NodeId(1), NodeId(2)) && (200..500).contains(&(*at / MILLISECOND))
        })
        .collect();
    assert_eq!(held.len(), 30);
    for (id, at) in &held {
        let [Fate::Delivered { copy: 0, after }] = observed.fates[id][..] else {
            panic!("{:?}", observed.fates[id]);
        };
        assert_eq!((*at + after) / MILLISECOND, 500);
    }
    let first = observed
        .arrivals
        .iter()
        .position(|id| id == held[0].0)
        .unwrap();
    let released = observed.arrivals[first..]
        .iter()
        .filter(|id| held.iter().any(|(h, _)| h == id));
    assert!(released.eq(held.iter().map(|(id, _)| *id)));
    assert_others_healthy(&observed, 1, 2);
    assert!(is_effective(&run, 0));
}

#[test]
fn overlapping_holds_release_at_the_end_of_the_last() {
    let first = episode(Fault::Hold, link(1, 2), 200, 400);
    let second = episode(Fault::Hold, Target::All, 300, 600);
    let (run, observed) = run([first, second]);
    for after in observed.delays(1, 2, 200..300) {
        assert!(after >= 300 * MILLISECOND, "{after}");
    }
    assert!(is_effective(&run, 0) && is_effective(&run, 1));
}

/// Under way for 30 to 32 milliseconds when the link is cut.
fn cut_under_way(in_flight: bool) -> (Run, Observed) {
    let slow = Delay::Uniform {
        min: ms(30),
        max: ms(30),
    };
    run([
        episode(Fault::Delay(slow), link(1, 2), 0, 1_000),
        episode(Fault::Cut { in_flight }, link(1, 2), 500, 600),
    ])
}

#[test]
fn a_cut_loses_what_is_sent_while_it_holds_and_spares_what_is_under_way() {
    let (run, observed) = cut_under_way(false);
    for (at, fates) in observed.link(1, 2) {
        let is_cut = (500..600).contains(&(at / MILLISECOND));
        match fates {
            [Fate::Dropped(DropCause::Cut, 0)] => assert!(is_cut, "sent at {at}"),
            [Fate::Delivered { copy: 0, .. }] => assert!(!is_cut, "sent at {at}"),
            // Under way when the run ends.
            [] => assert!(at / MILLISECOND > 900, "sent at {at}"),
            other => panic!("sent at {at}: {other:?}"),
        }
    }
    assert_others_healthy(&observed, 1, 2);
    assert!(is_effective(&run, 1));
}

#[test]
fn a_cut_in_flight_also_loses_what_is_under_way() {
    let (_, observed) = cut_under_way(true);
    let under_way = observed
        .link(1, 2)
        .filter(|(at, _)| (470..500).contains(&(at / MILLISECOND)));
    let mut lost = 0;
    for (at, fates) in under_way {
        let [Fate::Dropped(DropCause::CutInFlight, after)] = fates else {
            panic!("sent at {at}: {fates:?}");
        };
        assert_eq!((at + after) / MILLISECOND, 500);
        lost += 1;
    }
    assert_eq!(lost, 3);
    assert_others_healthy(&observed, 1, 2);
}

#[test]
fn isolation_partitions_and_one_way_cuts_cover_their_links_alone() {
    let cut = Fault::Cut { in_flight: false };
    let between = Target::Between {
        left: vec![NodeId(1)],
        right: vec![NodeId(2), NodeId(3)],
    };
    let one_way = Target::OneWay {
        from: vec![NodeId(1), NodeId(2)],
        to: vec![NodeId(3)],
    };
    let cases = [
        (node(2), vec![(1, 2), (2, 1), (2, 3), (3, 2)]),
        (between, vec![(1, 2), (1, 3), (2, 1), (3, 1)]),
        (one_way, vec![(1, 3), (2, 3)]),
        (Target::All, LINKS.to_vec()),
    ];
    for (target, covered) in cases {
        let (_, observed) = run([episode(cut, target, 300, 700)]);
        for (from, to) in LINKS {
            let lost = observed
                .link(from, to)
                .filter(|(_, fates)| matches!(fates, [Fate::Dropped(DropCause::Cut, 0)]));
            let expected = if covered.contains(&(from, to)) { 40 } else { 0 };
            assert_eq!(lost.count(), expected, "n{from}->n{to}");
        }
    }
}

/// One episode of every kind on messages, on links that overlap.
fn storm() -> Vec<Episode> {
    let mean = ms(4);
    let faults = [
        (Fault::Drop { probability: 0.3 }, link(1, 2)),
        (Fault::Drop { probability: 0.2 }, node(1)),
        (Fault::Delay(Delay::Exponential { mean }), link(2, 3)),
        (Fault::Duplicate { probability: 0.4 }, Target::All),
        (
            Fault::Reorder {
                probability: 0.3,
                window: Duration::from_millis(9),
            },
            node(3),
        ),
        (Fault::Cut { in_flight: true }, link(3, 1)),
        (Fault::Hold, link(2, 1)),
    ];
    let episodes = faults.into_iter().zip(0..);
    let episodes =
        episodes.map(|((fault, target), k)| episode(fault, target, 100 + 50 * k, 600 + 50 * k));
    episodes.collect()
}

#[test]
fn removing_one_episode_leaves_every_message_that_it_did_not_cover_as_it_was() {
    let (_, all) = run(storm());
    for removed in 0..storm().len() {
        let mut episodes = storm();
        let gone = episodes.remove(removed);
        let (_, rest) = run(episodes);
        let mut compared = 0;
        for (id, fates) in &all.fates {
            if gone.target.covers_link(id.from, id.to) {
                continue;
            }
            let others = &rest.fates[id];
            assert_eq!(fates.len(), others.len(), "{id} without {removed}");
            for (fate, other) in fates.iter().zip(others) {
                assert!(
                    is_same(*fate, *other),
                    "{id} without {removed}: {fate:?} {other:?}"
                );
            }
            compared += 1;
        }
        assert!(compared > 150 || gone.target == Target::All, "{compared}");
    }
}

#[test]
fn faults_on_one_link_decide_apart_from_each_other() {
    let drop = episode(Fault::Drop { probability: 0.4 }, link(1, 2), 200, 800);
    let double = episode(Fault::Duplicate { probability: 0.4 }, link(1, 2), 200, 800);
    let (_, alone) = run([drop.clone()]);
    let (_, both) = run([double.clone(), drop]);
    let (_, doubled) = run([double]);
    let lost = |observed: &Observed| -> Vec<_> {
        let lost = observed.fates.iter();
        lost.filter(|(_, fates)| matches!(fates[..], [Fate::Dropped(..)]))
            .map(|(id, _)| *id)
            .collect()
    };
    assert_eq!(lost(&alone), lost(&both));
    assert!(lost(&alone).len() > 10 && lost(&doubled).is_empty());
    for (id, fates) in &both.fates {
        if !lost(&both).contains(id) {
            assert_eq!(fates.len(), doubled.fates[id].len(), "{id}");
        }
    }
}

/// The same but for the microsecond that the scheduler may take.
fn is_same(fate: Fate, other: Fate) -> bool {
    match (fate, other) {
        (
            Fate::Delivered { copy, after },
            Fate::Delivered {
                copy: other,
                after: later,
            },
        ) => copy == other && after.abs_diff(later) < 20_000,
        (Fate::Dropped(cause, after), Fate::Dropped(other, later)) => {
            cause == other && after.abs_diff(later) < 20_000
        }
        (Fate::Refused, Fate::Refused) => true,
        (Fate::Delivered { .. } | Fate::Dropped(..) | Fate::Refused, _) => false,
    }
}

#[test]
fn a_storm_gives_the_same_trace_twice() {
    let (first, _) = run(storm());
    let (second, _) = run(storm());
    assert_eq!(first.report, second.report);
    assert!(first.report.episodes.iter().all(|report| report.effective));
}

#[test]
fn queues_are_bounded_and_tell_who_finds_them_full() {
    let script = Script::new().drive(|world| async move {
        let runtime = |id| {
            let node = world.node(NodeId(id)).expect("the node is up");
            node.runtime().clone()
        };
        let (sender, receiver) = (runtime(1), runtime(2));
        let _inbox = receiver.bind(Port(1), 3).expect("the port is free");
        world.sleep_until(ms(250)).await;
        let most = 4_096;
        for _ in 0..most {
            let sent = sender.send(NodeId(2), Port(1), vec![1]);
            sent.map_err(|error| error.to_string())?;
        }
        let refused = sender.send(NodeId(2), Port(1), vec![1]);
        assert_eq!(refused, Err(SendError::QueueFull { peer: NodeId(2) }));
        let other = sender.send(NodeId(3), Port(1), vec![1]);
        assert_eq!(other, Ok(()));
        world.sleep_until(ms(600)).await;
        assert_eq!(sender.send(NodeId(2), Port(1), vec![1]), Ok(()));
        world.sleep(ms(10)).await;
        Ok(())
    });
    let run = script.run(&plan([episode(Fault::Hold, link(1, 2), 200, 500)]));
    assert_eq!(run.report.outcome, Outcome::Passed);
    let observed = Observed::new(&run);
    let count = |cause| {
        let dropped = |fate: &&Fate| matches!(fate, Fate::Dropped(c, _) if *c == cause);
        observed.fates.values().flatten().filter(dropped).count()
    };
    assert_eq!(run.report.messages, 3);
    assert_eq!(count(DropCause::InboxFull), 4_096 - 3 + 1);
    assert_eq!(count(DropCause::PortClosed), 1);
}

//! Faults on nodes: crash, pause, slowness.

use std::sync::{Arc, Mutex};

use steadfast::process::Context;
use steadfast::process::ProcessSpec;
use steadfast::runtime::{Clock, Identity, Incarnation, Network, NodeId, Port, Spawner, TaskEnd};

use super::observed::{Fate, Observed, chatter};
use super::{MILLISECOND, episode, link, ms, node, plan};
use crate::fault::{Episode, Fault, Start, Target, Trigger};
use crate::outcome::Outcome;
use crate::run::Script;
use crate::run_report::Run;
use crate::runtime::SimRuntime;
use crate::trace::{DropCause, NodeEvent, TaskEvent, TraceEvent};

const CRASH: Fault = Fault::Crash { wipe_disk: false };

fn run(episodes: impl IntoIterator<Item = Episode>) -> Run {
    let run = chatter().run(&plan(episodes));
    assert_eq!(run.report.outcome, Outcome::Passed);
    run
}

/// What happened to a node, with the milliseconds when.
fn life_of(run: &Run, id: u32) -> Vec<(u64, NodeEvent)> {
    let of_node = run
        .trace
        .iter()
        .filter(|record| record.node == Some(NodeId(id)));
    let events = of_node.filter_map(|record| match &record.event {
        TraceEvent::Node(event) => Some((record.time / MILLISECOND, event.clone())),
        TraceEvent::Core(_)
        | TraceEvent::Run(_)
        | TraceEvent::Task(_)
        | TraceEvent::Net(_)
        | TraceEvent::Disk(_)
        | TraceEvent::Fault(_) => None,
    });
    let before_stop = |event: &NodeEvent| match event {
        NodeEvent::Stopping { .. } | NodeEvent::Stopped { .. } => false,
        NodeEvent::Started { .. }
        | NodeEvent::Crashed { .. }
        | NodeEvent::Paused
        | NodeEvent::Resumed => true,
    };
    events.filter(|(_, event)| before_stop(event)).collect()
}

const fn started(incarnation: u32) -> NodeEvent {
    NodeEvent::Started {
        incarnation: Incarnation(incarnation),
    }
}

const fn crashed(incarnation: u32, wiped: bool) -> NodeEvent {
    NodeEvent::Crashed {
        incarnation: Incarnation(incarnation),
        wiped,
    }
}

#[test]
fn a_crash_ends_one_incarnation_and_its_end_begins_the_next() {
    let run = run([episode(CRASH, node(2), 200, 500)]);
    let expected = [(0, started(1)), (200, crashed(1, false)), (500, started(2))];
    assert_eq!(life_of(&run, 2), expected);
    for other in [1, 3] {
        assert_eq!(life_of(&run, other), [(0, started(1))]);
    }
    assert!(run.report.episodes[0].effective && run.report.episodes[0].healed);
}

#[test]
fn a_crash_of_a_node_that_is_down_is_not_effective_and_delays_the_restart() {
    let overlapping = [
        episode(CRASH, node(2), 200, 400),
        episode(CRASH, node(2), 300, 600),
    ];
    let run = run(overlapping);
    let expected = [(0, started(1)), (200, crashed(1, false)), (600, started(2))];
    assert_eq!(life_of(&run, 2), expected);
    assert!(run.report.episodes[0].effective);
    assert!(!run.report.episodes[1].effective);
}

#[test]
fn two_crashes_at_one_instant_are_one() {
    let run = run([
        episode(CRASH, node(2), 200, 400),
        episode(CRASH, Target::All, 200, 400),
    ]);
    let expected = [(0, started(1)), (200, crashed(1, false)), (400, started(2))];
    assert_eq!(life_of(&run, 2), expected);
    assert_eq!(life_of(&run, 1), expected);
}

#[test]
fn a_message_to_a_node_that_is_down_is_refused_but_lost_if_the_link_is_cut() {
    let cut = Fault::Cut { in_flight: false };
    let run = run([
        episode(CRASH, node(2), 200, 500),
        episode(cut, link(1, 2), 200, 500),
    ]);
    let observed = Observed::new(&run);
    let is_meanwhile = |at: u64| (201..500).contains(&(at / MILLISECOND));
    let mut lost = 0;
    for (at, fates) in observed.link(1, 2).filter(|(at, _)| is_meanwhile(*at)) {
        assert!(
            matches!(fates, [Fate::Dropped(DropCause::Cut, 0)]),
            "{at}: {fates:?}"
        );
        lost += 1;
    }
    assert!(lost >= 29, "{lost}");
    let refused = observed.fates.iter().filter(|(id, fates)| {
        (id.from, id.to) == (NodeId(3), NodeId(2)) && fates[..] == [Fate::Refused]
    });
    assert!((29..=31).contains(&refused.count()));
}

/// Does everything that a destructor can do, and keeps what came of it.
struct Last(SimRuntime, Arc<Mutex<Vec<Answers>>>);

/// Whether it could send and bind, and how a task that it started ended.
type Answers = (bool, bool, Option<TaskEnd>);

impl Drop for Last {
    fn drop(&mut self) {
        let runtime = &self.0;
        let sent = runtime.send(NodeId(1), Port(1), vec![1]).is_ok();
        let bound = runtime.bind(Port(9), 1).is_ok();
        let task = runtime.spawn("late".into(), async {});
        self.1.lock().unwrap().push((sent, bound, task.end()));
    }
}

#[test]
fn what_a_dead_incarnation_does_has_no_effect() {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let kept = answers.clone();
    let script = Script::new().process(move |context| {
        let last = Last(context.runtime().clone(), kept.clone());
        async move {
            context.runtime().sleep(ms(600_000)).await;
            drop(last);
        }
    });
    let mut plan = plan([
        episode(CRASH, node(1), 200, 500),
        episode(CRASH, node(2), 200, 500),
        episode(Fault::Pause, node(2), 100, 400),
    ]);
    plan.topology.nodes = 2;
    let run = script.run(&plan);
    assert_eq!(run.report.outcome, Outcome::Passed);
    let dead = (false, false, Some(TaskEnd::Aborted));
    let answers = answers.lock().unwrap();
    assert_eq!(answers[..2], [dead.clone(), dead]);
    for record in &run.trace {
        let silent = (200..500).contains(&(record.time / MILLISECOND));
        if silent && record.node.is_some() {
            assert!(matches!(record.event, TraceEvent::Node(_)), "{record:?}");
        }
    }
}

#[test]
fn a_paused_node_does_nothing_until_it_goes_on() {
    let run = run([episode(Fault::Pause, node(2), 200, 500)]);
    let expected = [
        (0, started(1)),
        (200, NodeEvent::Paused),
        (500, NodeEvent::Resumed),
    ];
    assert_eq!(life_of(&run, 2), expected);
    let observed = Observed::new(&run);
    let sent = |from, to| {
        let sent = observed.link(from, to).map(|(at, _)| at / MILLISECOND);
        sent.filter(|at| (201..500).contains(at)).count()
    };
    assert_eq!((sent(2, 1), sent(2, 3)), (0, 0));
    assert!(sent(1, 2) >= 29 && sent(3, 1) >= 29);
    // What became due meanwhile is done late, not lost.
    let late = observed
        .link(2, 1)
        .filter(|(at, _)| at / MILLISECOND == 500);
    assert!(late.count() >= 29);
    assert!(run.report.episodes[0].effective);
}

#[test]
fn a_pause_that_nobody_notices_is_not_effective() {
    let script = Script::new().process(|context| async move {
        context.runtime().sleep(ms(600)).await;
    });
    let early = episode(Fault::Pause, node(1), 100, 500);
    let late = episode(Fault::Pause, node(2), 550, 650);
    let run = script.run(&plan([early, late]));
    assert!(!run.report.episodes[0].effective);
    assert!(run.report.episodes[1].effective);
}

#[test]
fn a_paused_node_that_crashes_starts_paused_as_long_as_the_pause_holds() {
    let run = run([
        episode(Fault::Pause, node(2), 200, 600),
        episode(CRASH, node(2), 300, 400),
    ]);
    let expected = [
        (0, started(1)),
        (200, NodeEvent::Paused),
        (300, crashed(1, false)),
        (400, started(2)),
        (400, NodeEvent::Paused),
        (600, NodeEvent::Resumed),
    ];
    assert_eq!(life_of(&run, 2), expected);
    let observed = Observed::new(&run);
    let sent = observed
        .link(2, 1)
        .filter(|(at, _)| (201..600).contains(&(at / MILLISECOND)));
    assert_eq!(sent.count(), 0);
}

#[test]
fn two_pauses_end_with_the_last() {
    let run = run([
        episode(Fault::Pause, node(2), 200, 400),
        episode(Fault::Pause, node(2), 300, 500),
    ]);
    let expected = [
        (0, started(1)),
        (200, NodeEvent::Paused),
        (500, NodeEvent::Resumed),
    ];
    assert_eq!(life_of(&run, 2), expected);
}

#[test]
fn timers_of_a_slow_node_are_late_by_the_factor_and_its_messages_too() {
    let ticks = Arc::new(Mutex::new(Vec::new()));
    let seen = ticks.clone();
    let script = Script::new().process(move |context| {
        let seen = seen.clone();
        async move {
            let runtime = context.runtime();
            loop {
                let before = runtime.now();
                runtime.sleep(ms(10)).await;
                let took = runtime.now().since(before);
                seen.lock().unwrap().push((runtime.node(), before, took));
            }
        }
    });
    let slow = episode(Fault::Slow { factor: 5.0 }, node(2), 200, 800);
    let run = script.run(&plan([slow.clone()]));
    assert!(run.report.episodes[0].effective);
    let mut late = 0;
    for (node, _, took) in ticks.lock().unwrap().iter() {
        if *node == NodeId(2) && took.as_millis() > 10 {
            // The factor holds for a part of the first and of the last.
            assert!(took.as_millis() <= 50, "{took:?}");
            late += 1;
        } else {
            assert_eq!(took.as_millis(), 10);
        }
    }
    assert!((10..=12).contains(&late), "{late}");
    let observed = Observed::new(&chatter().run(&plan([slow])));
    let delays = observed.delays(2, 1, 210..800);
    assert!(
        delays
            .iter()
            .all(|after| (2_500_000..=10_000_000).contains(after))
    );
    assert!(
        observed
            .delays(1, 2, 210..800)
            .iter()
            .all(|after| *after <= 2_000_000)
    );
}

#[test]
fn an_episode_begins_at_the_counted_occurrence_of_its_trigger() {
    let on = |event, count| Episode {
        start: Start::On { event, count },
        ..episode(CRASH, node(2), 0, 100)
    };
    let started_node = |id| Trigger::NodeStarted(NodeId(id));
    let sent = Trigger::MessageSent {
        from: NodeId(1),
        to: NodeId(3),
    };
    let crash_times = |episode: Episode| {
        let run = run([episode]);
        let report = run.report.episodes[0].clone();
        let crashes: Vec<_> = life_of(&run, 2)
            .into_iter()
            .filter(|(_, event)| matches!(event, NodeEvent::Crashed { .. }))
            .map(|(at, _)| at)
            .collect();
        (crashes, report.armed, report.fired)
    };
    assert_eq!(crash_times(on(started_node(2), 1)), (vec![0], true, true));
    assert_eq!(crash_times(on(started_node(3), 2)), (vec![], true, false));
    // The first message of n1 is sent at the start, then one every 10 milliseconds.
    assert_eq!(crash_times(on(sent, 21)), (vec![200], true, true));
    let abnormal = on(Trigger::AbnormalExit, 1);
    assert_eq!(crash_times(abnormal), (vec![], true, false));
}

#[test]
fn a_note_begins_an_episode() {
    let mut plan = plan([Episode {
        start: Start::On {
            event: Trigger::Note("go".into()),
            count: 2,
        },
        ..episode(CRASH, node(1), 0, 100)
    }]);
    plan.topology.nodes = 1;
    let script = Script::new().drive(|world| async move {
        world.note("go once");
        world.note("no");
        world.sleep(ms(300)).await;
        assert!(world.is_up(NodeId(1)));
        world.note("go twice");
        world.sleep(ms(1)).await;
        assert!(!world.is_up(NodeId(1)) && world.node(NodeId(1)).is_none());
        world.sleep(ms(100)).await;
        assert_eq!(world.incarnation(NodeId(1)), Some(Incarnation(2)));
        Ok(())
    });
    assert_eq!(script.run(&plan).report.outcome, Outcome::Passed);
}

#[test]
fn tasks_have_an_owner_and_a_place_and_strangers_are_found() {
    #[expect(clippy::disallowed_methods, reason = "the wrong way to start a task")]
    fn stray() {
        drop(madsim::task::spawn(std::future::pending::<()>()));
    }
    let script = Script::new().boot(|node| async move {
        let start = |context: Context<SimRuntime>| async move {
            let inner = context
                .runtime()
                .spawn("inner".into(), std::future::pending());
            inner.ended().await;
        };
        stray();
        let started = node.start(ProcessSpec::new("outer"), start);
        started.map(drop).map_err(|error| error.to_string())
    });
    let mut plan = plan([]);
    plan.topology.nodes = 1;
    let run = script.run(&plan);
    let tasks: Vec<_> = run
        .trace
        .iter()
        .filter_map(|record| match &record.event {
            TraceEvent::Task(event) => Some(event.clone()),
            TraceEvent::Core(_)
            | TraceEvent::Run(_)
            | TraceEvent::Node(_)
            | TraceEvent::Net(_)
            | TraceEvent::Disk(_)
            | TraceEvent::Fault(_) => None,
        })
        .collect();
    let [
        TaskEvent::Spawned {
            task: outer,
            owner: None,
            ..
        },
        TaskEvent::Spawned {
            owner: Some(owner),
            name,
            place,
            ..
        },
        ..,
        TaskEvent::Foreign { count: 1 },
    ] = &tasks[..]
    else {
        panic!("{tasks:?}");
    };
    assert_eq!((owner, name.as_str()), (outer, "inner"));
    assert!(
        place.starts_with("sim/src/fault/tests/nodes.rs:"),
        "{place}"
    );
}

//! Histories that runs record.

use steadfast::runtime::NodeId;

use crate::check::linearizability::{Bounds, Linearizable, Lock, Register};
use crate::check::tests::history::History;
use crate::history::HistoryRecorder;
use crate::isolation::Ending;
use crate::outcome::Violation;
use crate::world::World;

fn said(lines: &[&str]) -> History {
    lines
        .iter()
        .fold(History::new().started(), |history, line| {
            history.after(1).note(&format!("history registers {line}"))
        })
}

fn broken(history: History) -> Vec<Violation> {
    history.violations(&mut Linearizable::new("registers", Register))
}

const WRITTEN: [&str; 2] = [
    r#"{"process":"a","type":"invoke","op":"write","key":"x","value":1}"#,
    r#"{"process":"a","type":"ok"}"#,
];

#[test]
fn a_history_with_an_order_passes() {
    let lines = [
        WRITTEN[0],
        WRITTEN[1],
        r#"{"process":"b","type":"invoke","op":"read","key":"x"}"#,
        r#"{"process":"b","type":"ok","value":1}"#,
    ];
    assert!(broken(said(&lines)).is_empty());
}

#[test]
fn a_history_without_one_is_violated_with_its_witness() {
    let lines = [
        WRITTEN[0],
        WRITTEN[1],
        r#"{"process":"b","type":"invoke","op":"read","key":"x"}"#,
        r#"{"process":"b","type":"ok","value":2}"#,
    ];
    let violations = broken(said(&lines).note("another").note("history other {}"));
    let [violation] = violations.as_slice() else {
        panic!("{violations:?}");
    };
    assert_eq!(
        (&*violation.checker, &*violation.invariant),
        ("registers", "linearizable")
    );
    assert!(
        violation.detail.contains("process b: read -> 2"),
        "{}",
        violation.detail
    );
    assert!(
        violation.detail.contains("up to record 4"),
        "{}",
        violation.detail
    );
}

#[test]
fn a_client_that_asks_again_has_given_up() {
    let lines = [
        WRITTEN[0],
        r#"{"process":"a","type":"invoke","op":"read","key":"x"}"#,
        r#"{"process":"a","type":"ok","value":null}"#,
        r#"{"process":"a","type":"invoke","op":"read","key":"x"}"#,
        r#"{"process":"a","type":"ok","value":1}"#,
    ];
    assert!(broken(said(&lines)).is_empty());
}

#[test]
fn what_is_not_known_never_passes() {
    let mut checker = Linearizable::new("registers", Register).bounds(Bounds {
        steps: 1,
        ..Bounds::default()
    });
    let lines = [
        WRITTEN[0],
        WRITTEN[1],
        r#"{"process":"b","type":"invoke","op":"write","key":"x","value":2}"#,
        r#"{"process":"b","type":"ok"}"#,
    ];
    let violations = said(&lines).violations(&mut checker);
    let [violation] = violations.as_slice() else {
        panic!("{violations:?}");
    };
    assert_eq!(violation.invariant, "judged");
    assert_eq!(
        violation.detail,
        "the bound of 1 steps was hit with key \"x\""
    );
}

#[test]
fn what_cannot_be_read_or_is_not_there_never_passes() {
    let invariants = |lines: &[&str]| -> Vec<String> {
        let violations = broken(said(lines));
        violations
            .into_iter()
            .map(|violation| violation.invariant)
            .collect()
    };
    assert_eq!(invariants(&[]), ["recorded"]);
    assert_eq!(invariants(&[WRITTEN[0], "nonsense", "more"]), ["readable"]);
    assert_eq!(invariants(&[WRITTEN[1]]), ["readable"]);
    let foreign = r#"{"process":"a","type":"invoke","op":"acquire"}"#;
    assert_eq!(invariants(&[foreign]), ["readable"]);
}

/// A run whose clients record that each was given the lock, one after the other, and
/// whose second one did not wait if `hasty`.
fn locks(hasty: bool) -> crate::Run {
    let drive = move |world: World| async move {
        let recorder = HistoryRecorder::of_world(&world, "locks");
        let first = recorder.invoke("first", "acquire", Some("l"), ());
        world.sleep(std::time::Duration::from_millis(1)).await;
        first.ok(1_i64);
        if !hasty {
            recorder.invoke("first", "release", Some("l"), ()).ok(true);
        }
        recorder
            .invoke("second", "acquire", Some("l"), ())
            .ok(2_i64);
        drop(recorder.invoke("third", "acquire", Some("l"), ()));
        Ok(())
    };
    recorded(drive)
}

fn recorded<F>(drive: impl Fn(World) -> F + Send + Sync + 'static) -> crate::Run
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let scenario = Recording(Box::new(move |world| Box::pin(drive(world))));
    let run = move || {
        let mut plan = crate::Plan::new("recording", 1, 1);
        plan.limits.safety = std::time::Duration::from_millis(50);
        crate::run_plan(&scenario, &plan, crate::trace::Capture::All)
    };
    match crate::isolation::on_fresh_thread(run).unwrap() {
        Ending::Returned(run) => run,
        ending @ (Ending::Panicked(_)
        | Ending::TimedOut
        | Ending::Signalled { .. }
        | Ending::Exited(_)) => panic!("{ending:?}"),
    }
}

type Drive = dyn Fn(World) -> crate::BoxFuture<'static, Result<(), String>> + Send + Sync;

struct Recording(Box<Drive>);

impl crate::Scenario for Recording {
    fn name(&self) -> &'static str {
        "recording"
    }

    fn story(&self) -> &'static str {
        "clients record what they ask"
    }

    fn plan(&self, seed: u64) -> crate::Plan {
        crate::Plan::new("recording", seed, 1)
    }

    fn boot(
        &self,
        _node: steadfast::process::Node<crate::SimRuntime>,
        _plan: std::sync::Arc<crate::Plan>,
    ) -> crate::BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn drive(&self, world: World) -> crate::BoxFuture<'static, Result<(), String>> {
        (self.0)(world)
    }

    fn settle(&self, _world: World) -> crate::BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn checkers(&self) -> Vec<Box<dyn crate::check::Checker>> {
        vec![Box::new(Linearizable::new("locks", Lock))]
    }
}

#[test]
fn a_run_is_judged_by_what_its_clients_recorded() {
    assert_eq!(locks(false).report.outcome, crate::Outcome::Passed);
    let crate::Outcome::Violated(violation) = locks(true).report.outcome else {
        panic!("two holders pass");
    };
    assert_eq!(violation.invariant, "linearizable");
    assert!(
        violation.detail.contains("held by first (token 1)"),
        "{}",
        violation.detail
    );
}

#[test]
fn the_dead_record_nothing() {
    let run = recorded(|world: World| async move {
        let node = world.node(NodeId(1)).ok_or("n1 is down")?;
        let recorder = HistoryRecorder::of_node(node.runtime(), "locks");
        let held = recorder.invoke("n1", "acquire", None, ());
        node.runtime().0.die();
        held.ok(1_i64);
        let other = HistoryRecorder::of_world(&world, "locks");
        other.invoke("n2", "acquire", None, ()).ok(2_i64);
        Ok(())
    });
    let notes: Vec<_> = run
        .trace
        .iter()
        .filter(|record| format!("{:?}", record.event).contains("history locks"))
        .map(|record| record.node)
        .collect();
    assert_eq!(notes, [Some(NodeId(1)), None, None]);
}

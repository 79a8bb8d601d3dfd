//! The end of whole trees: asked for, by force, by themselves; and what may not
//! begin any more while they end.

use std::time::Duration;

use steadfast::event::SupervisionEvent;
use steadfast::process::{ExitReason, FullPolicy, ProcessId, ProcessSpec, SpawnError};
use steadfast::runtime::Runtime;
use steadfast::supervision::tasks::{
    StartTaskError, TaskSupervisor, TaskSupervisorOptions, TaskSupervisorRef,
};
use steadfast::supervision::{
    CallError, ChildSpec, DynamicSupervisorSpec, Restart, ShutdownPolicy, StartChildError,
    StopError, Strategy, SupervisorRef, SupervisorSpec,
};

use super::harness::{
    Cue, Fact, LONG, LONG_BACKOFF, Ledger, Manner, Mark, Opening, STOP_LIMIT, same,
};
use super::{Bench, cases};

cases! {
    c45_when_a_stop_returns_every_descendant_is_gone,
    c45_when_a_nested_supervisor_was_terminated_its_descendants_are_gone_and_no_others,
    c45_when_a_stop_had_to_kill_every_descendant_is_gone,
    c46_the_kill_of_a_supervisor_ends_all_below_it,
    c46_the_kill_of_a_nested_supervisor_ends_all_below_it_before_it_is_restarted,
    c59_a_static_supervisor_that_stops_takes_no_children,
    c59_a_dynamic_supervisor_that_stops_takes_no_children,
    c59_a_start_in_progress_is_cancelled_by_a_stop,
    c59_a_task_supervisor_that_stops_takes_no_tasks,
    c59_a_node_that_stops_takes_no_processes,
    c61_a_supervisor_without_children_ends_by_itself_if_told_to,
    c61_a_supervisor_ends_with_its_last_child_if_told_to,
    c61_a_child_that_is_to_come_back_keeps_its_supervisor,
    c61_a_receiver_learns_that_its_last_address_is_gone,
}

const SECOND: Duration = Duration::from_secs(1);
/// What a step may cost in simulation, where polling is not free.
const STEP: Duration = Duration::from_millis(1);

/// A supervisor with something of each kind below it, all of which takes its time
/// to stop.
async fn grow<R: Runtime>(bench: &Bench<R>) -> (SupervisorRef<R>, TaskSupervisorRef<R>) {
    let slow = Manner::Linger(SECOND);
    let deep = SupervisorSpec::new(Strategy::OneForAll).child(bench.player("deep", slow.clone()));
    let inner = SupervisorSpec::new(Strategy::RestForOne)
        .child(bench.player("b", slow.clone()))
        .child(ChildSpec::supervisor("deeper", deep));
    let (tasks, started) = TaskSupervisor::child_spec("tasks", TaskSupervisorOptions::default());
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.player("a", slow.clone()))
        .child(ChildSpec::supervisor("inner", inner))
        .child(ChildSpec::dynamic_supervisor(
            "pool",
            DynamicSupervisorSpec::new(),
        ))
        .child(tasks);
    let top = bench.supervise(spec).await;
    let pool = top.child_dynamic_supervisor("pool").await.expect("it runs");
    for name in ["p", "q"] {
        let child = bench.player(name, slow.clone());
        pool.start_child(child).await.expect("it starts");
    }
    let tasks = started.clone();
    bench
        .perform(|context| async move {
            for _ in 0..3 {
                let task = started.start_child(&context, "t", |own| async move {
                    own.trap_exit(true);
                    let reason = own.exit_requested().await;
                    own.runtime().sleep(SECOND).await;
                    reason
                });
                task.expect("it starts");
            }
        })
        .await;
    bench.quiet().await;
    // Five supervisors, five players, three tasks.
    same(bench, &bench.living().len(), &13);
    (top, tasks)
}

async fn c45_when_a_stop_returns_every_descendant_is_gone<R: Runtime>(bench: Bench<R>) {
    let (top, tasks) = grow(&bench).await;
    let mark = bench.mark();
    let stopped = top.stop(STOP_LIMIT).await;
    // Now, not soon.
    same(&bench, &bench.node().process_count(), &0);
    same(&bench, &bench.living().len(), &0);
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    let ends = bench.exits(mark);
    same(&bench, &ends.len(), &13);
    let last = ends.last().map(|(process, _)| *process);
    same(&bench, &last, &Some(top.id()));
    let orderly = ends.iter().all(|(_, why)| *why == ExitReason::SHUTDOWN);
    assert!(orderly, "{ends:?}");
    same(&bench, &tasks.task_count(), &0);
}

async fn c45_when_a_nested_supervisor_was_terminated_its_descendants_are_gone_and_no_others<
    R: Runtime,
>(
    bench: Bench<R>,
) {
    let (top, _) = grow(&bench).await;
    let inner = top.child_supervisor("inner").await.expect("it runs");
    let mark = bench.mark();
    same(&bench, &top.terminate_child("inner").await, &Ok(()));
    let ends = bench.exits(mark);
    // Itself, `b`, the one below it, and its child.
    same(&bench, &ends.len(), &4);
    let last = ends.last().map(|(process, _)| *process);
    same(&bench, &last, &Some(inner.id()));
    same(&bench, &bench.living().len(), &9);
}

async fn c45_when_a_stop_had_to_kill_every_descendant_is_gone<R: Runtime>(bench: Bench<R>) {
    let defiant = bench.player("b", Manner::Defy);
    let inner = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("a"))
        .child(defiant.shutdown(ShutdownPolicy::Infinite));
    let spec =
        SupervisorSpec::new(Strategy::OneForOne).child(ChildSpec::supervisor("inner", inner));
    let top = bench.supervise(spec).await;
    let began = bench.now();
    let stopped = top.stop(5 * SECOND).await;
    same(&bench, &bench.node().process_count(), &0);
    let limit = 5 * SECOND;
    same(&bench, &stopped, &Err(StopError::Killed { limit }));
    let took = bench.now().since(began);
    assert!(took >= limit && took < limit + STEP, "{took:?}");
    same(&bench, &top.stop(STOP_LIMIT).await, &Err(StopError::Gone));
}

async fn c46_the_kill_of_a_supervisor_ends_all_below_it<R: Runtime>(bench: Bench<R>) {
    let (top, _) = grow(&bench).await;
    let (mark, began) = (bench.mark(), bench.now());
    bench.node().kill(top.id());
    same(&bench, &bench.exit_of(top.id()).await, &ExitReason::Killed);
    // Nothing outlives it, not even what would take its time.
    same(&bench, &bench.node().process_count(), &0);
    assert!(bench.now().since(began) < STEP);
    let ends = bench.exits(mark);
    same(&bench, &ends.len(), &13);
    let last = ends.last().map(|(process, _)| *process);
    same(&bench, &last, &Some(top.id()));
    let killed = ends.iter().all(|(_, why)| *why == ExitReason::Killed);
    assert!(killed, "{ends:?}");
}

async fn c46_the_kill_of_a_nested_supervisor_ends_all_below_it_before_it_is_restarted<
    R: Runtime,
>(
    bench: Bench<R>,
) {
    let (top, _) = grow(&bench).await;
    let inner = top.child_supervisor("inner").await.expect("it runs");
    let mark = bench.mark();
    bench.node().kill(inner.id());
    bench
        .told(top.id(), mark, &["exit inner: killed", "start inner"])
        .await;
    let ends = bench.exits(mark);
    same(&bench, &ends.len(), &4);
    same(&bench, &bench.living().len(), &13);
    // Every end came before the first start.
    let order = bench.since(mark, |facts| {
        let ends_and_starts = facts.iter().filter_map(|fact| match fact.exited() {
            Some(_) => Some("end"),
            None => is_spawn(fact).then_some("start"),
        });
        ends_and_starts.collect::<Vec<_>>()
    });
    let expected = [
        "end", "end", "end", "end", "start", "start", "start", "start",
    ];
    same(&bench, &order, &expected.to_vec());
}

fn is_spawn(fact: &Fact) -> bool {
    use steadfast::event::{Event, ProcessEvent};
    matches!(fact.event, Event::Process(ProcessEvent::Spawned { .. }))
}

/// Waits until `supervisor` has begun to stop.
async fn stopping<R: Runtime>(bench: &Bench<R>, supervisor: ProcessId) {
    let begun = |fact: &Fact| {
        let Some(SupervisionEvent::SupervisorStopping { supervisor, .. }) = fact.supervision()
        else {
            return None;
        };
        Some(*supervisor)
    };
    let look = |facts: &[Fact]| {
        let mut begun = facts.iter().filter_map(begun);
        begun.find(|stopping| *stopping == supervisor).map(drop)
    };
    bench.until("the supervisor stops", look).await;
}

/// How many processes were started since `mark`.
fn spawns<R: Runtime>(bench: &Bench<R>, mark: Mark) -> usize {
    bench.since(mark, |facts| {
        facts.iter().filter(|fact| is_spawn(fact)).count()
    })
}

async fn c59_a_static_supervisor_that_stops_takes_no_children<R: Runtime>(bench: Bench<R>) {
    let slow = bench.player("slow", Manner::Linger(2 * SECOND));
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("stopped"))
        .child(slow);
    let top = bench.supervise(spec).await;
    same(&bench, &top.terminate_child("stopped").await, &Ok(()));
    bench.node().exit(top.id(), &ExitReason::SHUTDOWN);
    stopping(&bench, top.id()).await;
    let mark = bench.mark();

    let stopping = CallError::Stopping;
    let started = top.start_child(bench.worker("new")).await;
    same(&bench, &started.err(), &Some(stopping.into()));
    let restarted = top.restart_child("stopped").await;
    same(&bench, &restarted.err(), &Some(stopping.into()));
    let deleted = top.delete_child("stopped").await;
    same(&bench, &deleted, &Err(stopping.into()));
    let terminated = top.terminate_child("slow").await;
    same(&bench, &terminated, &Err(stopping.into()));
    // What only reads is answered to the end.
    let children = top.which_children().await.expect("it answers");
    same(&bench, &children.len(), &2);

    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
    same(&bench, &spawns(&bench, mark), &0);
    let late = top.start_child(bench.worker("late")).await;
    same(&bench, &late.err(), &Some(CallError::Gone.into()));
}

async fn c59_a_dynamic_supervisor_that_stops_takes_no_children<R: Runtime>(bench: Bench<R>) {
    let top = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    let slow = bench.player("slow", Manner::Linger(2 * SECOND));
    top.start_child(slow).await.expect("it starts");
    bench.node().exit(top.id(), &ExitReason::SHUTDOWN);
    stopping(&bench, top.id()).await;
    let mark = bench.mark();
    let started = top.start_child(bench.worker("new")).await;
    same(&bench, &started.err(), &Some(CallError::Stopping.into()));
    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
    same(&bench, &spawns(&bench, mark), &0);
}

async fn c59_a_start_in_progress_is_cancelled_by_a_stop<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("a"));
    let fixed = bench.supervise(spec).await;
    let dynamic = bench.supervise_dynamic(DynamicSupervisorSpec::new()).await;
    bench.next_openings("hung", [Opening::Hang, Opening::Hang]);
    let answers = Ledger::<Option<StartChildError>>::default();

    let (top, child, told) = (fixed.clone(), bench.worker("hung"), answers.clone());
    bench.start(ProcessSpec::new("starter"), |_| async move {
        told.write(top.start_child(child).await.err());
    });
    let (top, child, told) = (dynamic.clone(), bench.worker("hung"), answers.clone());
    bench.start(ProcessSpec::new("starter"), |_| async move {
        told.write(top.start_child(child).await.err());
    });
    bench.spawned(Mark::default(), "top/hung").await;
    bench.spawned(Mark::default(), "dynamic/hung#1").await;
    bench.quiet().await;

    let began = bench.now();
    let stopped = fixed.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    let stopped = dynamic.stop(STOP_LIMIT).await;
    same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    assert!(bench.now().since(began) < STEP);
    bench.quiet().await;
    let cancelled = Some(StartChildError::Call(CallError::Stopping));
    same(&bench, &answers.take(), &vec![cancelled.clone(), cancelled]);
    same(&bench, &bench.node().process_count(), &0);
}

async fn c59_a_task_supervisor_that_stops_takes_no_tasks<R: Runtime>(bench: Bench<R>) {
    let tasks = TaskSupervisor::start(bench.node(), "tasks", TaskSupervisorOptions::default());
    let tasks = tasks.expect("it starts");
    let supervisor = tasks.id().expect("it runs");
    let watched = bench.clone();
    bench
        .perform(|context| async move {
            let slow = tasks.start_child(&context, "slow", |own| async move {
                own.trap_exit(true);
                let reason = own.exit_requested().await;
                own.runtime().sleep(SECOND).await;
                reason
            });
            slow.expect("it starts");
            watched.quiet().await;
            context.exit(supervisor, &ExitReason::SHUTDOWN);
            stopping(&watched, supervisor).await;
            let mark = watched.mark();
            let refused = tasks.start_child(&context, "new", |_| async {});
            assert_eq!(refused, Err(StartTaskError::Stopping));
            let refused = tasks.spawn_async(&context, "new", |_| async {});
            assert_eq!(refused.err(), Some(StartTaskError::Stopping));
            watched.exit_of(supervisor).await;
            let refused = tasks.spawn_async_nolink(&context, "new", |_| async {});
            assert_eq!(refused.err(), Some(StartTaskError::NotRunning));
            assert_eq!(spawns(&watched, mark), 0);
        })
        .await;
}

async fn c59_a_node_that_stops_takes_no_processes<R: Runtime>(bench: Bench<R>) {
    let answers = Ledger::default();
    let told = answers.clone();
    let spec = ProcessSpec::new("last").trap_exit(true);
    bench.start(spec, |context| async move {
        context.exit_requested().await;
        let refused = context.node().start(ProcessSpec::new("late"), |_| async {});
        told.write(refused.err());
    });
    assert!(
        bench.node().stop(STOP_LIMIT).await,
        "nothing had to be killed"
    );
    same(&bench, &answers.take_one(), &Some(SpawnError::ParentEnding));
    let late = bench.node().start(ProcessSpec::new("late"), |_| async {});
    same(&bench, &late.err(), &Some(SpawnError::ParentEnding));
}

async fn c61_a_supervisor_without_children_ends_by_itself_if_told_to<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne).stop_when_all_ended();
    let top = bench.supervise(spec).await;
    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
    // One that was told nothing stays.
    let stays = bench
        .supervise(SupervisorSpec::new(Strategy::OneForOne))
        .await;
    bench.pass(LONG).await;
    assert!(bench.node().is_alive(stays.id()));
}

async fn c61_a_supervisor_ends_with_its_last_child_if_told_to<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .stop_when_all_ended()
        .child(bench.worker("a").restart(Restart::Transient))
        .child(bench.worker("b").restart(Restart::Temporary))
        .child(bench.worker("c"));
    let top = bench.supervise(spec).await;
    bench.cue("a", Cue::End(ExitReason::Normal));
    bench.quiet().await;
    // A child that is stopped on request has not ended by itself.
    same(&bench, &top.terminate_child("c").await, &Ok(()));
    bench.quiet().await;
    assert!(bench.node().is_alive(top.id()));
    bench.cue("b", Cue::Panic("boom"));
    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
}

async fn c61_a_child_that_is_to_come_back_keeps_its_supervisor<R: Runtime>(bench: Bench<R>) {
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .stop_when_all_ended()
        .backoff(LONG_BACKOFF)
        .child(bench.worker("a").restart(Restart::Transient));
    let top = bench.supervise(spec).await;
    let mark = bench.mark();
    bench.cue("a", Cue::Panic("boom"));
    bench.pass(LONG / 2).await;
    assert!(bench.node().is_alive(top.id()));
    bench.pass(LONG).await;
    bench
        .told(top.id(), mark, &["exit a: panic: boom", "start a"])
        .await;
    bench.cue("a", Cue::End(ExitReason::Normal));
    same(
        &bench,
        &bench.exit_of(top.id()).await,
        &ExitReason::SHUTDOWN,
    );
}

async fn c61_a_receiver_learns_that_its_last_address_is_gone<R: Runtime>(bench: Bench<R>) {
    let addresses = Ledger::default();
    let handed = addresses.clone();
    let receiver = bench.start(ProcessSpec::new("receiver"), |context| async move {
        let (address, mut mailbox) = context.mailbox::<u32>(4, FullPolicy::Reject);
        handed.write(address);
        let mut received = Vec::new();
        while let Some(message) = mailbox.receive().await {
            received.push(message);
        }
        assert_eq!(received, [1, 2]);
    });
    bench.quiet().await;
    let first = addresses.take_one();
    let second = first.clone();
    first.try_send(1).expect("there is room");
    drop(first);
    bench.quiet().await;
    assert!(bench.node().is_alive(receiver));
    second.try_send(2).expect("there is room");
    drop(second);
    same(&bench, &bench.exit_of(receiver).await, &ExitReason::Normal);
}

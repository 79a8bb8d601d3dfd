//! Supervisors under supervisors, and supervisors that do not come up.

use steadfast::event::SupervisionEvent;
use steadfast::process::{ExitReason, ProcessId, ProcessSpec};
use steadfast::runtime::Runtime;
use steadfast::supervision::{
    AutoShutdown, ChildSpec, ChildStatus, Restart, SpecError, StartChildError, StartError,
    Strategy, Supervisor, SupervisorInit, SupervisorRef, SupervisorSpec,
};

use super::harness::{Cue, Fact, LONG, Ledger, Mark, Opening, STOP_LIMIT, same};
use super::{Bench, cases};

cases! {
    c74_a_child_stopped_on_request_starts_again_with_its_group,
    c76_an_outer_supervisor_follows_a_significant_inner_one,
    c76_an_outer_supervisor_stays_when_an_insignificant_inner_one_shuts_down,
    c76_a_permanent_inner_supervisor_that_shuts_down_is_restarted,
    c79_a_supervisor_whose_init_answers_ignore_is_not_there,
    c79_a_supervisor_with_a_wrong_spec_says_what_is_wrong,
    c79_a_supervisor_whose_init_panics_tells_the_text,
    c79_a_nested_supervisor_that_does_not_come_up_is_a_failed_child,
}

async fn c74_a_child_stopped_on_request_starts_again_with_its_group<R: Runtime>(bench: Bench<R>) {
    for restart in [Restart::Transient, Restart::Permanent] {
        let spec = || {
            [
                bench.worker("a").restart(restart),
                bench.worker("b"),
                bench.worker("c").restart(restart),
            ]
        };
        for (strategy, story) in [
            (
                Strategy::OneForAll,
                &["exit b: panic: boom", "start a", "start b", "start c"][..],
            ),
            (
                Strategy::RestForOne,
                &["exit b: panic: boom", "start b", "start c"][..],
            ),
            (Strategy::OneForOne, &["exit b: panic: boom", "start b"][..]),
        ] {
            let children = spec().into_iter();
            let empty = SupervisorSpec::new(strategy).intensity(100, LONG);
            let spec = children.fold(empty, SupervisorSpec::child);
            let top = bench.supervise(spec).await;
            same(&bench, &top.terminate_child("a").await, &Ok(()));
            same(&bench, &top.terminate_child("c").await, &Ok(()));
            let mark = bench.mark();
            bench.cue("b", Cue::Panic("boom"));
            bench.told(top.id(), mark, story).await;
            let stopped = top.stop(STOP_LIMIT).await;
            same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
        }
    }
}

/// A supervisor over one that shuts down with its child `a`, and over `b`.
async fn two_levels<R: Runtime>(
    bench: &Bench<R>,
    change: impl FnOnce(ChildSpec<R>) -> ChildSpec<R>,
    auto_shutdown: AutoShutdown,
) -> SupervisorRef<R> {
    let a = bench.worker("a").restart(Restart::Transient);
    let inner = SupervisorSpec::new(Strategy::OneForOne)
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(a.significant(true))
        .child(bench.worker("a2"));
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .auto_shutdown(auto_shutdown)
        .child(change(ChildSpec::supervisor("inner", inner)))
        .child(bench.worker("b"));
    bench.supervise(spec).await
}

/// Which supervisors decided to shut down since `mark`, in order.
fn decided<R: Runtime>(bench: &Bench<R>, mark: Mark) -> Vec<ProcessId> {
    bench.since(mark, |facts| {
        let events = facts.iter().filter_map(Fact::supervision);
        let decided = events.filter_map(|event| {
            let SupervisionEvent::AutoShutdown { supervisor, .. } = event else {
                return None;
            };
            Some(*supervisor)
        });
        decided.collect()
    })
}

async fn c76_an_outer_supervisor_follows_a_significant_inner_one<R: Runtime>(bench: Bench<R>) {
    for restart in [Restart::Transient, Restart::Temporary] {
        for auto_shutdown in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
            let change = |inner: ChildSpec<R>| inner.restart(restart).significant(true);
            let top = two_levels(&bench, change, auto_shutdown).await;
            let inner = top.child_supervisor("inner").await.expect("it runs");
            let mark = bench.mark();
            bench.cue("a", Cue::End(ExitReason::Normal));
            same(
                &bench,
                &bench.exit_of(top.id()).await,
                &ExitReason::SHUTDOWN,
            );
            let story = ["exit inner: shutdown", "exit b: shutdown"];
            bench.told(top.id(), mark, &story).await;
            let story = ["exit a: normal", "exit a2: shutdown"];
            bench.told(inner.id(), mark, &story).await;
            same(&bench, &decided(&bench, mark), &vec![inner.id(), top.id()]);
        }
    }
}

async fn c76_an_outer_supervisor_stays_when_an_insignificant_inner_one_shuts_down<R: Runtime>(
    bench: Bench<R>,
) {
    for auto_shutdown in [
        AutoShutdown::Never,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ] {
        let change = |inner: ChildSpec<R>| inner.restart(Restart::Transient);
        let top = two_levels(&bench, change, auto_shutdown).await;
        let inner = top.child_supervisor("inner").await.expect("it runs");
        let mark = bench.mark();
        bench.cue("a", Cue::End(ExitReason::Normal));
        bench.told(top.id(), mark, &["exit inner: shutdown"]).await;
        same(&bench, &decided(&bench, mark), &vec![inner.id()]);
        let status = top.which_child("inner").await.map(|child| child.status);
        same(&bench, &status, &Ok(ChildStatus::Stopped));
        let stopped = top.stop(STOP_LIMIT).await;
        same(&bench, &stopped, &Ok(ExitReason::SHUTDOWN));
    }
}

async fn c76_a_permanent_inner_supervisor_that_shuts_down_is_restarted<R: Runtime>(
    bench: Bench<R>,
) {
    let top = two_levels(&bench, |inner| inner, AutoShutdown::AnySignificant).await;
    let mark = bench.mark();
    bench.cue("a", Cue::End(ExitReason::Normal));
    bench
        .told(top.id(), mark, &["exit inner: shutdown", "start inner"])
        .await;
    let inner = top.child_supervisor("inner").await.expect("it runs");
    bench.told(inner.id(), mark, &["start a", "start a2"]).await;
}

/// Starts a supervisor from a process that traps exits: what came of it, and the
/// signals that the process got.
async fn start_from_a_process<R: Runtime>(
    bench: &Bench<R>,
    init: impl FnOnce() -> SupervisorInit<R> + Send + 'static,
) -> Option<StartError> {
    let (answers, settled) = (Ledger::default(), bench.clone());
    let told = answers.clone();
    let spec = ProcessSpec::new("caller").trap_exit(true);
    let caller = bench.start(spec, |context| async move {
        let started = Supervisor::start_with(context.node(), "top", init).await;
        told.write(started.err());
        settled.quiet().await;
        assert_eq!(context.try_signal(), None);
    });
    same(bench, &bench.exit_of(caller).await, &ExitReason::Normal);
    same(bench, &bench.node().process_count(), &0);
    answers.take_one()
}

async fn c79_a_supervisor_whose_init_answers_ignore_is_not_there<R: Runtime>(bench: Bench<R>) {
    let answer = start_from_a_process(&bench, || SupervisorInit::Ignore).await;
    same(&bench, &answer, &Some(StartError::Ignored));
    let ends = bench.exits(Mark::default());
    same(&bench, &ends[0].1, &ExitReason::Normal);
    same(&bench, &bench.incidents(Mark::default()), &Vec::new());
}

async fn c79_a_supervisor_with_a_wrong_spec_says_what_is_wrong<R: Runtime>(bench: Bench<R>) {
    let twin = bench.worker("a");
    let init = move || {
        let spec = SupervisorSpec::new(Strategy::OneForOne).child(twin.clone());
        spec.child(twin).into()
    };
    let answer = start_from_a_process(&bench, init).await;
    let error = SpecError::DuplicateId { child: "a".into() };
    same(&bench, &answer, &Some(StartError::Invalid(error)));

    // A child that fails is no less an answer, and no signal either.
    bench.next_openings("b", [Opening::Fail("no")]);
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .child(bench.worker("a"))
        .child(bench.worker("b"));
    let answer = start_from_a_process(&bench, move || spec.into()).await;
    let error = StartError::ChildFailed {
        child: "b".into(),
        reason: ExitReason::failed("no"),
    };
    same(&bench, &answer, &Some(error));
}

async fn c79_a_supervisor_whose_init_panics_tells_the_text<R: Runtime>(bench: Bench<R>) {
    let answer = start_from_a_process(&bench, || panic!("no plan")).await;
    let reason = ExitReason::Panic("no plan".into());
    same(&bench, &answer, &Some(StartError::Exited(reason)));
}

async fn c79_a_nested_supervisor_that_does_not_come_up_is_a_failed_child<R: Runtime>(
    bench: Bench<R>,
) {
    let top = bench
        .supervise(SupervisorSpec::new(Strategy::OneForOne).child(bench.worker("a")))
        .await;
    let before = bench.living();
    let ignoring = ChildSpec::supervisor_with("inner", || SupervisorInit::Ignore);
    let ignored = top.start_child(ignoring.restart(Restart::Temporary)).await;
    same(&bench, &ignored.err(), &Some(StartChildError::Ignored));

    let nameless = bench.worker("");
    let wrong = ChildSpec::supervisor_with("inner", move || {
        let spec = SupervisorSpec::new(Strategy::OneForOne);
        spec.child(nameless.clone()).into()
    });
    let failed = top.start_child(wrong).await.err();
    let reason = ExitReason::error(&StartError::Invalid(SpecError::MissingId));
    same(&bench, &failed, &Some(StartChildError::Failed(reason)));

    let panicking = ChildSpec::supervisor_with("inner", || panic!("no plan"));
    let failed = top.start_child(panicking).await.err();
    let reason = ExitReason::Panic("no plan".into());
    same(&bench, &failed, &Some(StartChildError::Failed(reason)));

    bench.quiet().await;
    same(&bench, &bench.living(), &before);
    let count = top.count_children().await.expect("it answers");
    same(&bench, &count.specs, &1);
}

//! Claims that need threads that really run at the same time.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::naive::{Faults, Naive};
use super::stage::{Kind, LIMIT, Stage, play_some};
use crate::Label;
use crate::process::{ExitHook as _, ProcessId};
use crate::registry::{
    BackendSpec, Change, Entry, Notice, Query, Registration, Registry, Removal, Subscription,
    SwitchOptions,
};
use crate::testing::TestRuntime;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}

/// Registers and lets go of names of its own, and always finds what it holds.
fn write(registry: &Registry<TestRuntime>, writer: usize, process: ProcessId) -> Vec<Label> {
    let mut held: Vec<Label> = Vec::new();
    for step in 0..600 {
        let name: Label = format!("{writer}/{}", step % 40).into();
        if let Some(at) = held.iter().position(|known| *known == name) {
            let removal = Removal::new("names", held.remove(at)).of(process);
            block_on(registry.unregister(removal)).unwrap();
        } else {
            let wanted = Registration::new("names", &name, process);
            assert!(block_on(registry.register(wanted)).unwrap().fresh);
            let found = registry.whereis("names", &name);
            assert_eq!(found, Ok(Some(process)), "{name} was lost");
            held.push(name);
        }
    }
    held
}

/// A table kept up by what a subscription tells. Whatever does not fit is a gap or a
/// double.
struct Follower {
    subscription: Subscription,
    table: Vec<Entry>,
}

impl Follower {
    fn new(registry: &Registry<TestRuntime>) -> Self {
        Self {
            subscription: registry.watch("names", Query::all()).unwrap(),
            table: Vec::new(),
        }
    }

    fn catch_up(&mut self) {
        while let Some(notice) = self.subscription.try_next() {
            match notice {
                Notice::Snapshot(snapshot) | Notice::Resync { snapshot, .. } => {
                    self.table = snapshot.entries;
                }
                Notice::Changes(changes) => changes.iter().for_each(|change| self.apply(change)),
            }
        }
    }

    fn apply(&mut self, change: &Change) {
        let key = &change.entry().key;
        let known = self.table.iter().position(|entry| entry.key == *key);
        match (change, known) {
            (Change::Registered(entry), None) => self.table.push(entry.clone()),
            (Change::Unregistered { .. }, Some(at)) => {
                self.table.swap_remove(at);
            }
            (change, known) => panic!("{change:?} told over {known:?}"),
        }
    }

    fn names(mut self) -> Vec<Label> {
        self.catch_up();
        let mut names: Vec<_> = self.table.into_iter().map(|entry| entry.key.name).collect();
        names.sort();
        names
    }
}

/// Plays writers, watchers that come and go, and switches at the same time.
fn at_the_same_time(stage: &Stage, switching: bool) {
    let processes: Vec<_> = (0..3).map(|_| stage.idler()).collect();
    let (registry, done) = (&stage.registry, &AtomicBool::new(false));
    let constant = Follower::new(registry);
    let held = thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let process = processes[writer];
                scope.spawn(move || write(registry, writer, process))
            })
            .collect();
        scope.spawn(move || {
            while !done.load(Ordering::SeqCst) {
                Follower::new(registry).catch_up();
            }
        });
        scope.spawn(move || {
            let kinds = [Kind::Memory, Kind::Partitioned, Kind::Naive];
            for kind in kinds.into_iter().cycle() {
                if !switching || done.load(Ordering::SeqCst) {
                    break;
                }
                let spec = kind.spec(stage.faults.clone());
                block_on(registry.switch_to(spec, SwitchOptions::within(LIMIT))).unwrap();
            }
        });
        let held = writers.into_iter().map(thread::ScopedJoinHandle::join);
        let held: Vec<_> = held.collect();
        done.store(true, Ordering::SeqCst);
        held
    });
    let mut held: Vec<Label> = held.into_iter().flat_map(Result::unwrap).collect();
    held.sort();
    assert_eq!(registry.names("names").unwrap(), held);
    assert_eq!(constant.names(), held);
    assert_eq!(registry.audit(), Vec::<Label>::new());
}

#[test]
fn watchers_that_come_and_go_find_no_gap_while_many_threads_write() {
    play_some(12, |stage| async move {
        at_the_same_time(&stage, false);
    });
}

#[test]
fn nothing_is_lost_while_the_backend_changes_under_many_threads() {
    play_some(12, |stage| async move {
        at_the_same_time(&stage, true);
    });
}

#[test]
fn an_end_while_the_data_move_is_missed_by_neither_backend() {
    play_some(3, |stage| async move {
        let registry = &stage.registry;
        let (ending, living) = (stage.idler(), stage.idler());
        stage.register("names", "a", ending).await;
        stage.register("names", "b", living).await;
        let faults = Arc::new(Faults::default());
        let own = faults.clone();
        let spec = BackendSpec::new(|_, host| Naive::with(host, own).kind("next"));
        let (go, begin) = sync_channel(1);
        let (exited, told) = sync_channel(1);
        *faults.during_import.lock().unwrap() = Some(Box::new(move || {
            go.send(()).unwrap();
            // It has all the time that it needs, unless something holds it.
            told.recv_timeout(Duration::from_millis(50)).ok();
        }));
        thread::scope(|scope| {
            scope.spawn(move || {
                begin.recv().unwrap();
                registry.shared().process_exited(ending);
                exited.send(()).ok();
            });
            block_on(registry.switch_to(spec, SwitchOptions::within(LIMIT))).unwrap();
        });
        assert_eq!(registry.backend_kind(), "next");
        assert_eq!(registry.names("names").unwrap(), ["b"]);
    });
}

//! The tasks of consensus, in one process.
//!
//! Consensus starts a task for whatever takes time, several for each read. As processes
//! of their own they would cost more than what they do. Here each is polled only when
//! it was woken, in the order in which they were.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::ambient::Work;

/// How many polls are made before others on the thread have their turn.
const TURN: usize = 64;

struct Queue {
    open: bool,
    started: u64,
    /// What has not been polled yet.
    new: VecDeque<(u64, Work)>,
    /// What was woken.
    ready: VecDeque<Arc<Alarm>>,
    runner: Option<Waker>,
}

/// Where tasks are started. Shared by all who start some.
#[derive(Clone)]
pub(super) struct Tasks(Arc<Mutex<Queue>>);

/// Wakes one task.
struct Alarm {
    number: u64,
    /// Whether it is among those that were woken.
    rings: AtomicBool,
    tasks: Weak<Mutex<Queue>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        if self.rings.swap(true, Ordering::AcqRel) {
            return;
        }
        let Some(tasks) = self.tasks.upgrade() else {
            return;
        };
        let runner = {
            let mut queue = lock(&tasks);
            queue.ready.push_back(self);
            queue.runner.take()
        };
        if let Some(runner) = runner {
            runner.wake();
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // Nothing that can panic runs under this lock.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Queue {
            open: true,
            started: 0,
            new: VecDeque::new(),
            ready: VecDeque::new(),
            runner: None,
        })))
    }

    /// Starts a task. It is dropped if the process of the tasks has ended, which tells
    /// whoever waits for it.
    pub(super) fn start(&self, work: Work) {
        let (runner, refused) = {
            let mut queue = lock(&self.0);
            if queue.open {
                queue.started += 1;
                let number = queue.started;
                queue.new.push_back((number, work));
                (queue.runner.take(), None)
            } else {
                (None, Some(work))
            }
        };
        drop(refused);
        if let Some(runner) = runner {
            runner.wake();
        }
    }

    /// Runs all tasks, for as long as it is polled. Dropping it drops them.
    pub(super) fn run(&self) -> Runner {
        Runner {
            tasks: self.clone(),
            running: BTreeMap::new(),
        }
    }
}

struct Task {
    work: Work,
    alarm: Arc<Alarm>,
    waker: Waker,
}

/// Runs tasks. Never completes.
pub(super) struct Runner {
    tasks: Tasks,
    running: BTreeMap<u64, Task>,
}

impl Runner {
    /// What to poll next; remembers whom to wake if there is nothing.
    fn next(&mut self, waker: &Waker) -> Option<u64> {
        let mut queue = lock(&self.tasks.0);
        if let Some((number, work)) = queue.new.pop_front() {
            let alarm = Arc::new(Alarm {
                number,
                rings: AtomicBool::new(false),
                tasks: Arc::downgrade(&self.tasks.0),
            });
            let waker = Waker::from(alarm.clone());
            let task = Task { work, alarm, waker };
            self.running.insert(number, task);
            return Some(number);
        }
        let Some(alarm) = queue.ready.pop_front() else {
            queue.runner = Some(waker.clone());
            return None;
        };
        Some(alarm.number)
    }
}

impl Future for Runner {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..TURN {
            let Some(number) = self.next(context.waker()) else {
                return Poll::Pending;
            };
            // One that was woken and has ended meanwhile is not there any more.
            let Some(task) = self.running.get_mut(&number) else {
                continue;
            };
            task.alarm.rings.swap(false, Ordering::AcqRel);
            let polled = task
                .work
                .as_mut()
                .poll(&mut Context::from_waker(&task.waker));
            if polled.is_ready() {
                self.running.remove(&number);
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let (new, ready) = {
            let mut queue = lock(&self.tasks.0);
            queue.open = false;
            (
                std::mem::take(&mut queue.new),
                std::mem::take(&mut queue.ready),
            )
        };
        // Work may start more when it is dropped; not under the lock.
        drop((new, ready));
        self.running.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn poll(runner: &mut Runner) {
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(runner).poll(&mut context).is_pending());
    }

    /// Completes when it is polled for the second time; counts its polls, and keeps its
    /// waker.
    fn twice(polls: &Arc<AtomicUsize>, waker: &Arc<Mutex<Option<Waker>>>) -> Work {
        let (polls, kept) = (polls.clone(), waker.clone());
        Box::pin(std::future::poll_fn(move |context| {
            *kept.lock().unwrap() = Some(context.waker().clone());
            match polls.fetch_add(1, Ordering::Relaxed) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        }))
    }

    #[test]
    fn a_task_is_polled_when_it_is_woken_and_only_then() {
        let tasks = Tasks::new();
        let mut runner = tasks.run();
        let [one, other] = [(); 2].map(|()| (Arc::default(), Arc::default()));
        tasks.start(twice(&one.0, &one.1));
        tasks.start(twice(&other.0, &other.1));
        poll(&mut runner);
        poll(&mut runner);
        let waker = other.1.lock().unwrap().clone().unwrap();
        waker.wake_by_ref();
        waker.wake_by_ref();
        poll(&mut runner);
        assert_eq!(one.0.load(Ordering::Relaxed), 1);
        assert_eq!(other.0.load(Ordering::Relaxed), 2);
        // One that has ended is not there any more, whoever wakes it.
        waker.wake();
        poll(&mut runner);
        assert_eq!(runner.running.len(), 1);
    }

    #[test]
    fn a_task_that_starts_another_has_it_run() {
        let tasks = Tasks::new();
        let mut runner = tasks.run();
        let (polls, waker) = (Arc::default(), Arc::default());
        let (started, next) = (tasks.clone(), twice(&polls, &waker));
        tasks.start(Box::pin(async move { started.start(next) }));
        poll(&mut runner);
        assert_eq!(polls.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_is_started_after_the_end_is_dropped() {
        let tasks = Tasks::new();
        let mut runner = tasks.run();
        let kept = Arc::new(());
        let hold = |kept: Arc<()>| -> Work {
            Box::pin(async move {
                std::future::pending::<()>().await;
                drop(kept);
            })
        };
        tasks.start(hold(kept.clone()));
        poll(&mut runner);
        tasks.start(hold(kept.clone()));
        drop(runner);
        tasks.start(hold(kept.clone()));
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}

//! Promises of [`Spawner`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::harness::{Harness, NODES};
use super::patience::{WATCH, patiently, poll_once};
use super::verdict::{Verdict, ensure, ensure_eq, promises};
use crate::label::Label;
use crate::runtime::{Clock, Spawner, TaskEnd, Timestamp};

promises! {
    "spawner.returned" "A task that returns is reported as returned." returned;
    "spawner.panicked" "A task that panics is reported as panicked, with the text." panicked;
    "spawner.panic_is_contained" "A panic inside a task ends no other task." panic_is_contained;
    "spawner.aborted" "A task that is aborted while it waits is reported as aborted." aborted;
    "spawner.destructors_first" "The destructors of an aborted task run before its end is reported." destructors_first;
    "spawner.dropped_handle" "Dropping the handle ends the task." dropped_handle;
    "spawner.progress" "A task makes progress whether or not its handle is awaited." progress;
    "spawner.end_is_lasting" "The end can be asked for again, and by many at once." end_is_lasting;
    "spawner.abort_is_idempotent" "Aborting a task that has ended changes nothing." abort_is_idempotent;
    "spawner.nested" "A task may start tasks." nested;
    "spawner.crash" "A crash ends every task of the incarnation, and each is reported." crash;
}

fn label() -> Label {
    Label::from("contract")
}

/// A task that ends only by being ended.
async fn forever<C: Clock>(clock: C) {
    clock.sleep_until(Timestamp::MAX).await;
}

async fn returned<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let at_once = runtime.spawn(label(), async {});
    let end = patiently(&*harness, "the end", at_once.ended()).await?;
    ensure_eq!(end, TaskEnd::Returned, "a task that did nothing");
    let timer = runtime.sleep(WATCH / 10);
    let waiting = runtime.spawn(label(), timer);
    let end = patiently(&*harness, "the end", waiting.ended()).await?;
    ensure_eq!(end, TaskEnd::Returned, "a task that waited");
    Ok(())
}

async fn panicked<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let fixed = runtime.spawn(label(), async { panic!("a fixed text") });
    let end = patiently(&*harness, "the end", fixed.ended()).await?;
    ensure_eq!(end, TaskEnd::Panicked("a fixed text".into()), "a panic");
    let number = 7;
    let formatted = runtime.spawn(label(), async move { panic!("text {number}") });
    let end = patiently(&*harness, "the end", formatted.ended()).await?;
    ensure_eq!(end, TaskEnd::Panicked("text 7".into()), "a formatted panic");
    Ok(())
}

async fn panic_is_contained<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let bystander = runtime.spawn(label(), forever(runtime.clone()));
    let failing = runtime.spawn(label(), async { panic!("contained") });
    patiently(&*harness, "the end", failing.ended()).await?;
    let later = runtime.spawn(label(), runtime.sleep(WATCH / 10));
    let end = patiently(&*harness, "the end", later.ended()).await?;
    ensure_eq!(end, TaskEnd::Returned, "a task started after the panic");
    ensure_eq!(bystander.end(), None, "a task that waited meanwhile");
    Ok(())
}

async fn aborted<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let waiting = runtime.spawn(label(), forever(runtime.clone()));
    harness.pass(WATCH / 10).await;
    ensure_eq!(waiting.end(), None, "before the abort");
    waiting.abort();
    let end = patiently(&*harness, "the end", waiting.ended()).await?;
    ensure_eq!(end, TaskEnd::Aborted, "after the abort");
    Ok(())
}

async fn destructors_first<H: Harness>(harness: Arc<H>) -> Verdict {
    struct Mark(Arc<AtomicBool>);
    impl Drop for Mark {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let runtime = harness.runtime(NODES[0]).await;
    for _ in 0..10 {
        let dropped = Arc::new(AtomicBool::new(false));
        let (mark, clock) = (Mark(dropped.clone()), runtime.clone());
        let task = runtime.spawn(label(), async move {
            forever(clock).await;
            drop(mark);
        });
        harness.pass(WATCH / 20).await;
        task.abort();
        patiently(&*harness, "the end", task.ended()).await?;
        let ran = dropped.load(Ordering::SeqCst);
        ensure!(
            ran,
            "the end was reported while the task still held a value"
        );
    }
    Ok(())
}

async fn dropped_handle<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let ticks = Arc::new(AtomicU64::new(0));
    let held = Arc::downgrade(&ticks);
    let clock = runtime.clone();
    let task = runtime.spawn(label(), async move {
        loop {
            ticks.fetch_add(1, Ordering::SeqCst);
            clock.sleep(WATCH / 20).await;
        }
    });
    harness.pass(WATCH / 10).await;
    drop(task);
    let gone = async {
        while held.strong_count() > 0 {
            harness.pass(WATCH / 20).await;
        }
    };
    patiently(&*harness, "the end of a task without a handle", gone).await
}

async fn progress<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let done = Arc::new(AtomicBool::new(false));
    let (mark, clock) = (done.clone(), runtime.clone());
    let task = runtime.spawn(label(), async move {
        clock.sleep(WATCH / 20).await;
        mark.store(true, Ordering::SeqCst);
    });
    let seen = async {
        while !done.load(Ordering::SeqCst) {
            harness.pass(WATCH / 20).await;
        }
    };
    patiently(&*harness, "progress of a task that nobody awaits", seen).await?;
    drop(task);
    Ok(())
}

async fn end_is_lasting<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let task = Arc::new(runtime.spawn(label(), forever(runtime.clone())));
    // A question that is given up must not take the answer with it.
    ensure!(poll_once(task.ended()).is_pending(), "it ended by itself");
    let other = task.clone();
    let second = runtime.spawn(label(), async move {
        other.ended().await;
    });
    harness.pass(WATCH / 10).await;
    task.abort();
    patiently(&*harness, "the first answer", task.ended()).await?;
    patiently(&*harness, "the second answer", second.ended()).await?;
    let again = patiently(&*harness, "the third answer", task.ended()).await?;
    ensure_eq!(again, TaskEnd::Aborted, "asked again");
    ensure_eq!(task.end(), Some(TaskEnd::Aborted), "without waiting");
    Ok(())
}

async fn abort_is_idempotent<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let task = runtime.spawn(label(), async {});
    patiently(&*harness, "the end", task.ended()).await?;
    task.abort();
    task.abort();
    harness.pass(WATCH / 10).await;
    ensure_eq!(task.end(), Some(TaskEnd::Returned), "after the abort");
    Ok(())
}

async fn nested<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let spawner = runtime.clone();
    let outer = runtime.spawn(label(), async move {
        let inner = spawner.spawn(label(), async { panic!("inner") });
        let end = inner.ended().await;
        assert_eq!(end, TaskEnd::Panicked("inner".into()));
    });
    let end = patiently(&*harness, "the end", outer.ended()).await?;
    ensure_eq!(end, TaskEnd::Returned, "the outer task");
    Ok(())
}

async fn crash<H: Harness>(harness: Arc<H>) -> Verdict {
    let runtime = harness.runtime(NODES[0]).await;
    let bystander = harness.runtime(NODES[1]).await;
    let other = bystander.spawn(label(), forever(bystander.clone()));
    let ticks = Arc::new(AtomicU64::new(0));
    let (counter, clock) = (ticks.clone(), runtime.clone());
    let task = runtime.spawn(label(), async move {
        loop {
            counter.fetch_add(1, Ordering::SeqCst);
            clock.sleep(WATCH / 20).await;
        }
    });
    harness.pass(WATCH / 10).await;
    harness.crash_and_restart(NODES[0]).await;
    let end = patiently(&*harness, "the end", task.ended()).await?;
    ensure_eq!(end, TaskEnd::Aborted, "a task of the crashed node");
    let before = ticks.load(Ordering::SeqCst);
    harness.pass(WATCH).await;
    ensure_eq!(ticks.load(Ordering::SeqCst), before, "its ticks since");
    ensure_eq!(other.end(), None, "a task of another node");
    Ok(())
}

//! Promises of [`Storage`](crate::runtime::Storage) while nothing crashes.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use super::harness::{Harness, NODES};
use super::patience::patiently;
use super::verdict::{Verdict, ensure, ensure_eq, promises};
use crate::runtime::{FileName, Storage, StorageError};

promises! {
    "storage.missing" "Reading a file that is not there says so, naming the file." missing;
    "storage.append" "Appends add to the end, creating the file." append;
    "storage.append_nothing" "Appending nothing creates the file." append_nothing;
    "storage.replace" "A replace is the whole content, whatever was there." replace;
    "storage.remove" "A removed file is gone; removing a missing file succeeds." remove;
    "storage.list" "A list holds exactly the files under the prefix, in ascending order." list;
    "storage.names" "A name may be the beginning of another." names;
    "storage.large" "A large content is read as it was written." large;
    "storage.call_order" "Operations on one file take effect in the order of their calls." call_order;
    "storage.per_node" "Nodes share no files." per_node;
}

/// A good name; all names in the cases are.
pub(super) fn file(name: &str) -> Result<FileName, StorageError> {
    FileName::new(name)
}

async fn missing<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("absent/log")?;
    let read = storage.read(&file).await;
    ensure_eq!(
        read,
        Err(StorageError::NotFound { file: file.clone() }),
        "the read said"
    );
    Ok(())
}

async fn append<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    for part in ["one ", "two ", "three"] {
        storage.append(&file, part.as_bytes()).await?;
    }
    ensure_eq!(storage.read(&file).await?, b"one two three", "the content");
    Ok(())
}

async fn append_nothing<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    storage.append(&file, &[]).await?;
    ensure_eq!(storage.read(&file).await, Ok(Vec::new()), "the content");
    ensure_eq!(storage.list("").await?, [file], "the list");
    Ok(())
}

async fn replace<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("state")?;
    for content in ["first", "a longer second", "", "last"] {
        storage.replace(&file, content.as_bytes()).await?;
        ensure_eq!(
            storage.read(&file).await?,
            content.as_bytes(),
            "the content"
        );
    }
    storage.append(&file, b" and more").await?;
    ensure_eq!(
        storage.read(&file).await?,
        b"last and more",
        "after an append"
    );
    Ok(())
}

async fn remove<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    storage.append(&file, b"old").await?;
    storage.remove(&file).await?;
    let gone = StorageError::NotFound { file: file.clone() };
    ensure_eq!(storage.read(&file).await, Err(gone), "the read said");
    ensure_eq!(storage.list("").await?, [], "the list");
    storage.remove(&file).await?;
    storage.append(&file, b"new").await?;
    ensure_eq!(
        storage.read(&file).await?,
        b"new",
        "the file that came after it"
    );
    Ok(())
}

async fn list<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    for name in ["b", "a/2", "a/10", "a/1/x", "ab", "_z", "A"] {
        storage.append(&file(name)?, b"x").await?;
    }
    for (prefix, expected) in [
        ("", &["A", "_z", "a/1/x", "a/10", "a/2", "ab", "b"][..]),
        ("a", &["a/1/x", "a/10", "a/2", "ab"]),
        ("a/", &["a/1/x", "a/10", "a/2"]),
        ("a/1", &["a/1/x", "a/10"]),
        ("c", &[]),
    ] {
        let listed = storage.list(prefix).await?;
        let listed: Vec<&str> = listed.iter().map(FileName::as_str).collect();
        ensure_eq!(listed, expected, "under {prefix:?}");
    }
    Ok(())
}

async fn names<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let names = ["log", "log/1", "log/1/index", "log.1", "log-1", ".log"];
    for name in names {
        storage.append(&file(name)?, name.as_bytes()).await?;
    }
    for name in names {
        ensure_eq!(
            storage.read(&file(name)?).await?,
            name.as_bytes(),
            "in {name}"
        );
    }
    Ok(())
}

async fn large<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("large")?;
    let content: Vec<u8> = (0..1_u32 << 20).map(|at| (at % 253) as u8).collect();
    storage.replace(&file, &content).await?;
    storage.append(&file, &content).await?;
    let read = storage.read(&file).await?;
    let same = read == [&content[..], &content[..]].concat();
    ensure!(same, "{} bytes were read, and they differ", read.len());
    Ok(())
}

async fn call_order<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    let parts: Vec<[u8; 1]> = (0..50).map(|number| [number]).collect();
    let mut appends: Vec<Pin<Box<dyn Future<Output = _> + Send>>> = Vec::new();
    for part in &parts {
        appends.push(Box::pin(storage.append(&file, part)));
    }
    let all = async {
        let mut results = Vec::new();
        let mut polled = pin!(std::future::poll_fn(|context| {
            // In the order of the calls, each until it is done.
            appends.retain_mut(|append| match append.as_mut().poll(context) {
                Poll::Ready(result) => {
                    results.push(result);
                    false
                }
                Poll::Pending => true,
            });
            if appends.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        polled.as_mut().await;
        results
    };
    for result in patiently(&*harness, "the end of all appends", all).await? {
        result?;
    }
    ensure_eq!(storage.read(&file).await?, parts.concat(), "the content");
    Ok(())
}

async fn per_node<H: Harness>(harness: Arc<H>) -> Verdict {
    let file = file("log")?;
    for node in NODES {
        let storage = harness.runtime(node).await;
        storage.append(&file, node.to_string().as_bytes()).await?;
    }
    for node in NODES {
        let storage = harness.runtime(node).await;
        let content = storage.read(&file).await?;
        ensure_eq!(content, node.to_string().as_bytes(), "on {node}");
    }
    Ok(())
}

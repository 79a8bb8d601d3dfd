//! Promises of [`Storage`](crate::runtime::Storage) across a crash.

use std::sync::Arc;

use super::harness::{Harness, NODES};
use super::storage::file;
use super::verdict::{Verdict, ensure, ensure_eq, promises};
use crate::runtime::{Storage, StorageError};

promises! {
    "durability.append" "What was appended and synced survives a crash." append;
    "durability.append_synced" "What was appended durably survives a crash." append_synced;
    "durability.replace" "What was replaced and synced survives a crash." replace;
    "durability.remove" "A removal that was synced survives a crash." remove;
    "durability.prefix" "Of what was appended after the last sync, a crash leaves at most a part." prefix;
    "durability.old_or_new" "A replace that was not synced is undone or whole after a crash, never a mix." old_or_new;
    "durability.removed_or_not" "A removal that was not synced is undone or done after a crash." removed_or_not;
    "durability.each_file" "A sync covers its own file, whatever happens to others." each_file;
    "durability.repeated" "Crash after crash, what was synced stays." repeated;
}

async fn append<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("deep/log")?;
    storage.append(&file, b"one ").await?;
    storage.append(&file, b"two").await?;
    storage.sync(&file).await?;
    let storage = harness.crash_and_restart(NODES[0]).await;
    ensure_eq!(
        storage.read(&file).await,
        Ok(b"one two".to_vec()),
        "the content"
    );
    ensure_eq!(storage.list("").await?, [file], "the list");
    Ok(())
}

async fn append_synced<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    storage.append(&file, b"one ").await?;
    storage.append_synced(&file, b"two ").await?;
    // A file of the same name that is made anew has a name to be made durable, too.
    storage.remove(&file).await?;
    storage.sync(&file).await?;
    storage.append_synced(&file, b"three").await?;
    let storage = harness.crash_and_restart(NODES[0]).await;
    ensure_eq!(
        storage.read(&file).await,
        Ok(b"three".to_vec()),
        "the content"
    );
    Ok(())
}

async fn replace<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("state")?;
    storage.append(&file, b"old").await?;
    storage.sync(&file).await?;
    storage.replace(&file, b"new").await?;
    storage.sync(&file).await?;
    let storage = harness.crash_and_restart(NODES[0]).await;
    ensure_eq!(
        storage.read(&file).await,
        Ok(b"new".to_vec()),
        "the content"
    );
    Ok(())
}

async fn remove<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    storage.append(&file, b"old").await?;
    storage.sync(&file).await?;
    storage.remove(&file).await?;
    storage.sync(&file).await?;
    let storage = harness.crash_and_restart(NODES[0]).await;
    let gone = StorageError::NotFound { file: file.clone() };
    ensure_eq!(storage.read(&file).await, Err(gone), "the read said");
    ensure_eq!(storage.list("").await?, [], "the list");
    Ok(())
}

async fn prefix<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    storage.append(&file, b"durable").await?;
    storage.sync(&file).await?;
    for _ in 0..10 {
        storage.append(&file, b" and not").await?;
    }
    let storage = harness.crash_and_restart(NODES[0]).await;
    let content = storage.read(&file).await?;
    ensure!(content.starts_with(b"durable"), "the synced part is gone");
    let (len, len_max) = (content.len(), 7 + 10 * 8);
    ensure!(len <= len_max, "{len} bytes are left of {len_max}");
    Ok(())
}

async fn old_or_new<H: Harness>(harness: Arc<H>) -> Verdict {
    let (old, new) = (vec![1; 50_000], vec![2; 40_000]);
    let storage = harness.runtime(NODES[0]).await;
    let file = file("state")?;
    storage.replace(&file, &old).await?;
    storage.sync(&file).await?;
    storage.replace(&file, &new).await?;
    let storage = harness.crash_and_restart(NODES[0]).await;
    let content = storage.read(&file).await?;
    let whole = content == old || content == new;
    ensure!(whole, "{} bytes that are neither content", content.len());
    Ok(())
}

async fn removed_or_not<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let file = file("log")?;
    storage.append(&file, b"old").await?;
    storage.sync(&file).await?;
    storage.remove(&file).await?;
    let storage = harness.crash_and_restart(NODES[0]).await;
    let content = storage.read(&file).await;
    let gone = Err(StorageError::NotFound { file: file.clone() });
    let fine = content == gone || content == Ok(b"old".to_vec());
    ensure!(fine, "the read said {content:?}");
    Ok(())
}

async fn each_file<H: Harness>(harness: Arc<H>) -> Verdict {
    let storage = harness.runtime(NODES[0]).await;
    let (synced, other) = (file("synced")?, file("other")?);
    storage.append(&synced, b"kept").await?;
    storage.append(&other, b"perhaps").await?;
    storage.sync(&synced).await?;
    storage.replace(&other, b"perhaps not").await?;
    let storage = harness.crash_and_restart(NODES[0]).await;
    ensure_eq!(
        storage.read(&synced).await,
        Ok(b"kept".to_vec()),
        "the content"
    );
    Ok(())
}

async fn repeated<H: Harness>(harness: Arc<H>) -> Verdict {
    let file = file("log")?;
    let mut storage = harness.runtime(NODES[0]).await;
    for round in 1..=4_u8 {
        storage.append(&file, &[round]).await?;
        storage.sync(&file).await?;
        storage = harness.crash_and_restart(NODES[0]).await;
        let expected: Vec<u8> = (1..=round).collect();
        ensure_eq!(
            storage.read(&file).await,
            Ok(expected),
            "after crash {round}"
        );
    }
    Ok(())
}

//! A writer that acknowledges only what it has synced, on a disk that breaks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steadfast::failure::{Failure, Severity};
use steadfast::process::{Context, Node};
use steadfast::runtime::{Clock as _, FileName, NodeId, Storage as _, StorageError};
use steadfast::supervision::{Backoff, ChildSpec, Strategy, Supervisor, SupervisorSpec};
use steadfast_sim::check::Claims;
use steadfast_sim::{BoxFuture, Plan, Scenario, SimRuntime, World};

use crate::cast::Cast;
use crate::draw::Draw;
use crate::weather;

/// One entry: its number and a copy of it, so that a torn entry shows.
const ENTRY_LEN: usize = 16;

/// When an entry counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    /// After it was synced.
    AfterSync,
    /// Before: a crash may take it back.
    BeforeSync,
}

/// What each node's writer has acknowledged, and what a restarted one missed.
#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<BTreeMap<NodeId, u64>>,
    missing: Mutex<Option<String>>,
}

impl Ledger {
    fn acknowledge(&self, node: NodeId, entry: u64) {
        self.acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(node, entry);
    }

    fn acknowledged(&self, node: NodeId) -> u64 {
        let acknowledged = self
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        acknowledged.get(&node).copied().unwrap_or(0)
    }

    /// Compares what a writer found on its disk with what it had acknowledged.
    fn compare(&self, node: NodeId, found: u64) {
        let acknowledged = self.acknowledged(node);
        if found < acknowledged {
            *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!(
                "{node} acknowledged entry {acknowledged}, but its disk ends at {found}"
            ));
        }
    }

    /// Lets the run fail if a writer has missed something.
    fn judge(&self, world: &World) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(missing) = missing.take() {
            world.note(format!(
                "{}acknowledged entries stay: {missing}",
                Claims::PREFIX
            ));
        }
    }
}

fn encode(entry: u64) -> [u8; ENTRY_LEN] {
    let mut bytes = [0; ENTRY_LEN];
    bytes[..8].copy_from_slice(&entry.to_le_bytes());
    bytes[8..].copy_from_slice(&entry.to_le_bytes());
    bytes
}

/// The number of the last whole entry in order, and the length of the good part.
fn recover(content: &[u8]) -> (u64, usize) {
    let mut last = 0;
    let mut len = 0;
    for bytes in content.chunks_exact(ENTRY_LEN) {
        if bytes != encode(last + 1) {
            break;
        }
        last += 1;
        len += ENTRY_LEN;
    }
    (last, len)
}

async fn write(
    context: Context<SimRuntime>,
    acknowledge: Acknowledge,
) -> Result<(), Failure<StorageError>> {
    let disk = context.runtime();
    let node = context.id().node;
    let ledger = disk.board::<Ledger>();
    let file = context.deliver(FileName::new("journal/entries"))?;
    let content = match disk.read(&file).await {
        Err(StorageError::NotFound { .. }) => Vec::new(),
        read => context.deliver(read)?,
    };
    let (mut last, len) = recover(&content);
    ledger.compare(node, last);
    // Written anew at every start: a torn tail goes before anything is added behind
    // it, and after a failed sync what can be read need not be on the disk.
    context.deliver(disk.replace(&file, &content[..len]).await)?;
    context.deliver(disk.sync(&file).await)?;
    loop {
        disk.sleep(Duration::from_millis(25)).await;
        context.deliver(disk.append(&file, &encode(last + 1)).await)?;
        last += 1;
        if acknowledge == Acknowledge::BeforeSync {
            ledger.acknowledge(node, last);
        }
        if last.is_multiple_of(3) {
            match context.deliver(disk.sync(&file).await) {
                Ok(()) => ledger.acknowledge(node, last),
                Err(failure) => {
                    // What was not synced is unknown: start again from the disk.
                    failure.report(Severity::Warning);
                    return Ok(());
                }
            }
        }
    }
}

/// A journal on a breaking disk.
pub(crate) struct Journal {
    name: &'static str,
    story: &'static str,
    acknowledge: Acknowledge,
}

impl Journal {
    /// Acknowledging as told.
    pub(crate) const fn new(
        name: &'static str,
        story: &'static str,
        acknowledge: Acknowledge,
    ) -> Self {
        Self {
            name,
            story,
            acknowledge,
        }
    }
}

impl Scenario for Journal {
    fn name(&self) -> &'static str {
        self.name
    }

    fn story(&self) -> &'static str {
        self.story
    }

    fn plan(&self, seed: u64) -> Plan {
        let mut draw = Draw::new(seed, "journal");
        let mut plan = Plan::new(self.name, seed, draw.between(1, 2) as u32);
        plan.episodes = weather::of_disks(&plan);
        plan
    }

    fn boot(
        &self,
        node: Node<SimRuntime>,
        _plan: Arc<Plan>,
    ) -> BoxFuture<'static, Result<(), String>> {
        let acknowledge = self.acknowledge;
        Box::pin(async move {
            let writer = ChildSpec::worker("writer", move |context| write(context, acknowledge))
                .backoff(Backoff {
                    base: Duration::from_millis(10),
                    factor: 2.0,
                    cap: Duration::from_millis(200),
                    jitter: 0.5,
                    reset_after: Duration::from_secs(1),
                });
            let top = SupervisorSpec::new(Strategy::OneForOne)
                .intensity(1_000, Duration::from_secs(1))
                .child(writer);
            let leader = Supervisor::start(&node, "top", top)
                .await
                .map_err(|e| e.to_string())?;
            node.runtime()
                .board::<Cast>()
                .lead(leader.id().node, leader);
            Ok(())
        })
    }

    fn drive(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let ledger = world.board::<Ledger>();
            while world.time() < world.plan().limits.safety {
                world.sleep(Duration::from_millis(50)).await;
                ledger.judge(&world);
            }
            Ok(())
        })
    }

    fn settle(&self, world: World) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async move {
            let ledger = world.board::<Ledger>();
            for node in world.core() {
                let enough = ledger.acknowledged(node) + 6;
                while ledger.acknowledged(node) < enough {
                    ledger.judge(&world);
                    world.sleep(Duration::from_millis(50)).await;
                }
            }
            ledger.judge(&world);
            Ok(())
        })
    }
}

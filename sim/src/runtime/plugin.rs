//! The world as a madsim simulator: it is told when a node is killed.

use std::sync::{Arc, OnceLock, Weak};

use madsim::Config;
use madsim::plugin::Simulator;
use madsim::rand::GlobalRng;
use madsim::task::NodeId as MadsimId;
use madsim::time::TimeHandle;

use super::shared::Shared;

/// Registered with the madsim runtime before the run; bound to the world in it.
pub(crate) struct WorldSimulator {
    world: OnceLock<Weak<Shared>>,
}

impl WorldSimulator {
    /// Binds the world. Only the first call counts.
    pub(crate) fn bind(&self, world: &Arc<Shared>) {
        self.world.get_or_init(|| Arc::downgrade(world));
    }
}

impl Simulator for WorldSimulator {
    fn new(_rand: &GlobalRng, _time: &TimeHandle, _config: &Config) -> Self {
        Self {
            world: OnceLock::new(),
        }
    }

    fn reset_node(&self, id: MadsimId) {
        let Some(world) = self.world.get().and_then(Weak::upgrade) else {
            return;
        };
        let now = world.now();
        let remains = {
            let mut state = world.lock();
            state
                .find_madsim(id)
                .and_then(|node| state.crash(now, node, false))
        };
        // Dropped without the lock: destructors of code under test may run.
        drop(remains);
    }
}

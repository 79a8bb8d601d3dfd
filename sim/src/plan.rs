//! The data that a run is a function of.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast::Label;
use steadfast::runtime::NodeId;

use crate::fault::Episode;

/// Everything that decides a run. Printed, stored, edited and shrunk as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: Label,
    /// The seed of every decision about messages, writes and workload.
    pub seed: u64,
    /// The seed of the scheduler, apart from all else.
    pub scheduler_seed: u64,
    /// The nodes and the healthy network between them.
    pub topology: Topology,
    /// What the workload does, in ascending order of time.
    pub operations: Vec<Operation>,
    /// What goes wrong.
    pub episodes: Vec<Episode>,
    /// The bounds.
    pub limits: Limits,
}

/// The nodes of a run and the network between them when nothing is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// How many nodes: `n1` to `nN`. At most [`Topology::NODES_MAX`].
    pub nodes: u32,
    /// The shortest delay of a message.
    pub delay_min: Duration,
    /// The longest delay of a message; delays are uniform between the two.
    pub delay_max: Duration,
}

impl Topology {
    /// The largest cluster that a run simulates.
    pub const NODES_MAX: u32 = 1_000;

    /// `nodes` nodes with delays between 0.5 and 2 milliseconds.
    #[must_use]
    pub const fn new(nodes: u32) -> Self {
        Self {
            nodes,
            delay_min: Duration::from_micros(500),
            delay_max: Duration::from_millis(2),
        }
    }

    /// The ids of all nodes, ascending.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..=self.nodes).map(NodeId)
    }
}

/// One step of a scenario's workload. What the action means is the scenario's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// When, since the start of the run.
    pub at: Duration,
    /// The node that it happens on.
    pub node: NodeId,
    /// What is done, in the scenario's words.
    pub action: Label,
    /// An argument, in the scenario's meaning.
    pub value: u64,
}

/// The bounds of a run. It ends by finishing or by naming the bound it hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How long faults and workload go on, in simulated time.
    pub safety: Duration,
    /// How long the healed core may take to converge, in simulated time.
    pub liveness: Duration,
    /// How long the final graceful stop of a node may take, in simulated time.
    pub stop: Duration,
    /// How many trace records a run may produce.
    pub records_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            safety: Duration::from_secs(10),
            liveness: Duration::from_secs(30),
            stop: Duration::from_secs(60),
            records_max: 2_000_000,
        }
    }
}

/// A plan that cannot be run. No effect; correct the plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The cluster is empty or too large.
    #[error("a plan needs 1 to {} nodes, not {nodes}", Topology::NODES_MAX)]
    Nodes {
        /// How many were asked for.
        nodes: u32,
    },
    /// A number is out of its range.
    #[error("{what} is {value}, but must be {range}")]
    OutOfRange {
        /// Which number.
        what: String,
        /// Its value.
        value: String,
        /// What it must be.
        range: &'static str,
    },
    /// An operation or an episode names a node that the topology does not have.
    #[error("{what} names {node}, but the plan has n1 to n{nodes}")]
    UnknownNode {
        /// What names it.
        what: String,
        /// The node.
        node: NodeId,
        /// How many nodes there are.
        nodes: u32,
    },
}

impl Plan {
    /// A plan without operations and faults.
    #[must_use]
    pub fn new(scenario: impl Into<Label>, seed: u64, nodes: u32) -> Self {
        Self {
            scenario: scenario.into(),
            seed,
            scheduler_seed: seed,
            topology: Topology::new(nodes),
            operations: Vec::new(),
            episodes: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Checks that the plan can be run.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong; see [`PlanError`].
    pub fn validate(&self) -> Result<(), PlanError> {
        let nodes = self.topology.nodes;
        if nodes == 0 || nodes > Topology::NODES_MAX {
            return Err(PlanError::Nodes { nodes });
        }
        if self.topology.delay_min > self.topology.delay_max {
            return Err(PlanError::OutOfRange {
                what: "topology.delay_min".to_owned(),
                value: format!("{:?}", self.topology.delay_min),
                range: "at most topology.delay_max",
            });
        }
        for (index, operation) in self.operations.iter().enumerate() {
            self.check_node(|| format!("operation {index}"), operation.node)?;
        }
        for (index, episode) in self.episodes.iter().enumerate() {
            for node in episode.target.nodes() {
                self.check_node(|| format!("episode {index}"), node)?;
            }
            episode
                .fault
                .validate()
                .map_err(|(what, value, range)| PlanError::OutOfRange {
                    what: format!("episode {index}: {what}"),
                    value,
                    range,
                })?;
        }
        Ok(())
    }

    fn check_node(&self, what: impl Fn() -> String, node: NodeId) -> Result<(), PlanError> {
        let nodes = self.topology.nodes;
        if (1..=nodes).contains(&node.0) {
            Ok(())
        } else {
            Err(PlanError::UnknownNode {
                what: what(),
                node,
                nodes,
            })
        }
    }
}

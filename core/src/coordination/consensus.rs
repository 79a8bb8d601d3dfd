//! Agreement of all participants on one value.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::attempts::{Attempts, passes};
use super::coordinator::Coordinator;
use super::error::ConsensusError;
use super::excerpt::excerpt;
use super::name::Keyspace;
use super::session::Surroundings;
use crate::event::{ConsensusEvent, CoordinationEvent};
use crate::label::Label;
use crate::runtime::Runtime;
use crate::store::{
    Compare, Consistency, Entry, Key, KeyRange, Operation, Read, Reading, Revision, TransactError,
    Transaction, Unavailable, Value,
};

/// The word of agreements in keys.
const RECIPE: &str = "consensus";

/// What is agreed on, for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The value, whoever proposed it.
    pub value: Value,
    /// When that was decided: its place in the log of the store. Of two instances the one
    /// with the lower index was decided first.
    pub index: Revision,
}

impl Decision {
    fn of(entry: Entry) -> Self {
        Self {
            value: entry.value,
            index: entry.create_revision,
        }
    }
}

/// One thing that participants agree on: whoever proposes first has his value chosen,
/// and all others learn that value. Cheap to make, and needs no session.
///
/// - **Agreement**: all who learn a decision learn the same value and the same index, on
///   every node, at any time.
/// - **Validity**: the value was proposed by somebody.
/// - **Integrity**: it is decided once. Proposing again, whether the same or another
///   value, answers what was decided.
/// - **Termination** by the time limit, with the decision if the store answers.
///
/// The agreement is that of the store: as many failures as it survives, this does. The
/// decision stays in the store; its key is not to be deleted, or the instance would be
/// decided again. Take another name for each thing to be agreed on.
///
/// ```
/// # use std::time::Duration;
/// # use steadfast::coordination::{Consensus, Coordinator, CoordinatorOptions};
/// # use steadfast::process::Node;
/// # use steadfast::runtime::{NodeId, tokio::TokioRuntime};
/// # use steadfast::store::LocalStore;
/// # let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # executor.block_on(async {
/// # let node = Node::new(TokioRuntime::builder(NodeId(1)).build()?);
/// let store = LocalStore::start(&node, "store", Default::default())?;
/// let options = CoordinatorOptions::default();
/// let coordinator = Coordinator::start(&node, "coordination", store, options).await?;
///
/// let within = Duration::from_secs(5);
/// let plan = Consensus::new(&coordinator, "plan of today");
/// let decision = plan.propose("a", within).await?;
/// assert_eq!(plan.propose("b", within).await?, decision);
/// # node.stop(Duration::from_secs(1)).await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Consensus<R: Runtime> {
    around: Arc<Surroundings<R>>,
    instance: Label,
    key: Key,
}

impl<R: Runtime> Consensus<R> {
    /// The instance of this name.
    pub fn new(coordinator: &Coordinator<R>, instance: impl Into<Label>) -> Self {
        let (around, instance) = (coordinator.around().clone(), instance.into());
        let key = Keyspace::new(&around.root, RECIPE, &instance).key("decision");
        Self {
            around,
            instance,
            key,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn instance(&self) -> &Label {
        &self.instance
    }

    /// Proposes a value, and answers the one that is decided.
    ///
    /// # Errors
    ///
    /// See [`ConsensusError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves it open whether the value is chosen. Whatever is
    /// decided, the next call answers it.
    pub async fn propose(
        &self,
        value: impl Into<Value>,
        within: Duration,
    ) -> Result<Decision, ConsensusError> {
        let value = value.into();
        let attempts = Attempts::begin(&self.around, within);
        self.announce(ConsensusEvent::Proposed {
            instance: self.instance.clone(),
            value: excerpt(&value),
        });
        let mut proposal = Proposal {
            consensus: self,
            attempts,
            shown: excerpt(&value),
            pending: false,
            over: false,
        };
        let outcome = proposal.run(value).await;
        proposal.over = true;
        match &outcome {
            Ok(decision) => self.committed(decision, &proposal.attempts),
            Err(error) if error.is_timeout() => proposal.over = false,
            Err(error) => self.announce(ConsensusEvent::Aborted {
                instance: self.instance.clone(),
                value: proposal.shown.clone(),
                why: error.to_string().into(),
            }),
        }
        outcome
    }

    /// What is decided, if anything is yet.
    ///
    /// # Errors
    ///
    /// [`Unreadable`](ConsensusError::Unreadable).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn learn(&self, within: Duration) -> Result<Option<Decision>, ConsensusError> {
        let mut attempts = Attempts::begin(&self.around, within);
        let reading = attempts.read("learning a decision", &self.key).await;
        let reading = reading.map_err(|source| ConsensusError::Unreadable {
            instance: self.instance.clone(),
            source,
        })?;
        let decision = reading.into_first().map(Decision::of);
        if let Some(decision) = &decision {
            self.committed(decision, &attempts);
        }
        Ok(decision)
    }

    fn committed(&self, decision: &Decision, attempts: &Attempts<'_, R>) {
        self.announce(ConsensusEvent::Committed {
            instance: self.instance.clone(),
            value: excerpt(&decision.value),
            index: decision.index,
            took: attempts.took(),
        });
    }

    fn announce(&self, event: ConsensusEvent) {
        self.around.announce(CoordinationEvent::Consensus(event));
    }
}

/// One call. Dropped before it is over, it says that the proposer stopped waiting.
struct Proposal<'a, R: Runtime> {
    consensus: &'a Consensus<R>,
    attempts: Attempts<'a, R>,
    /// The value, as facts show it.
    shown: Label,
    /// Whether the value may have been chosen, or may yet be.
    pending: bool,
    over: bool,
}

impl<R: Runtime> Proposal<'_, R> {
    /// Puts the value if there is none yet. However often that is tried, and however late
    /// an attempt comes: only the first value that is put stays.
    async fn run(&mut self, value: Value) -> Result<Decision, ConsensusError> {
        let key = &self.consensus.key;
        let step = Transaction::when([Compare::missing(key)])
            .then([Operation::put(key, &value)])
            .otherwise([Operation::read(key)]);
        loop {
            // Until it is answered, also if the call is dropped meanwhile.
            let before = std::mem::replace(&mut self.pending, true);
            let error = match self.attempts.store().transact(step.clone()).await {
                Ok(done) if done.succeeded => {
                    let index = done.revision;
                    return Ok(Decision { value, index });
                }
                Ok(done) => match done
                    .readings()
                    .next()
                    .cloned()
                    .and_then(Reading::into_first)
                {
                    Some(entry) => return Ok(Decision::of(entry)),
                    None => stray(key),
                },
                Err(error) => error,
            };
            self.pending = before || matches!(error, TransactError::Unknown(_));
            if let Some(decision) = self.known_here().await {
                return Ok(decision);
            }
            if !self.attempts.go_on("proposing a value", &error).await {
                return Err(self.given_up(error));
            }
        }
    }

    /// What is decided as far as the asked node of the store knows: it need not reach
    /// others for that, and a decision that it knows is final.
    async fn known_here(&self) -> Option<Decision> {
        let read = Read::new(KeyRange::key(&self.consensus.key)).consistency(Consistency::Local);
        let reading = self.attempts.store().read(read).await;
        // If it cannot say, the trouble that led here counts.
        reading.ok()?.into_first().map(Decision::of)
    }

    fn given_up(&self, source: TransactError) -> ConsensusError {
        let instance = self.consensus.instance.clone();
        let pending = self.pending;
        if pending || passes(&source) {
            return ConsensusError::TimedOut {
                instance,
                waited: self.attempts.took(),
                pending,
                source,
            };
        }
        ConsensusError::Aborted { instance, source }
    }
}

/// The value is there, and the same step did not find it.
fn stray(key: &Key) -> TransactError {
    let reason = format!("a step found {key} both there and missing");
    Unavailable::Failed { reason }.into()
}

impl<R: Runtime> Drop for Proposal<'_, R> {
    fn drop(&mut self) {
        if !self.over {
            self.consensus.announce(ConsensusEvent::TimedOut {
                instance: self.consensus.instance.clone(),
                value: self.shown.clone(),
                waited: self.attempts.took(),
                pending: self.pending,
            });
        }
    }
}

impl<R: Runtime> Clone for Consensus<R> {
    fn clone(&self) -> Self {
        Self {
            around: self.around.clone(),
            instance: self.instance.clone(),
            key: self.key.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for Consensus<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consensus")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

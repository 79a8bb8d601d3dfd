//! Agreements as proposers use them, whoever decides.

use std::time::Duration;

use steadfast::Label;
use steadfast::coordination::{Consensus, Coordinator};
use steadfast::event::{ConsensusEvent, CoordinationEvent, Event};
use steadfast::runtime::{Clock as _, Observer as _, Timestamp};
use steadfast::store::{
    Compare, Consistency, KeyRange, Operation, Read, Reading, Revision, Store, TransactError,
    Transaction,
};
use steadfast_sim::SimRuntime;

/// How long a decider by clocks waits for others.
const OTHERS: Duration = Duration::from_millis(60);

/// What is wrong with a decider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misjudgement {
    /// It looks whether its own node knows of a decision, and decides by itself if not.
    TrustsItsView,
    /// It decides for whoever proposed first, by the clocks of the proposers.
    TrustsClocks,
    /// It takes a proposal of unknown outcome for one that came to nothing.
    TakesUnknownForNothing,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decider {
    /// The library.
    Recipe,
    /// Somebody else, with one flaw.
    Homemade(Misjudgement),
}

impl Decider {
    /// Proposes a value, for `within` at most. Whether a decision is known then.
    pub(super) async fn propose(
        self,
        coordinator: &Coordinator<SimRuntime>,
        instance: &str,
        value: &str,
        within: Duration,
    ) -> bool {
        match self {
            Self::Recipe => {
                let consensus = Consensus::new(coordinator, instance);
                consensus.propose(value, within).await.is_ok()
            }
            Self::Homemade(misjudgement) => {
                let runtime = coordinator.node().runtime();
                let proposal = Homemade {
                    store: coordinator.store(),
                    runtime,
                    instance,
                    value,
                    began: runtime.now(),
                };
                proposal.decide(misjudgement).await
            }
        }
    }

    /// Asks what is decided, for `within` at most. Whether it was answered.
    pub(super) async fn learn(
        self,
        coordinator: &Coordinator<SimRuntime>,
        instance: &str,
        within: Duration,
    ) -> bool {
        match self {
            Self::Recipe => {
                let consensus = Consensus::new(coordinator, instance);
                consensus.learn(within).await.is_ok()
            }
            // Who proposes learns.
            Self::Homemade(_) => true,
        }
    }
}

/// A proposal written by hand, announcing what it does as the right one would.
struct Homemade<'a> {
    store: &'a Store,
    runtime: &'a SimRuntime,
    instance: &'a str,
    value: &'a str,
    began: Timestamp,
}

impl Homemade<'_> {
    fn announce(&self, event: ConsensusEvent) {
        let event = Event::Coordination(CoordinationEvent::Consensus(event));
        self.runtime.observe(&event);
    }

    fn committed(&self, value: &str, index: Revision) -> bool {
        self.announce(ConsensusEvent::Committed {
            instance: self.instance.into(),
            value: value.into(),
            index,
            took: self.runtime.now().since(self.began),
        });
        true
    }

    fn aborted(&self, why: &str) -> bool {
        self.announce(ConsensusEvent::Aborted {
            instance: self.instance.into(),
            value: self.value.into(),
            why: why.into(),
        });
        false
    }

    /// The store did not do what was asked.
    fn failed(&self, error: &TransactError) -> bool {
        if !matches!(error, TransactError::Unknown(_)) {
            return self.aborted("refused");
        }
        self.announce(ConsensusEvent::TimedOut {
            instance: self.instance.into(),
            value: self.value.into(),
            waited: self.runtime.now().since(self.began),
            pending: true,
        });
        false
    }

    async fn decide(&self, misjudgement: Misjudgement) -> bool {
        self.announce(ConsensusEvent::Proposed {
            instance: self.instance.into(),
            value: Label::from(self.value),
        });
        match misjudgement {
            Misjudgement::TrustsItsView => self.by_view().await,
            Misjudgement::TrustsClocks => self.by_clocks().await,
            Misjudgement::TakesUnknownForNothing => self.hastily().await,
        }
    }

    async fn by_view(&self) -> bool {
        let key = format!("homemade/{}", self.instance);
        let read = Read::new(KeyRange::key(key.as_str())).consistency(Consistency::Local);
        let known = self.store.read(read).await.map(Reading::into_first);
        if let Ok(Some(entry)) = known {
            return self.committed(&entry.value.to_string(), entry.create_revision);
        }
        match self.store.put(key, self.value).await {
            Ok(index) => self.committed(self.value, index),
            Err(error) => self.failed(&error),
        }
    }

    async fn by_clocks(&self) -> bool {
        let all = format!("homemade/{}/", self.instance);
        let said = format!("{} {}", self.runtime.unix_time().as_micros(), self.value);
        let own = format!("{all}{}", self.value);
        if let Err(error) = self.store.put(own, said).await {
            return self.failed(&error);
        }
        self.runtime.sleep(OTHERS).await;
        let Ok(found) = self.store.read(Read::new(KeyRange::prefix(all))).await else {
            return false;
        };
        let first = found.entries.iter().filter_map(|entry| {
            let said = entry.value.to_string();
            let (time, value) = said.split_once(' ')?;
            let time: u128 = time.parse().ok()?;
            Some((time, value.to_owned(), entry.create_revision))
        });
        let first = first.min();
        first.is_some_and(|(_, value, index)| self.committed(&value, index))
    }

    async fn hastily(&self) -> bool {
        let key = format!("homemade/{}", self.instance);
        let change = Transaction::when([Compare::missing(key.as_str())])
            .then([Operation::put(key.as_str(), self.value)])
            .otherwise([Operation::read(key.as_str())]);
        match self.store.transact(change).await {
            Ok(done) if done.succeeded => self.committed(self.value, done.revision),
            Ok(done) => {
                let reading = done.readings().next().cloned();
                let entry = reading.and_then(Reading::into_first);
                entry.is_some_and(|entry| {
                    self.committed(&entry.value.to_string(), entry.create_revision)
                })
            }
            Err(_) => self.aborted("the store did not answer"),
        }
    }
}

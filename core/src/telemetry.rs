//! Every fact as a `tracing` event with stable names.
//!
//! One fact is one event with the target `steadfast`. Its field `event` says which
//! fact it is, `node` and `incarnation` whose, and the other fields are those of
//! the [`Event`], flat and under the same names: identities, names and reasons as
//! text, counts as numbers, times in milliseconds under a name that ends in `_ms`.
//! Fields without a value are left out.
//!
//! | `event` | level | fields |
//! |---|---|---|
//! | `process.spawned` | debug | `process parent path` |
//! | `process.exited` | debug; warn for an error or a panic | `process reason` |
//! | `process.message_discarded` | warn | `process discarded` |
//! | `supervisor.started` | debug | `supervisor strategy intensity period_ms auto_shutdown dynamic` |
//! | `supervisor.reconfigured` | info | `supervisor strategy intensity period_ms auto_shutdown` |
//! | `supervisor.intensity_exceeded` | error | `supervisor child in_window` |
//! | `supervisor.auto_shutdown` | info | `supervisor child` |
//! | `supervisor.stopping` | debug | `supervisor reason` |
//! | `supervisor.stopped` | debug | `supervisor` |
//! | `child.added` | debug | `supervisor child index restart shutdown significant` |
//! | `child.removed` | debug | `supervisor child` |
//! | `child.started` | debug | `supervisor child process starts` |
//! | `child.start_failed` | warn | `supervisor child reason` |
//! | `child.ignored` | debug | `supervisor child` |
//! | `child.exited` | debug | `supervisor child process reason expected` |
//! | `child.restart_scheduled` | warn | `supervisor child delay_ms in_window` |
//! | `child.restart_cancelled` | info | `supervisor child` |
//! | `child.stopping` | debug | `supervisor child process shutdown` |
//! | `child.killed` | warn | `supervisor child process` |
//! | `child.limit_exceeded` | error | `supervisor child in_window` |
//! | `boot.planned` | debug | `order` |
//! | `boot.phase_started` | info | `phase` |
//! | `boot.service_started` | info | `service process` |
//! | `boot.service_stopped` | info | `service` |
//! | `boot.dependent_restarted` | warn | `service dependency` |
//! | `boot.health_changed` | info to healthy, else warn | `service from to detail` |
//! | `boot.completed` | info | |
//! | `boot.failed` | error | `service reason` |
//! | `failure.delivered` | debug | `failure process what` |
//! | `failure.settled` | debug | `failure how` |
//! | `failure.dropped` | error | `failure what` |
//! | `failure.incident` | warn or error, as its severity | `failure what` |
//! | `member.up` | info | `member` |
//! | `member.suspected` | info | `member` |
//! | `member.refuted` | info | `member` |
//! | `member.down` | warn | `member` |
//! | `member.left` | info | `member` |
//! | `membership.identity_renewed` | warn | `member generation` |
//! | `membership.departed` | info | `member` |
//! | `membership.foreign_cluster` | warn | `peer` |
//!
//! While nobody listens an event costs one comparison.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::event::{
    BootEvent, Event, FailureEvent, HealthStatus, MembershipEvent, ProcessEvent, SupervisionEvent,
};
use crate::failure::{Settlement, Severity};
use crate::process::ExitReason;
use crate::runtime::{Incarnation, NodeId};
use crate::supervision::{AutoShutdown, Restart, ShutdownPolicy, Strategy};

/// Emits one fact of one incarnation of a node.
pub(crate) fn emit(node: NodeId, incarnation: Incarnation, event: &Event) {
    if LevelFilter::current() == LevelFilter::OFF {
        return;
    }
    let source = Source(node, incarnation);
    match event {
        Event::Process(event) => process(source, event),
        Event::Supervision(event) => supervision(source, event),
        Event::Boot(event) => boot(source, event),
        Event::Failure(event) => failure(source, event),
        Event::Membership(event) => membership(source, event),
    }
}

/// Whose fact it is.
#[derive(Clone, Copy)]
struct Source(NodeId, Incarnation);

/// Emits one `tracing` event.
macro_rules! emit {
    ($source:ident $level:ident $name:literal $($fields:tt)*) => {
        tracing::$level!(
            target: "steadfast",
            event = $name,
            node = %$source.0,
            incarnation = $source.1.0,
            $($fields)*
        )
    };
}

/// A table from facts to `tracing` events. Exhaustive, as a `match` is.
macro_rules! facts {
    ($source:ident, $event:expr; $($fact:pat => $level:ident $name:literal ($($fields:tt)*);)*) => {
        match $event { $($fact => emit!($source $level $name $($fields)*),)* }
    };
}

fn process(source: Source, event: &ProcessEvent) {
    use ProcessEvent as P;
    facts! { source, event;
        P::Spawned { process, parent, path } => debug "process.spawned"
            (%process, parent = parent.map(tracing::field::display), %path);
        P::Exited { process, reason: reason @ (ExitReason::Error(_) | ExitReason::Panic(_)) } =>
            warn "process.exited" (%process, %reason);
        P::Exited { process, reason } => debug "process.exited" (%process, %reason);
        P::MessageDiscarded { process, discarded } => warn "process.message_discarded"
            (%process, discarded);
    }
}

fn supervision(source: Source, event: &SupervisionEvent) {
    use SupervisionEvent as S;
    facts! { source, event;
        S::SupervisorStarted { supervisor, strategy, intensity, period, auto_shutdown, dynamic } =>
            debug "supervisor.started"
            (%supervisor, strategy = strategy_word(*strategy), intensity,
             period_ms = milliseconds(*period), auto_shutdown = auto_shutdown_word(*auto_shutdown),
             dynamic);
        S::SupervisorReconfigured { supervisor, strategy, intensity, period, auto_shutdown } =>
            info "supervisor.reconfigured"
            (%supervisor, strategy = strategy_word(*strategy), intensity,
             period_ms = milliseconds(*period), auto_shutdown = auto_shutdown_word(*auto_shutdown));
        S::IntensityExceeded { supervisor, child, in_window } => error "supervisor.intensity_exceeded"
            (%supervisor, %child, in_window);
        S::AutoShutdown { supervisor, child } => info "supervisor.auto_shutdown"
            (%supervisor, %child);
        S::SupervisorStopping { supervisor, reason } => debug "supervisor.stopping"
            (%supervisor, %reason);
        S::SupervisorStopped { supervisor } => debug "supervisor.stopped" (%supervisor);
        S::ChildAdded { supervisor, child, index, restart, shutdown, significant } =>
            debug "child.added"
            (%supervisor, %child, index, restart = restart_word(*restart),
             shutdown = shutdown_words(*shutdown), significant);
        S::ChildRemoved { supervisor, child } => debug "child.removed" (%supervisor, %child);
        S::ChildStarted { supervisor, child, process, starts } => debug "child.started"
            (%supervisor, %child, %process, starts);
        S::ChildStartFailed { supervisor, child, reason } => warn "child.start_failed"
            (%supervisor, %child, %reason);
        S::ChildIgnored { supervisor, child } => debug "child.ignored" (%supervisor, %child);
        S::ChildExited { supervisor, child, process, reason, expected } => debug "child.exited"
            (%supervisor, %child, %process, %reason, expected);
        S::RestartScheduled { supervisor, child, delay, in_window } => warn "child.restart_scheduled"
            (%supervisor, %child, delay_ms = milliseconds(*delay), in_window);
        S::RestartCancelled { supervisor, child } => info "child.restart_cancelled"
            (%supervisor, %child);
        S::ChildStopping { supervisor, child, process, shutdown } => debug "child.stopping"
            (%supervisor, %child, %process, shutdown = shutdown_words(*shutdown));
        S::ChildKilled { supervisor, child, process } => warn "child.killed"
            (%supervisor, %child, %process);
        S::ChildLimitExceeded { supervisor, child, in_window } => error "child.limit_exceeded"
            (%supervisor, %child, in_window);
    }
}

fn boot(source: Source, event: &BootEvent) {
    use BootEvent as B;
    facts! { source, event;
        B::Planned { order } => debug "boot.planned" (order = order.join(" "));
        B::PhaseStarted { phase } => info "boot.phase_started" (%phase);
        B::ServiceStarted { service, process } => info "boot.service_started" (%service, %process);
        B::ServiceStopped { service } => info "boot.service_stopped" (%service);
        B::DependentRestarted { service, dependency } => warn "boot.dependent_restarted"
            (%service, %dependency);
        B::HealthChanged { service, from, to: HealthStatus::Healthy, detail } =>
            info "boot.health_changed"
            (%service, from = health_word(*from), to = health_word(HealthStatus::Healthy), %detail);
        B::HealthChanged { service, from, to, detail } => warn "boot.health_changed"
            (%service, from = health_word(*from), to = health_word(*to), %detail);
        B::Completed => info "boot.completed" ();
        B::Failed { service, reason } => error "boot.failed" (%service, %reason);
    }
}

fn failure(source: Source, event: &FailureEvent) {
    use FailureEvent as F;
    facts! { source, event;
        F::Delivered { failure, process, what } => debug "failure.delivered"
            (%failure, process = process.map(tracing::field::display), %what);
        F::Settled { failure, how } => debug "failure.settled"
            (%failure, how = settlement_word(*how));
        F::Dropped { failure, what } => error "failure.dropped" (%failure, %what);
        F::Incident { severity: Severity::Warning, failure, what } => warn "failure.incident"
            (failure = failure.map(tracing::field::display), %what);
        F::Incident { severity: Severity::Error, failure, what } => error "failure.incident"
            (failure = failure.map(tracing::field::display), %what);
    }
}

fn membership(source: Source, event: &MembershipEvent) {
    use MembershipEvent as M;
    facts! { source, event;
        M::MemberUp { member } => info "member.up" (%member);
        M::MemberSuspected { member } => info "member.suspected" (%member);
        M::MemberRefuted { member } => info "member.refuted" (%member);
        M::MemberDown { member } => warn "member.down" (%member);
        M::MemberLeft { member } => info "member.left" (%member);
        M::IdentityRenewed { member, generation } => warn "membership.identity_renewed"
            (%member, generation);
        M::Departed { member } => info "membership.departed" (%member);
        M::ForeignCluster { peer } => warn "membership.foreign_cluster" (%peer);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const fn strategy_word(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::OneForOne => "one_for_one",
        Strategy::OneForAll => "one_for_all",
        Strategy::RestForOne => "rest_for_one",
        Strategy::DependentsForOne => "dependents_for_one",
    }
}

const fn auto_shutdown_word(auto_shutdown: AutoShutdown) -> &'static str {
    match auto_shutdown {
        AutoShutdown::Never => "never",
        AutoShutdown::AnySignificant => "any_significant",
        AutoShutdown::AllSignificant => "all_significant",
    }
}

const fn restart_word(restart: Restart) -> &'static str {
    match restart {
        Restart::Permanent => "permanent",
        Restart::Transient => "transient",
        Restart::Temporary => "temporary",
    }
}

fn shutdown_words(shutdown: ShutdownPolicy) -> String {
    match shutdown {
        ShutdownPolicy::Brutal => "brutal".to_owned(),
        ShutdownPolicy::Timeout(limit) => format!("timeout {} ms", milliseconds(limit)),
        ShutdownPolicy::Infinite => "infinite".to_owned(),
    }
}

const fn health_word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Healthy => "healthy",
        HealthStatus::Degraded => "degraded",
        HealthStatus::Unhealthy => "unhealthy",
    }
}

const fn settlement_word(how: Settlement) -> &'static str {
    match how {
        Settlement::Returned => "returned",
        Settlement::Escalated => "escalated",
        Settlement::Reported => "reported",
        Settlement::EndedWithHolder => "ended_with_holder",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Level, Metadata, Subscriber};

    use super::*;
    use crate::failure::FailureId;
    use crate::process::ProcessId;

    #[derive(Debug, PartialEq)]
    struct Seen {
        level: Level,
        target: &'static str,
        fields: BTreeMap<&'static str, String>,
    }

    impl Visit for Seen {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.fields.insert(field.name(), format!("{value:?}"));
        }

        fn record_str(&mut self, field: &Field, value: &str) {
            self.fields.insert(field.name(), value.to_owned());
        }
    }

    struct Collector {
        level_max: Level,
        seen: Arc<Mutex<Vec<Seen>>>,
    }

    impl Subscriber for Collector {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() <= self.level_max
        }

        fn event(&self, event: &tracing::Event<'_>) {
            let metadata = event.metadata();
            let mut seen = Seen {
                level: *metadata.level(),
                target: metadata.target(),
                fields: BTreeMap::new(),
            };
            event.record(&mut seen);
            self.seen.lock().unwrap().push(seen);
        }

        fn new_span(&self, _span: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _span: &Id, _values: &Record<'_>) {}
        fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
        fn enter(&self, _span: &Id) {}
        fn exit(&self, _span: &Id) {}
    }

    const PROCESS: ProcessId = ProcessId {
        node: NodeId(1),
        incarnation: Incarnation(2),
        local: 7,
    };

    fn collect(level_max: Level, events: &[Event]) -> Vec<Seen> {
        let seen = Arc::default();
        let collector = Collector {
            level_max,
            seen: Arc::clone(&seen),
        };
        tracing::subscriber::with_default(collector, || {
            for event in events {
                emit(NodeId(1), Incarnation(2), event);
            }
        });
        std::mem::take(&mut *seen.lock().unwrap())
    }

    fn spawned(parent: Option<ProcessId>) -> Event {
        Event::Process(ProcessEvent::Spawned {
            process: PROCESS,
            parent,
            path: "root/worker".into(),
        })
    }

    fn restart() -> Event {
        Event::Supervision(SupervisionEvent::RestartScheduled {
            supervisor: PROCESS,
            child: "worker".into(),
            delay: Duration::from_millis(250),
            in_window: 3,
        })
    }

    fn incident(severity: Severity, failure: Option<FailureId>) -> Event {
        Event::Failure(FailureEvent::Incident {
            severity,
            failure,
            what: "n2 is unreachable".into(),
        })
    }

    /// The fields of one event, sorted by name, without those that all events have.
    fn fields(seen: &Seen) -> String {
        let common = ["node", "incarnation"];
        let own = seen
            .fields
            .iter()
            .filter(|(name, _)| !common.contains(name));
        let own = own.map(|(name, value)| format!("{name}={value}"));
        own.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_documented_table_names_every_event_and_no_other() {
        let source = include_str!("telemetry.rs");
        let (source, _) = source.split_once("#[cfg(test)]").unwrap();
        let names = |start: &str, end: char| -> BTreeSet<&str> {
            let names = source.split(start).skip(1);
            let names = names.filter_map(|rest| rest.split_once(end));
            let names = names.map(|(name, _)| name);
            names.filter(|name| name.contains('.')).collect()
        };
        let documented = names("//! | `", '`');
        let emitted =
            [" debug \"", " info \"", " warn \"", " error \""].map(|level| names(level, '"'));
        assert!(documented.len() > 20, "{documented:?}");
        assert_eq!(documented, emitted.into_iter().flatten().collect());
    }

    #[test]
    fn a_fact_is_one_event_with_flat_stable_fields() {
        let seen = collect(Level::TRACE, &[restart()]);
        let [seen] = &seen[..] else {
            panic!("{seen:?}");
        };
        assert_eq!((seen.level, seen.target), (Level::WARN, "steadfast"));
        assert_eq!(seen.fields["node"], "n1");
        assert_eq!(seen.fields["incarnation"], "2");
        assert_eq!(
            fields(seen),
            "child=worker delay_ms=250 event=child.restart_scheduled in_window=3 \
             supervisor=<n1.2.7>"
        );
    }

    #[test]
    fn a_field_without_a_value_is_left_out() {
        let seen = collect(Level::TRACE, &[spawned(None), spawned(Some(PROCESS))]);
        assert_eq!(
            fields(&seen[0]),
            "event=process.spawned path=root/worker process=<n1.2.7>"
        );
        assert_eq!(seen[1].fields["parent"], "<n1.2.7>");
    }

    #[test]
    fn levels_follow_how_bad_a_fact_is() {
        let exited = |reason| {
            Event::Process(ProcessEvent::Exited {
                process: PROCESS,
                reason,
            })
        };
        let exceeded = Event::Supervision(SupervisionEvent::IntensityExceeded {
            supervisor: PROCESS,
            child: "worker".into(),
            in_window: 4,
        });
        let cases = [
            (exited(ExitReason::Normal), Level::DEBUG),
            (exited(ExitReason::Killed), Level::DEBUG),
            (exited(ExitReason::Panic("boom".into())), Level::WARN),
            (restart(), Level::WARN),
            (exceeded, Level::ERROR),
            (incident(Severity::Warning, None), Level::WARN),
            (incident(Severity::Error, None), Level::ERROR),
            (Event::Boot(BootEvent::Completed), Level::INFO),
        ];
        for (event, level) in cases {
            let seen = collect(Level::TRACE, std::slice::from_ref(&event));
            assert_eq!(seen[0].level, level, "{event:?}");
        }
    }

    #[test]
    fn facts_below_the_level_of_the_subscriber_are_not_recorded() {
        let seen = collect(Level::WARN, &[spawned(None), restart()]);
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].fields["event"], "child.restart_scheduled");
    }
}

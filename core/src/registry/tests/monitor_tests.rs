//! Claims about the monitor and its fail-over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::naive::{Faults, Naive};
use super::stage::{Stage, play_naive};
use crate::event::{Event, FailureEvent, HealthStatus, RegistryEvent};
use crate::registry::{
    BackendConfig, BackendSpec, FailOver, Keys, MonitorConfig, Registration, Registry,
    RegistryConfig,
};
use crate::runtime::Clock;
use crate::supervision::{Strategy, Supervisor, SupervisorSpec};
use crate::testing::TestRuntime;

const SECOND: Duration = Duration::from_secs(1);

async fn monitored(stage: &Stage, monitor: MonitorConfig) -> (Arc<Faults>, Registry<TestRuntime>) {
    let faults = Arc::new(Faults::default());
    let own = faults.clone();
    let spec = BackendSpec::new(|_, host| Naive::with(host, own));
    let config = RegistryConfig::new()
        .scope("names", Keys::Unique)
        .monitor(monitor);
    let registry = Registry::new_on(&stage.node, "monitored", spec, config);
    let registry = registry.await.unwrap();
    let spec = SupervisorSpec::new(Strategy::OneForOne).child(registry.child_spec());
    Supervisor::start(&stage.node, "top", spec).await.unwrap();
    (faults, registry)
}

fn turns(stage: &Stage) -> Vec<(HealthStatus, HealthStatus)> {
    let facts = stage.facts().into_iter();
    let turns = facts.filter_map(|fact| {
        if let RegistryEvent::BackendHealthChanged { from, to, .. } = fact {
            Some((from, to))
        } else {
            None
        }
    });
    turns.collect()
}

fn incidents(stage: &Stage) -> Vec<String> {
    let events = stage.node.runtime().events().into_iter();
    let incidents = events.filter_map(|event| {
        if let Event::Failure(FailureEvent::Incident { what, .. }) = event {
            Some(what.to_string())
        } else {
            None
        }
    });
    incidents
        .filter(|what| what.contains("fail-over"))
        .collect()
}

#[test]
fn a_change_of_health_is_announced_once_and_only_after_so_many_looks() {
    play_naive(|stage| async move {
        let (faults, registry) = monitored(&stage, MonitorConfig::new()).await;
        let runtime = stage.node.runtime().clone();
        use HealthStatus::{Healthy, Unhealthy};
        faults.report(Unhealthy);
        runtime.sleep(SECOND * 5 / 2).await;
        assert_eq!(turns(&stage), []);
        runtime.sleep(SECOND * 3).await;
        assert_eq!(turns(&stage), [(Healthy, Unhealthy)]);
        faults.report(Healthy);
        runtime.sleep(SECOND * 5).await;
        assert_eq!(turns(&stage), [(Healthy, Unhealthy), (Unhealthy, Healthy)]);
        assert_eq!(registry.backend_kind(), "naive");
    });
}

#[test]
fn a_backend_that_says_it_is_well_and_does_nothing_is_found_out() {
    play_naive(|stage| async move {
        let (faults, registry) = monitored(&stage, MonitorConfig::new()).await;
        faults.no_change.store(true, Ordering::SeqCst);
        let process = stage.idler();
        for _ in 0..10 {
            let wanted = Registration::new("names", "a", process);
            registry.register(wanted).await.unwrap_err();
            stage.node.runtime().sleep(SECOND / 2).await;
        }
        use HealthStatus::{Healthy, Unhealthy};
        assert_eq!(turns(&stage).first(), Some(&(Healthy, Unhealthy)));
    });
}

#[test]
fn fail_over_goes_to_a_backend_that_holds_everything() {
    play_naive(|stage| async move {
        let fail_over = FailOver::to(BackendConfig::partitioned(2));
        let monitor = MonitorConfig::new().fail_over(fail_over);
        let (faults, registry) = monitored(&stage, monitor).await;
        let process = stage.idler();
        let wanted = Registration::new("names", "a", process);
        registry.register(wanted).await.unwrap();
        faults.report(HealthStatus::Unhealthy);
        stage.node.runtime().sleep(SECOND * 4).await;
        assert_eq!(registry.backend_kind(), "partitioned");
        assert_eq!(registry.whereis("names", "a"), Ok(Some(process)));
        stage.end(process).await;
        assert_eq!(registry.whereis("names", "a"), Ok(None));
        assert_eq!(incidents(&stage), Vec::<String>::new());
    });
}

#[test]
fn a_fail_over_that_would_lose_something_is_refused_and_an_incident_says_so() {
    play_naive(|stage| async move {
        let fail_over = FailOver::to(BackendConfig::memory());
        let monitor = MonitorConfig::new().fail_over(fail_over);
        let (faults, registry) = monitored(&stage, monitor).await;
        let process = stage.idler();
        let wanted = Registration::new("names", "a", process);
        registry.register(wanted).await.unwrap();
        faults.no_export.store(true, Ordering::SeqCst);
        faults.report(HealthStatus::Unhealthy);
        stage.node.runtime().sleep(SECOND * 7 / 2).await;
        assert_eq!(registry.backend_kind(), "naive");
        assert_eq!(registry.whereis("names", "a"), Ok(Some(process)));
        let incidents = incidents(&stage);
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        assert!(incidents[0].contains("export refused"), "{incidents:?}");
        faults.no_export.store(false, Ordering::SeqCst);
        stage.node.runtime().sleep(SECOND).await;
        assert_eq!(registry.backend_kind(), "memory");
        assert_eq!(registry.whereis("names", "a"), Ok(Some(process)));
    });
}

//! Claims about clearing a scope.

use std::time::Duration;

use super::stage::{LIMIT, play};
use crate::process::{Context, ProcessSpec};
use crate::registry::{Cleared, Keys, Query, Registration, RegistryError};
use crate::runtime::Clock;
use crate::testing::TestRuntime;

#[test]
fn a50_a_cleared_scope_is_gone_with_everybody_in_it_and_nothing_else_is() {
    play(|stage| async move {
        let registry = &stage.registry;
        registry.open_scope("test", Keys::Unique).await.unwrap();
        let quick = [stage.idler(), stage.idler()];
        let bystander = stage.idler();
        let deaf = |_context: Context<TestRuntime>| std::future::pending::<()>();
        let spec = ProcessSpec::new("deaf").trap_exit(true);
        let deaf = [
            stage.node.start(spec.clone(), deaf).unwrap(),
            stage.node.start(spec, deaf).unwrap(),
        ];
        for (number, process) in quick.into_iter().chain(deaf).enumerate() {
            stage.register("test", &number.to_string(), process).await;
            stage.register("names", &number.to_string(), process).await;
        }
        stage.register("names", "bystander", bystander).await;
        let runtime = stage.node.runtime().clone();
        let (begun, limit) = (runtime.now(), Duration::from_secs(2));
        let cleared = registry.clear_scope("test", limit).await;
        let expected = Cleared {
            stopped: 2,
            killed: 2,
            entries: 4,
        };
        assert_eq!(cleared, Ok(expected));
        // Those who do not listen are waited for side by side.
        assert_eq!(runtime.now().since(begun), limit);
        for process in quick.into_iter().chain(deaf) {
            assert!(!stage.node.is_alive(process));
        }
        assert!(stage.node.is_alive(bystander));
        let gone = registry.count("test", &Query::all());
        assert!(matches!(gone, Err(RegistryError::UnknownScope { .. })));
        assert_eq!(registry.names("names").unwrap(), ["bystander"]);
        assert_eq!(registry.audit(), Vec::<crate::Label>::new());
        let again = registry.clear_scope("test", limit).await;
        assert!(matches!(again, Err(RegistryError::UnknownScope { .. })));
    });
}

#[test]
fn a50_clearing_ends_though_others_register_all_the_time() {
    play(|stage| async move {
        let registry = stage.registry.clone();
        registry.open_scope("test", Keys::Duplicate).await.unwrap();
        let (node, own) = (stage.node.clone(), registry.clone());
        let busy = stage.beside(async move {
            let mut processes = Vec::new();
            loop {
                let body = |_context| std::future::pending::<()>();
                let process = node.start(ProcessSpec::new("late"), body).unwrap();
                let wanted = Registration::new("test", "late", process);
                match own.register(wanted).await {
                    Ok(_) => processes.push(process),
                    Err(_) => return processes,
                }
                node.runtime().sleep(Duration::from_millis(1)).await;
            }
        });
        let runtime = stage.node.runtime().clone();
        runtime.sleep(Duration::from_millis(10)).await;
        let begun = runtime.now();
        registry.clear_scope("test", LIMIT).await.unwrap();
        assert!(runtime.now().since(begun) <= LIMIT);
        for process in busy.result().await.unwrap() {
            assert!(!stage.node.is_alive(process), "{process} was left");
        }
    });
}

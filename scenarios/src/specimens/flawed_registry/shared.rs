//! The registry that several nodes share, with one flaw.

use std::sync::Arc;
use std::time::Duration;

use steadfast::process::{Context, ExitReason, Node};
use steadfast::registry::replicated::Replicated;
use steadfast::registry::{Backend as _, Key, Registration};
use steadfast::runtime::Clock as _;
use steadfast::supervision::ChildSpec;
use steadfast_sim::SimRuntime;

use super::backend::Flawed;
use super::flaw::Flaw;
use super::tap::Tap;
use crate::registry::{Opened, Setup, replicated_behind};

/// How often a node puts back what it has not forgotten.
const PACE: Duration = Duration::from_millis(300);

/// Opens a replicated registry with one flaw.
pub(super) fn open(node: &Node<SimRuntime>, setup: &Setup, flaw: Flaw) -> Result<Opened, String> {
    let mut behind = None;
    // Who lost a name must be there to get it back.
    let losers_live = setup.losers_live || flaw == Flaw::Resurrection;
    let mut opened = replicated_behind(node, setup, losers_live, None, |host, make| {
        let tap = Arc::new(Tap::new(host, flaw));
        let right = Arc::new(make(tap.clone()));
        behind = Some((right.clone(), tap.clone()));
        Flawed::around(right, tap, flaw)
    })?;
    if let Some((right, tap)) = behind.filter(|_| flaw == Flaw::Resurrection) {
        let body = move |context| revive(context, right.clone(), tap.clone());
        opened.children.push(ChildSpec::worker("revival", body));
    }
    Ok(opened)
}

/// Registers losers again and again, until the name is free.
async fn revive(context: Context<SimRuntime>, right: Arc<Replicated>, tap: Arc<Tap>) -> ExitReason {
    context.ready();
    loop {
        context.runtime().sleep(PACE).await;
        for (Key { scope, name }, loser) in tap.losers() {
            let again = Registration::new(scope, name, loser);
            right.register(again).now().ok();
        }
    }
}

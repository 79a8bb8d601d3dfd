//! How a backend is made, and which processes it needs.

use std::fmt;
use std::sync::Arc;

use super::backend::{Backend, SharedHost};
use crate::process::Node;
use crate::runtime::Runtime;
use crate::supervision::ChildSpec;

/// A backend that was made, with the child that drives it.
pub(super) struct Fitted<R: Runtime> {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) driver: Option<ChildSpec<R>>,
}

/// Makes a backend, given its host.
type Make<R> = Box<dyn FnOnce(&Node<R>, SharedHost) -> Fitted<R> + Send>;

/// How a backend is made, and which child drives it if it needs one, such as one that
/// talks to other nodes.
///
/// The child is run by the supervisor of the registry, and never holds what the backend
/// stores: one that crashes is restarted, and nothing is lost.
pub struct BackendSpec<R: Runtime>(Make<R>);

impl<R: Runtime> BackendSpec<R> {
    /// A backend that needs no process.
    pub fn new<B: Backend + 'static>(
        make: impl FnOnce(&Node<R>, SharedHost) -> B + Send + 'static,
    ) -> Self {
        Self(Box::new(|node, host| Fitted {
            backend: Arc::new(make(node, host)),
            driver: None,
        }))
    }

    /// A backend and the child that drives it, a permanent one. The child is started
    /// once the backend is in charge, and stopped once it is so no more.
    pub fn driven<B: Backend + 'static>(
        make: impl FnOnce(&Node<R>, SharedHost) -> (Arc<B>, ChildSpec<R>) + Send + 'static,
    ) -> Self {
        Self(Box::new(|node, host| {
            let (backend, driver) = make(node, host);
            Fitted {
                backend,
                driver: Some(driver),
            }
        }))
    }

    pub(super) fn make(self, node: &Node<R>, host: SharedHost) -> Fitted<R> {
        (self.0)(node, host)
    }
}

impl<R: Runtime> fmt::Debug for BackendSpec<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackendSpec(..)")
    }
}

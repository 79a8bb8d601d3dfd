//! What can go wrong with the boot of a node's services.

use crate::label::Label;

/// A set of services cannot be put in order. Nothing was started; a retry with the
/// same declaration cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Two phases have the same name.
    #[error("phase `{phase}` is declared twice")]
    DuplicatePhase {
        /// The phase.
        phase: Label,
    },
    /// Two services have the same name.
    #[error("service `{service}` is declared twice")]
    DuplicateService {
        /// The service.
        service: Label,
    },
    /// A service is in a phase that was not declared.
    #[error("service `{service}` is in the unknown phase `{phase}`")]
    UnknownPhase {
        /// The service.
        service: Label,
        /// The phase.
        phase: Label,
    },
    /// A service needs one that was not declared.
    #[error("service `{service}` depends on the unknown service `{dependency}`")]
    UnknownDependency {
        /// The service.
        service: Label,
        /// The service that it needs.
        dependency: Label,
    },
    /// Services need each other in a circle.
    #[error("dependency cycle: {}", .path.join(" -> "))]
    Cycle {
        /// The whole circle: each service needs the next, and the last is the first
        /// again.
        path: Vec<Label>,
    },
    /// A service needs one that starts in a later phase.
    #[error(
        "service `{service}` of phase `{phase}` depends on `{dependency}` of the later phase \
         `{dependency_phase}`"
    )]
    LaterPhase {
        /// The service.
        service: Label,
        /// Its phase.
        phase: Label,
        /// The service that it needs.
        dependency: Label,
        /// The phase of that one.
        dependency_phase: Label,
    },
}

//! The replicated store: keeps the promises of engines, in simulation and over loopback,
//! and what is expected of consensus (the I cases), under faults.

mod contract;
mod crashes;
mod members;
mod on_tokio;
mod replay;
mod snapshots;
mod stage;
mod transfers;

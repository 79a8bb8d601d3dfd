//! Any fact into a `tracing` event.

use tracing::level_filters::LevelFilter;

use super::emit::Source;
use super::{boot, coordination, failure, membership, process, registry, store, supervision};
use crate::event::Event;
use crate::runtime::{Incarnation, NodeId};

/// Emits one fact of one incarnation of a node.
pub(crate) fn emit(node: NodeId, incarnation: Incarnation, event: &Event) {
    if LevelFilter::current() == LevelFilter::OFF {
        return;
    }
    let source = Source(node, incarnation);
    match event {
        Event::Process(event) => process::process(source, event),
        Event::Supervision(event) => supervision::supervision(source, event),
        Event::Boot(event) => boot::boot(source, event),
        Event::Membership(event) => membership::membership(source, event),
        Event::Registry(event) => registry::registry(source, event),
        Event::Coordination(event) => coordination::coordination(source, event),
        Event::Store(event) => store::store(source, event),
        Event::Failure(event) => failure::failure(source, event),
    }
}

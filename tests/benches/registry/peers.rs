//! The registries of ractor and kameo.

use std::convert::Infallible;

use kameo::actor::{ActorRef, Spawn as _};
use ractor::{ActorCell, ActorProcessingErr};

use crate::names::Name;

/// An actor of either library that does nothing.
pub(crate) struct Idle;

impl ractor::Actor for Idle {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ractor::ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

impl kameo::Actor for Idle {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(idle: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(idle)
    }
}

/// Actors of ractor, each with a name: it names actors only when they are started.
pub(crate) async fn ractor_named(count: u32) -> Vec<ActorCell> {
    let mut actors = Vec::new();
    for number in 0..count {
        let name = Name::of(number).as_str().to_owned();
        let started = ractor::Actor::spawn(Some(name), Idle, ()).await;
        let (actor, _) = started.expect("the name is free");
        actors.push(actor.get_cell());
    }
    actors
}

/// Ends actors of ractor, and waits.
pub(crate) async fn ractor_end(actors: Vec<ActorCell>) {
    for actor in &actors {
        actor.kill();
    }
    for actor in actors {
        let ended = actor.wait(None).await;
        ended.expect("it was killed");
    }
}

/// Who has a name at ractor.
pub(crate) fn ractor_find(name: &str) -> Option<ActorCell> {
    ractor::registry::where_is(name)
}

/// One actor of kameo under so many names.
pub(crate) fn kameo_named(count: u32) -> ActorRef<Idle> {
    let actor = Idle::spawn(Idle);
    let mut registry = kameo::registry::ACTOR_REGISTRY
        .lock()
        .expect("nobody panics");
    for number in 0..count {
        let name = Name::of(number).as_str().to_owned();
        assert!(registry.insert(name, actor.clone()), "the name is free");
    }
    actor
}

/// Who has a name at kameo.
pub(crate) fn kameo_find(name: &str) -> Option<ActorRef<Idle>> {
    let mut registry = kameo::registry::ACTOR_REGISTRY
        .lock()
        .expect("nobody panics");
    let found = registry.get::<Idle, str>(name);
    found.expect("all actors are of one type")
}

/// Forgets all names at kameo.
pub(crate) fn kameo_clear() {
    let mut registry = kameo::registry::ACTOR_REGISTRY
        .lock()
        .expect("nobody panics");
    registry.clear();
}

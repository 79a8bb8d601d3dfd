//! What the parts of one boot share: the board, and where the running parts are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::board::Board;
use super::health::Observation;
use super::status::{BootState, BootStatus, ServiceStatus};
use crate::event::{BootEvent, Event, SupervisionEvent};
use crate::label::Label;
use crate::process::{Context, Node, ProcessId};
use crate::runtime::{Runtime, Timestamp};
use crate::supervision::{Listener, SupervisorRef};

/// The parts of the run that is going on.
struct Parts<R: Runtime> {
    node: Option<Node<R>>,
    top: Option<SupervisorRef<R>>,
    services: Option<SupervisorRef<R>>,
}

/// Shared by a boot's processes and its handles, over restarts of the boot.
pub(super) struct Hub<R: Runtime> {
    board: Mutex<Board>,
    parts: Mutex<Parts<R>>,
}

impl<R: Runtime> Hub<R> {
    pub(super) fn new(board: Board) -> Arc<Self> {
        Arc::new(Self {
            board: Mutex::new(board),
            parts: Mutex::new(Parts {
                node: None,
                top: None,
                services: None,
            }),
        })
    }

    /// The supervisor above all parts of the boot.
    pub(super) fn top(&self) -> Option<SupervisorRef<R>> {
        self.parts().top.clone()
    }

    /// The supervisor of the services.
    pub(super) fn services(&self) -> Option<SupervisorRef<R>> {
        self.parts().services.clone()
    }

    pub(super) fn node(&self) -> Option<Node<R>> {
        self.parts().node.clone()
    }

    /// Asks the board.
    pub(super) fn with_board<T>(&self, ask: impl FnOnce(&Board) -> T) -> T {
        self.notice_end();
        ask(&self.board())
    }

    pub(super) fn status(&self) -> BootStatus {
        let now = self.now();
        self.with_board(|board| board.status(now))
    }

    pub(super) fn service(&self, name: &str) -> Option<ServiceStatus> {
        let now = self.now();
        self.with_board(|board| board.service(name, now))
    }

    /// Puts what a check came to on the board.
    pub(super) fn record(
        &self,
        context: &Context<R>,
        name: &Label,
        process: ProcessId,
        observation: Observation,
    ) {
        self.change(context, |board| board.record(name, process, observation));
    }

    /// Changes the board and announces what follows, in the order of the changes.
    fn change(&self, context: &Context<R>, change: impl FnOnce(&mut Board) -> Vec<BootEvent>) {
        let mut board = self.board();
        for fact in change(&mut board) {
            // Under the lock, so that the order of facts is that of the board.
            context.announce(&Event::Boot(fact));
        }
    }

    /// A supervisor that was killed does not say that it has stopped.
    fn notice_end(&self) {
        let (node, services) = {
            let parts = self.parts();
            (parts.node.clone(), parts.services.clone())
        };
        if let (Some(node), Some(services)) = (node, services)
            && !node.is_alive(services.id())
        {
            let mut board = self.board();
            if board.state() != BootState::Stopped {
                board.close();
            }
        }
    }

    fn now(&self) -> Timestamp {
        let node = self.node();
        node.map_or(Timestamp::ZERO, |node| node.runtime().now())
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        // Observers must not panic, and nothing else under this lock can.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parts(&self) -> MutexGuard<'_, Parts<R>> {
        // Nothing that can panic runs under this lock.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the supervisor above all parts.
pub(super) struct TopFollower<R: Runtime>(pub(super) Arc<Hub<R>>);

impl<R: Runtime> Listener<R> for TopFollower<R> {
    fn begun(&self, context: &Context<R>, supervisor: &SupervisorRef<R>) {
        let mut parts = self.0.parts();
        parts.node = Some(context.node().clone());
        parts.top = Some(supervisor.clone());
    }

    fn heard(&self, _context: &Context<R>, _event: &SupervisionEvent) {}
}

/// Follows the supervisor of the services.
pub(super) struct ServicesFollower<R: Runtime>(pub(super) Arc<Hub<R>>);

impl<R: Runtime> Listener<R> for ServicesFollower<R> {
    fn begun(&self, context: &Context<R>, supervisor: &SupervisorRef<R>) {
        self.0.parts().services = Some(supervisor.clone());
        self.0.change(context, Board::begin);
    }

    fn heard(&self, context: &Context<R>, event: &SupervisionEvent) {
        let now = context.runtime().now();
        self.0.change(context, |board| board.hear(event, now));
    }
}

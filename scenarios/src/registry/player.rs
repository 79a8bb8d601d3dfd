//! A process that does with names what it is told, and checks every answer.

use steadfast::Label;
use steadfast::process::{Address, Context, ExitReason, FullPolicy, Next, ProcessId, Signal};
use steadfast::registry::{Entry, Registration, Registry};
use steadfast::runtime::NodeId;
use steadfast_sim::SimRuntime;

use super::cue::{Act, Cue};
use super::desk::Desk;
use super::reader::Reader;
use super::setup::SERVICES;

/// The name that a player of a node has for itself alone.
pub(super) fn home(node: NodeId, player: u64) -> Label {
    format!("home/{node}.{player}").into()
}

/// A player. Its answers are right at the instant at which it gets them: the backends
/// of one node answer without a wait.
pub(super) struct Player {
    pub(super) context: Context<SimRuntime>,
    pub(super) reader: Reader,
    pub(super) owner_only: bool,
    /// Where it gets its cues.
    pub(super) address: Address<Cue>,
}

impl Player {
    pub(super) const fn id(&self) -> ProcessId {
        self.context.id()
    }

    pub(super) const fn registry(&self) -> &Registry<SimRuntime> {
        self.reader.registry()
    }

    pub(super) fn entry(&self, scope: &str, name: &str) -> Option<Entry> {
        self.reader.entry(scope, name)
    }

    /// Takes its own name. Whoever had it before it has ended: the name must be free.
    async fn take_home(&self, player: u64) {
        let home = home(self.id().node, player);
        let before = self.reader.holder(SERVICES, &home);
        let registration = Registration::new(SERVICES, &home, self.id()).address(&self.address);
        if let Err(error) = self.registry().register(registration).await {
            let detail = format!("{} starts, {before:?} holds {home}: {error}", self.id());
            self.reader
                .failed("a successor finds its name free", detail);
        }
        self.reader.holder(SERVICES, &home);
    }

    /// Does what it is told; answers how it ends, if it does.
    async fn act(&self, cue: Cue) -> Option<ExitReason> {
        match cue.act {
            Act::Claim => self.claim(cue).await,
            Act::Release => self.release(cue).await,
            Act::Update => self.update(cue).await,
            Act::Swap => self.swap(cue).await,
            Act::Count => self.count(cue).await,
            Act::Join => self.join(cue).await,
            Act::Leave => self.leave(cue).await,
            Act::Bulk => self.bulk(cue).await,
            Act::Hoard => self.hoard(cue).await,
            Act::Sweep => self.sweep(cue).await,
            Act::Steal => self.steal(cue).await,
            Act::Clear => self.clear().await,
            Act::Look => {}
            Act::Send => self.send(cue),
            Act::Tell => self.tell(cue),
            Act::Guard => self.guard(cue).await,
            Act::Hear => self.hear(cue),
            Act::Panic => panic!("told to panic"),
            Act::Quit => return Some(ExitReason::Normal),
        }
        self.reader.look(cue.value, &[self.id()]);
        None
    }
}

/// The body of a player.
pub(super) async fn play(
    context: Context<SimRuntime>,
    registry: Registry<SimRuntime>,
    player: u64,
    owner_only: bool,
) -> ExitReason {
    let desk = context.runtime().board::<Desk>();
    let (address, mut mailbox) = context.mailbox(16, FullPolicy::Reject);
    let playing = Player {
        reader: Reader::new(registry),
        context,
        owner_only,
        address: address.clone(),
    };
    playing.take_home(player).await;
    desk.enter(player, playing.id(), address);
    playing.context.ready();
    loop {
        match playing.context.next(&mut mailbox).await {
            Next::Message(cue) => {
                if let Some(end) = playing.act(cue).await {
                    return end;
                }
            }
            Next::Signal(Signal::Exit { reason, .. }) => return reason,
            Next::Signal(_) => {}
            Next::Closed => return ExitReason::Normal,
        }
    }
}

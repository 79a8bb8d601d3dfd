//! What a member knows of those who ask: which connections there are, what was asked on
//! each, and which watches are open.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadfast::runtime::Timestamp;

use super::rpc::{ConnectionId, WatchId};

/// How many connections there are at once; those unused for longest make room.
const CONNECTIONS_MAX: usize = 1_024;

/// How far behind the newest request of a connection another one may arrive.
const SERIALS_MAX: usize = 4_096;

/// How many watches a connection has.
const WATCHES_MAX: usize = 4_096;

/// For how long nobody may ask for what a watch tells. Then its holder has gone.
const WATCH_IDLE: Duration = Duration::from_secs(10);

/// What becomes of a request that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It is to be done.
    New,
    /// It was delivered before.
    Again,
    /// There is no such connection.
    NotConnected,
}

/// The watches of a connection hold a `W`, unless somebody waits for what it tells.
struct Slot<W> {
    watch: Option<W>,
    used: Timestamp,
}

struct Connection<W> {
    serials: BTreeSet<u64>,
    /// Serials up to this one are too late.
    floor: u64,
    watches: BTreeMap<WatchId, Slot<W>>,
    used: Timestamp,
}

/// The connections of one run of a member.
pub(super) struct Connections<W> {
    next: u64,
    open: BTreeMap<ConnectionId, Connection<W>>,
}

impl<W> Connections<W> {
    /// `first` must be higher than any that was used before by this member.
    pub(super) const fn new(first: u64) -> Self {
        let open = BTreeMap::new();
        Self { next: first, open }
    }

    pub(super) fn connect(&mut self, now: Timestamp) -> ConnectionId {
        if self.open.len() >= CONNECTIONS_MAX {
            let oldest = self
                .open
                .iter()
                .min_by_key(|(_, connection)| connection.used);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.open.remove(&oldest);
            }
        }
        let id = ConnectionId(self.next);
        self.next += 1;
        let connection = Connection {
            serials: BTreeSet::new(),
            floor: 0,
            watches: BTreeMap::new(),
            used: now,
        };
        self.open.insert(id, connection);
        id
    }

    /// A request arrives. Serials begin at 1.
    pub(super) fn arrive(&mut self, id: ConnectionId, serial: u64, now: Timestamp) -> Arrival {
        let Some(connection) = self.open.get_mut(&id) else {
            return Arrival::NotConnected;
        };
        connection.used = now;
        let gone = |slot: &Slot<W>| slot.watch.is_some() && now.since(slot.used) > WATCH_IDLE;
        connection.watches.retain(|_, slot| !gone(slot));
        if serial <= connection.floor || !connection.serials.insert(serial) {
            return Arrival::Again;
        }
        if connection.serials.len() > SERIALS_MAX
            && let Some(oldest) = connection.serials.pop_first()
        {
            connection.floor = oldest;
        }
        Arrival::New
    }

    /// A watch begins; `None` if there are too many, or the connection is gone.
    pub(super) fn begin(&mut self, id: ConnectionId, watch: W, now: Timestamp) -> Option<WatchId> {
        let connection = self.open.get_mut(&id)?;
        if connection.watches.len() >= WATCHES_MAX {
            return None;
        }
        let number = WatchId(self.next);
        self.next += 1;
        let watch = Some(watch);
        connection.watches.insert(number, Slot { watch, used: now });
        Some(number)
    }

    /// Takes a watch, to wait for what it tells.
    pub(super) fn take(&mut self, id: ConnectionId, watch: WatchId) -> Option<W> {
        let connection = self.open.get_mut(&id)?;
        connection.watches.get_mut(&watch)?.watch.take()
    }

    /// Gives a watch back, unless it is not wanted any more.
    pub(super) fn give_back(
        &mut self,
        id: ConnectionId,
        number: WatchId,
        watch: W,
        now: Timestamp,
    ) {
        let connection = self.open.get_mut(&id);
        if let Some(slot) = connection.and_then(|connection| connection.watches.get_mut(&number)) {
            slot.watch = Some(watch);
            slot.used = now;
        }
    }

    /// A watch is over.
    pub(super) fn end(&mut self, id: ConnectionId, watch: WatchId) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.watches.remove(&watch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_delivered_twice_is_done_once() {
        let mut connections = Connections::<()>::new(1);
        let (one, two) = (connections.connect(at(0)), connections.connect(at(0)));
        assert_eq!(connections.arrive(one, 1, at(0)), Arrival::New);
        assert_eq!(connections.arrive(one, 1, at(0)), Arrival::Again);
        assert_eq!(connections.arrive(two, 1, at(0)), Arrival::New);
        // What was overtaken by too much is not told from what was done.
        for serial in 2..=SERIALS_MAX as u64 + 2 {
            assert_eq!(connections.arrive(one, serial, at(0)), Arrival::New);
        }
        assert_eq!(connections.arrive(one, 1, at(0)), Arrival::Again);
        assert_eq!(connections.arrive(one, 2, at(0)), Arrival::Again);
    }

    #[test]
    fn a_connection_of_another_run_is_unknown() {
        let old = Connections::<()>::new(1).connect(at(0));
        let mut connections = Connections::<()>::new(2);
        connections.connect(at(0));
        assert_eq!(connections.arrive(old, 9, at(0)), Arrival::NotConnected);
    }

    #[test]
    fn connections_unused_for_longest_make_room() {
        let mut connections = Connections::<()>::new(1);
        let all: Vec<_> = (0..CONNECTIONS_MAX)
            .map(|_| connections.connect(at(0)))
            .collect();
        for used in &all[1..] {
            assert_eq!(connections.arrive(*used, 1, at(1)), Arrival::New);
        }
        connections.connect(at(2));
        assert_eq!(connections.arrive(all[0], 1, at(2)), Arrival::NotConnected);
        assert_eq!(connections.arrive(all[1], 2, at(2)), Arrival::New);
    }

    #[test]
    fn a_watch_that_nobody_asks_for_is_ended() {
        let mut connections = Connections::new(1);
        let id = connections.connect(at(0));
        let kept = connections.begin(id, "kept", at(0)).unwrap();
        let left = connections.begin(id, "left", at(0)).unwrap();
        let waits = connections.begin(id, "waits", at(0)).unwrap();
        assert_eq!(connections.take(id, waits), Some("waits"));
        assert_eq!(connections.take(id, kept), Some("kept"));
        connections.give_back(id, kept, "kept", at(9));
        assert_eq!(connections.arrive(id, 1, at(12)), Arrival::New);
        assert_eq!(connections.take(id, left), None);
        assert_eq!(connections.take(id, kept), Some("kept"));
        connections.give_back(id, waits, "waits", at(12));
        assert_eq!(connections.take(id, waits), Some("waits"));
    }
}

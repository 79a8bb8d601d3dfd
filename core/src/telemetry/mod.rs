//! Every fact as a `tracing` event with stable names.
//!
//! One fact is one event with the target `steadfast`. Its field `event` says which
//! fact it is, `node` and `incarnation` whose, and the other fields are those of
//! the [`Event`](crate::event::Event), flat and under the same names: identities, names and reasons as
//! text, counts as numbers, times in milliseconds under a name that ends in `_ms`.
//! Fields without a value are left out.
//!
//! | `event` | level | fields |
//! |---|---|---|
//! | `process.spawned` | debug | `process parent path` |
//! | `process.exited` | debug; warn for an error or a panic | `process reason` |
//! | `process.message_discarded` | warn | `process discarded` |
//! | `supervisor.started` | debug | `supervisor strategy intensity period_ms auto_shutdown dynamic` |
//! | `supervisor.reconfigured` | info | `supervisor strategy intensity period_ms auto_shutdown` |
//! | `supervisor.intensity_exceeded` | error | `supervisor child in_window` |
//! | `supervisor.auto_shutdown` | info | `supervisor child` |
//! | `supervisor.stopping` | debug | `supervisor reason` |
//! | `supervisor.stopped` | debug | `supervisor` |
//! | `child.added` | debug | `supervisor child index restart shutdown significant` |
//! | `child.removed` | debug | `supervisor child` |
//! | `child.started` | debug | `supervisor child process starts` |
//! | `child.start_failed` | warn | `supervisor child reason` |
//! | `child.ignored` | debug | `supervisor child` |
//! | `child.exited` | debug | `supervisor child process reason expected` |
//! | `child.restart_scheduled` | warn | `supervisor child delay_ms in_window` |
//! | `child.restart_cancelled` | info | `supervisor child` |
//! | `child.stopping` | debug | `supervisor child process shutdown` |
//! | `child.killed` | warn | `supervisor child process` |
//! | `child.limit_exceeded` | error | `supervisor child in_window` |
//! | `boot.planned` | debug | `order` |
//! | `boot.phase_started` | info | `phase` |
//! | `boot.service_started` | info | `service process` |
//! | `boot.service_stopped` | info | `service` |
//! | `boot.dependent_restarted` | warn | `service dependency` |
//! | `boot.health_changed` | info to healthy, else warn | `service from to detail` |
//! | `boot.completed` | info | |
//! | `boot.failed` | error | `service reason` |
//! | `member.up` | info | `member` |
//! | `member.suspected` | info | `member` |
//! | `member.refuted` | info | `member` |
//! | `member.down` | warn | `member` |
//! | `member.left` | info | `member` |
//! | `membership.identity_renewed` | warn | `member generation` |
//! | `membership.departed` | info | `member` |
//! | `membership.foreign_cluster` | warn | `peer` |
//! | `registry.started` | info | `registry backend` |
//! | `registry.scope_opened` | debug | `registry scope keys` |
//! | `registry.scope_closed` | debug | `registry scope` |
//! | `registry.registered` | debug | `registry scope name process metadata revision` |
//! | `registry.updated` | debug | `registry scope name process metadata revision` |
//! | `registry.unregistered` | debug | `registry scope name process revision cause` |
//! | `registry.refused` | debug | `registry scope name process holder` |
//! | `registry.conflict_lost` | warn | `registry scope name winner loser rule` |
//! | `registry.resolver_failed` | error | `registry scope name what` |
//! | `registry.peer_synced` | info | `registry peer peer_incarnation entries` |
//! | `registry.peer_dropped` | warn | `registry peer peer_incarnation entries` |
//! | `registry.watcher_resynced` | warn | `registry missed` |
//! | `registry.backend_switched` | info | `registry from to entries` |
//! | `registry.switch_refused` | error | `registry from to why` |
//! | `registry.health_changed` | info to healthy, else warn | `registry backend from to detail` |
//! | `coordination.session.opened` | debug | `session process coordinator ttl_ms` |
//! | `coordination.session.ended` | info | `session end` |
//! | `coordination.session.removed` | debug | `session` |
//! | `coordination.lock.request` | debug | `lock kind session` |
//! | `coordination.lock.queued` | debug | `lock kind session token ahead` |
//! | `coordination.lock.acquired` | debug | `lock kind session token acquire_duration_ms queue_length` |
//! | `coordination.lock.errors` | info | `lock kind session why` |
//! | `coordination.lock.withdrawn` | debug | `lock kind session token` |
//! | `coordination.lock.downgraded` | debug | `lock kind session token` |
//! | `coordination.lock.revocation_requested` | info | `lock kind session token` |
//! | `coordination.lock.released` | debug | `lock kind session token hold_ms` |
//! | `coordination.lock.lost` | warn | `lock kind session token hold_ms cause` |
//! | `coordination.lock.removed` | debug | `lock session token` |
//! | `coordination.election.start` | debug | `election session term ahead` |
//! | `coordination.election.elected` | info | `election session term duration_ms` |
//! | `coordination.election.resumed` | info | `election session term` |
//! | `coordination.election.proclaimed` | debug | `election session term` |
//! | `coordination.election.errors` | info | `election session why` |
//! | `coordination.election.withdrawn` | debug | `election session term` |
//! | `coordination.election.resigned` | info | `election session term led_ms` |
//! | `coordination.election.lost` | warn | `election session term led_ms cause` |
//! | `coordination.election.removed` | debug | `election session term` |
//! | `coordination.election.leader_changed` | debug | `election observer term revision` |
//! | `coordination.barrier.held` | debug | `barrier session generation` |
//! | `coordination.barrier.lifted` | debug | `barrier generation` |
//! | `coordination.barrier.wait` | debug | `barrier session generation arrived expected` |
//! | `coordination.barrier.passed` | debug | `barrier session generation` |
//! | `coordination.barrier.left` | debug | `barrier session generation` |
//! | `coordination.barrier.withdrawn` | debug | `barrier session generation` |
//! | `coordination.barrier.reset` | info | `barrier generation` |
//! | `coordination.barrier.errors` | info | `barrier session why` |
//! | `coordination.counter.increment` | debug | `counter by value revision` |
//! | `coordination.counter.stored` | debug | `counter from to revision` |
//! | `coordination.counter.loaded` | debug | `counter value revision` |
//! | `coordination.counter.unknown` | warn | `counter by` |
//! | `coordination.counter.errors` | info | `counter why` |
//! | `coordination.consensus.start` | debug | `instance value` |
//! | `coordination.consensus.committed` | info | `instance value index duration_ms` |
//! | `coordination.consensus.errors` | info | `instance why` |
//! | `coordination.consensus.timed_out` | info | `instance waited_ms` |
//! | `store.opened` | info | `store term snapshot entries` |
//! | `store.voted` | debug | `store term candidate` |
//! | `store.led` | info | `store term` |
//! | `store.stored` | trace | `store entries index` |
//! | `store.truncated` | warn | `store since` |
//! | `store.installed` | info | `store term leader index` |
//! | `store.applied` | trace | `store since term leader index` |
//! | `failure.delivered` | debug | `failure process what` |
//! | `failure.settled` | debug | `failure how` |
//! | `failure.dropped` | error | `failure what` |
//! | `failure.incident` | warn or error, as its severity | `failure what` |
//!
//! While nobody listens an event costs one comparison.

mod boot;
mod coordination;
mod emit;
mod fact;
mod failure;
mod membership;
mod process;
mod registry;
mod store;
mod supervision;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use fact::emit;

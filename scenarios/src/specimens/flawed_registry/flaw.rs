//! What is wrong with a registry.

/// What is wrong with a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It looks whether a name is free, lets others run, and inserts all the same.
    CheckThenInsert,
    /// Its table belongs to the first process that registered, and goes with it.
    TableOfFirstCaller,
    /// What ended goes when a reader comes across it.
    LazyCleanUp,
    /// Its index knows what was registered, not what was updated or went.
    StaleIndex,
    /// It remembers whom it found under a name as long as that process lives.
    StaleCache,
    /// Whoever registers again keeps the metadata of the first time.
    KeptMetadata,
    /// Some changes are not told to those who watch.
    WatchGap,
    /// Its table by process does not learn of names that are let go of.
    StaleReverse,
    /// Of several names it gives away those before the first that is held.
    HalfBulk,
    /// It clears every scope whose name begins with that of the one to clear.
    WideClear,
    /// Anybody may take a name away, whatever the mode.
    OwnerIgnored,
    /// Leaving a group once ends all joins.
    LostJoins,
    /// A refusal names whoever held the name first.
    OldHolder,
    /// A swap does not compare.
    BlindSwap,
    /// A switch of the backend leaves some registrations behind.
    LostInMigration,
    /// It has two tables for the same names; not everything is written to both, and a
    /// look-up asks one, a query the other.
    TwoTables,
    /// Who has lost a name to a process of another node has it back once that lets go.
    Resurrection,
    /// A third node goes on seeing the loser of a conflict between two others.
    ZombieRow,
    /// Of removals that come together some find no room, and nobody notices.
    LostDelete,
}

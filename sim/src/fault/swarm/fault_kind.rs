//! The kinds of faults that a swarm draws from.

/// A kind of fault, without its strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// [`Fault::Drop`](crate::fault::Fault::Drop).
    Drop,
    /// [`Fault::Delay`](crate::fault::Fault::Delay), in any of its distributions.
    Delay,
    /// [`Fault::Duplicate`](crate::fault::Fault::Duplicate).
    Duplicate,
    /// [`Fault::Reorder`](crate::fault::Fault::Reorder).
    Reorder,
    /// [`Fault::Hold`](crate::fault::Fault::Hold).
    Hold,
    /// [`Fault::Cut`](crate::fault::Fault::Cut): links, partitions, isolation.
    Cut,
    /// [`Fault::Crash`](crate::fault::Fault::Crash) that keeps the disk.
    Crash,
    /// [`Fault::Crash`](crate::fault::Fault::Crash) that wipes the disk.
    CrashWiped,
    /// [`Fault::Pause`](crate::fault::Fault::Pause).
    Pause,
    /// [`Fault::Slow`](crate::fault::Fault::Slow).
    Slow,
    /// [`Fault::ClockOffset`](crate::fault::Fault::ClockOffset).
    ClockOffset,
    /// [`Fault::ClockDrift`](crate::fault::Fault::ClockDrift).
    ClockDrift,
    /// [`Fault::TornTail`](crate::fault::Fault::TornTail).
    TornTail,
    /// [`Fault::DiskError`](crate::fault::Fault::DiskError).
    DiskError,
    /// [`Fault::DiskFull`](crate::fault::Fault::DiskFull).
    DiskFull,
}

impl FaultKind {
    /// Faults on messages.
    pub const MESSAGES: &'static [Self] = &[
        Self::Drop,
        Self::Delay,
        Self::Duplicate,
        Self::Reorder,
        Self::Hold,
        Self::Cut,
    ];

    /// Faults on whole nodes, which keep their disks.
    pub const NODES: &'static [Self] = &[Self::Crash, Self::Pause, Self::Slow];

    /// Faults on clocks.
    pub const CLOCKS: &'static [Self] = &[Self::ClockOffset, Self::ClockDrift];

    /// Faults on disks.
    pub const DISKS: &'static [Self] = &[
        Self::CrashWiped,
        Self::TornTail,
        Self::DiskError,
        Self::DiskFull,
    ];

    pub(super) const fn is_on_links(self) -> bool {
        match self {
            Self::Drop | Self::Delay | Self::Duplicate | Self::Reorder | Self::Hold | Self::Cut => {
                true
            }
            Self::Crash
            | Self::CrashWiped
            | Self::Pause
            | Self::Slow
            | Self::ClockOffset
            | Self::ClockDrift
            | Self::TornTail
            | Self::DiskError
            | Self::DiskFull => false,
        }
    }
}

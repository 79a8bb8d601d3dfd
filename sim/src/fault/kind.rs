//! The closed vocabulary of faults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long messages take while a [`Fault::Delay`] holds, on top of the healthy delay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Delay {
    /// Evenly between two bounds.
    Uniform {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// Exponential with this mean, cut off at ten times the mean.
    Exponential {
        /// The mean.
        mean: Duration,
    },
    /// Mostly fast, sometimes slow.
    Bimodal {
        /// The usual delay.
        fast: Duration,
        /// The rare delay.
        slow: Duration,
        /// How often a message is slow, from 0 to 1.
        slow_probability: f64,
    },
}

/// One thing that can go wrong. Faults on messages apply to the links of the
/// episode's target, faults of a node or a disk to its nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    /// Messages are lost with this probability.
    Drop {
        /// From 0 to 1.
        probability: f64,
    },
    /// Messages take longer.
    Delay(Delay),
    /// Messages arrive twice with this probability, the copy later than the original.
    Duplicate {
        /// From 0 to 1.
        probability: f64,
    },
    /// Messages are put behind up to `window` of later traffic with this probability.
    Reorder {
        /// From 0 to 1.
        probability: f64,
        /// The longest time a message is put back.
        window: Duration,
    },
    /// Messages are held, and all released, in order, when the episode ends.
    Hold,
    /// The links of the target carry nothing. What is in flight when the link is cut
    /// is lost if `in_flight`.
    Cut {
        /// Whether messages under way are lost too.
        in_flight: bool,
    },
    /// The node dies with everything in memory and everything not synced; it starts
    /// again, as the next incarnation, when the episode ends.
    Crash {
        /// Whether its disk is lost as well.
        wipe_disk: bool,
    },
    /// The node stands still and goes on when the episode ends.
    Pause,
    /// The node is slow: its timers fire late and its messages leave late.
    Slow {
        /// How many times slower, at least 1.
        factor: f64,
    },
    /// The node's wall clock jumps by this many milliseconds, and back at the end.
    ClockOffset {
        /// Milliseconds; negative is into the past.
        offset_ms: i64,
    },
    /// The node's clocks run faster or slower by this many parts per million.
    ClockDrift {
        /// Parts per million, above -1,000,000.
        rate_ppm: i64,
    },
    /// When the node crashes, the part of a file that was not synced survives in
    /// part: a torn tail. Without this fault it is lost entirely.
    TornTail,
    /// Disk operations of the node fail with this probability.
    DiskError {
        /// From 0 to 1.
        probability: f64,
    },
    /// The node's disk takes no more data.
    DiskFull,
}

impl Fault {
    /// One word for tables and traces.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Drop { .. } => "drop",
            Self::Delay(Delay::Uniform { .. }) => "delay_uniform",
            Self::Delay(Delay::Exponential { .. }) => "delay_exponential",
            Self::Delay(Delay::Bimodal { .. }) => "delay_bimodal",
            Self::Duplicate { .. } => "duplicate",
            Self::Reorder { .. } => "reorder",
            Self::Hold => "hold",
            Self::Cut { .. } => "cut",
            Self::Crash { wipe_disk: false } => "crash",
            Self::Crash { wipe_disk: true } => "crash_wiped",
            Self::Pause => "pause",
            Self::Slow { .. } => "slow",
            Self::ClockOffset { .. } => "clock_offset",
            Self::ClockDrift { .. } => "clock_drift",
            Self::TornTail => "torn_tail",
            Self::DiskError { .. } => "disk_error",
            Self::DiskFull => "disk_full",
        }
    }

    /// Whether the fault is one of messages, and not of nodes.
    pub(crate) const fn is_on_links(&self) -> bool {
        match self {
            Self::Drop { .. }
            | Self::Delay(_)
            | Self::Duplicate { .. }
            | Self::Reorder { .. }
            | Self::Hold
            | Self::Cut { .. } => true,
            Self::Crash { .. }
            | Self::Pause
            | Self::Slow { .. }
            | Self::ClockOffset { .. }
            | Self::ClockDrift { .. }
            | Self::TornTail
            | Self::DiskError { .. }
            | Self::DiskFull => false,
        }
    }

    /// What is out of range, if anything: the field, its value, its range.
    pub(crate) fn validate(&self) -> Result<(), (&'static str, String, &'static str)> {
        let unit = |what, value: f64| {
            if (0.0..=1.0).contains(&value) {
                Ok(())
            } else {
                Err((what, value.to_string(), "from 0 to 1"))
            }
        };
        match *self {
            Self::Drop { probability }
            | Self::Duplicate { probability }
            | Self::Reorder { probability, .. }
            | Self::DiskError { probability } => unit("probability", probability),
            Self::Delay(Delay::Bimodal {
                slow_probability, ..
            }) => unit("slow_probability", slow_probability),
            Self::Delay(Delay::Uniform { min, max }) if min > max => {
                Err(("min", format!("{min:?}"), "at most max"))
            }
            Self::Slow { factor } if !(1.0..=1e6).contains(&factor) => {
                Err(("factor", factor.to_string(), "from 1 to 1000000"))
            }
            Self::ClockDrift { rate_ppm } if rate_ppm.abs() > 900_000 => {
                Err(("rate_ppm", rate_ppm.to_string(), "from -900000 to 900000"))
            }
            Self::Delay(_)
            | Self::Hold
            | Self::Cut { .. }
            | Self::Crash { .. }
            | Self::Pause
            | Self::Slow { .. }
            | Self::ClockOffset { .. }
            | Self::ClockDrift { .. }
            | Self::TornTail
            | Self::DiskFull => Ok(()),
        }
    }
}

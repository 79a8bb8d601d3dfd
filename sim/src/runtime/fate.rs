//! What the faults on a link do to one message.

use std::time::Duration;

use crate::fault::{Delay, Fault, LinkFault};
use crate::keyed::Key;
use crate::trace::{DropCause, MessageId};

/// What becomes of one message. Times are nanoseconds on top of the healthy delay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    /// It is lost.
    pub(crate) lost: Option<DropCause>,
    /// It is held by this episode.
    pub(crate) held: Option<u32>,
    /// How much later it arrives.
    pub(crate) extra: u64,
    /// A copy of it arrives too, this much later than the original.
    pub(crate) copy: Option<u64>,
    /// The episodes that made a difference.
    pub(crate) effective: Vec<u32>,
}

/// Decides by keyed hashes: the same message meets the same fate under the same
/// fault, whatever else goes wrong. `copy_delay_max` bounds how far a copy is behind.
pub(crate) fn decide(
    seed: u64,
    message: MessageId,
    faults: &[LinkFault],
    copy_delay_max: u64,
) -> Fate {
    let mut fate = Fate::default();
    for link_fault in faults {
        let key = Key::new(seed, "message")
            .with(link_fault.key)
            .with(u64::from(message.from.0))
            .with(u64::from(message.to.0))
            .with(message.ordinal);
        let differs = match link_fault.fault {
            Fault::Cut { .. } => {
                fate.lost = Some(DropCause::Cut);
                true
            }
            Fault::Drop { probability } => {
                let lost = key.chance(probability);
                if lost && fate.lost.is_none() {
                    fate.lost = Some(DropCause::Lost);
                }
                lost
            }
            Fault::Hold => {
                fate.held = fate.held.or(Some(link_fault.episode));
                true
            }
            Fault::Delay(delay) => {
                let extra = draw(key, delay);
                fate.extra = fate.extra.saturating_add(extra);
                extra > 0
            }
            Fault::Reorder {
                probability,
                window,
            } => {
                let late = key.chance(probability) && !window.is_zero();
                if late {
                    let extra = 1 + key.with(1).below(nanoseconds(window));
                    fate.extra = fate.extra.saturating_add(extra);
                }
                late
            }
            Fault::Duplicate { probability } => {
                let twice = key.chance(probability);
                if twice {
                    let behind = 1 + key.with(1).below(copy_delay_max);
                    fate.copy = Some(fate.copy.map_or(behind, |other| other.max(behind)));
                }
                twice
            }
            Fault::Crash { .. }
            | Fault::Pause
            | Fault::Slow { .. }
            | Fault::ClockOffset { .. }
            | Fault::ClockDrift { .. }
            | Fault::TornTail
            | Fault::DiskError { .. }
            | Fault::DiskFull => false,
        };
        if differs {
            fate.effective.push(link_fault.episode);
        }
    }
    if fate.lost.is_some() {
        // A message that is lost is neither late nor held nor doubled.
        let loses = |episode: &u32| {
            let of = faults.iter().find(|fault| fault.episode == *episode);
            of.is_some_and(|fault| matches!(fault.fault, Fault::Cut { .. } | Fault::Drop { .. }))
        };
        fate.effective.retain(loses);
        (fate.held, fate.extra, fate.copy) = (None, 0, None);
    }
    fate
}

/// How much longer a message takes, in nanoseconds.
fn draw(key: Key, delay: Delay) -> u64 {
    match delay {
        Delay::Uniform { min, max } => {
            let (min, max) = (nanoseconds(min), nanoseconds(max));
            min.saturating_add(key.below(max.saturating_sub(min).saturating_add(1)))
        }
        Delay::Exponential { mean } => {
            let factor = (-(1.0 - key.unit()).ln()).min(10.0);
            (nanoseconds(mean) as f64 * factor) as u64
        }
        Delay::Bimodal {
            fast,
            slow,
            slow_probability,
        } => {
            if key.chance(slow_probability) {
                nanoseconds(slow)
            } else {
                nanoseconds(fast)
            }
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

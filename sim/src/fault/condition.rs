//! What is wrong with one node at present, all episodes together.

use super::kind::Fault;

/// What is wrong with one node. The lists name the episodes that contribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) crash: Vec<u32>,
    pub(crate) pause: Vec<u32>,
    pub(crate) slow: Vec<u32>,
    /// How many times slower, in thousandths; the product of all.
    pub(crate) slow_factor: u64,
    pub(crate) drift: Vec<u32>,
    /// Parts per million of simulated time; all drifts added.
    pub(crate) rate: u64,
    pub(crate) offset: Vec<u32>,
    /// All offsets added.
    pub(crate) offset_ms: i64,
    pub(crate) torn_tail: Vec<u32>,
    pub(crate) disk_error: Vec<DiskErrors>,
    pub(crate) disk_full: Vec<u32>,
}

/// A disk that fails sometimes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DiskErrors {
    pub(crate) episode: u32,
    /// The episode's part in the keys of its decisions.
    pub(crate) key: u64,
    pub(crate) probability: f64,
}

impl Condition {
    const SLOW_MAX: u64 = 1_000_000_000;
    const RATE_MIN: i64 = 1_000;
    const RATE_MAX: i64 = 1_000_000_000;

    /// Adds a fault that holds on the node.
    pub(crate) fn add(&mut self, episode: u32, key: u64, fault: &Fault) {
        match *fault {
            Fault::Crash { .. } => self.crash.push(episode),
            Fault::Pause => self.pause.push(episode),
            Fault::Slow { factor } => {
                self.slow.push(episode);
                let factor = (factor * 1_000.0).round() as u64;
                let product = self.slow_factor.saturating_mul(factor) / 1_000;
                self.slow_factor = product.min(Self::SLOW_MAX);
            }
            Fault::ClockOffset { offset_ms } => {
                self.offset.push(episode);
                self.offset_ms = self.offset_ms.saturating_add(offset_ms);
            }
            Fault::ClockDrift { rate_ppm } => {
                self.drift.push(episode);
                let rate = (self.rate as i64).saturating_add(rate_ppm);
                self.rate = rate.clamp(Self::RATE_MIN, Self::RATE_MAX) as u64;
            }
            Fault::TornTail => self.torn_tail.push(episode),
            Fault::DiskError { probability } => self.disk_error.push(DiskErrors {
                episode,
                key,
                probability,
            }),
            Fault::DiskFull => self.disk_full.push(episode),
            Fault::Drop { .. }
            | Fault::Delay(_)
            | Fault::Duplicate { .. }
            | Fault::Reorder { .. }
            | Fault::Hold
            | Fault::Cut { .. } => {}
        }
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            crash: Vec::new(),
            pause: Vec::new(),
            slow: Vec::new(),
            slow_factor: 1_000,
            drift: Vec::new(),
            rate: 1_000_000,
            offset: Vec::new(),
            offset_ms: 0,
            torn_tail: Vec::new(),
            disk_error: Vec::new(),
            disk_full: Vec::new(),
        }
    }
}

//! What stories about registries share: how one is opened and filled, players that do
//! with names what a plan tells them, readers and watchers that note what they are told.

mod ailing;
mod claims;
mod cluster;
mod cue;
mod desk;
mod ending;
mod groups;
mod messages;
mod metadata;
mod player;
mod question;
mod reader;
mod setup;
mod story;
mod switching;
mod tree;
mod watcher;

pub(crate) use cluster::{replicated, replicated_behind, replicated_with};
pub(crate) use cue::VALUES;
pub(crate) use setup::{GROUPS, Make, NAMES, Open, Opened, Setup, local};
pub(crate) use story::Story;
pub(crate) use switching::{monitored, sometimes_shared};
pub(crate) use tree::Tree;

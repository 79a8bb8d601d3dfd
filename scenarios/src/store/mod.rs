//! What stories about the coordination store share: clients that use registers of it and
//! record everything they ask and are told.

mod client;
mod habit;
mod registers;

pub(crate) use client::client;
pub(crate) use habit::Habit;
pub(crate) use registers::{HISTORY, Registers};

//! One command a file.

mod check;
mod failures;
mod faults;
mod list;
mod perform;
mod replay;
mod run;
mod specimens;
mod summary;
mod table;
mod target;
mod trace;

pub(crate) use perform::perform;

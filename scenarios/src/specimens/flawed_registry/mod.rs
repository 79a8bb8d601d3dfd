//! Registries that are wrong in one way each: decorators around the right one.

mod backend;
mod flaw;
mod ghosts;
mod hybrid;
mod shared;
mod specimens;
mod tap;

pub(super) use specimens::specimens;

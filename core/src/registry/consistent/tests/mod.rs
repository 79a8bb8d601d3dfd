//! Stories of a node and its store.

mod stories;

//! The command line of Steadfast.

fn main() {}

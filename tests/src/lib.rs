//! What the tests of Steadfast share: the examples of the README, which compile.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

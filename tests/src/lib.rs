//! What the tests of Steadfast share.

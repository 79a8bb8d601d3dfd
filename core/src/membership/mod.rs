//! Who is in the cluster, who is suspect, who is gone.

mod member;

pub use member::Member;

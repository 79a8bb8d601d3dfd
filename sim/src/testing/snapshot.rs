//! One line that compares a trace with the one that is kept in the repository.

/// Compares the story of a trace with the snapshot that is kept beside the test, and
/// fails if they differ.
///
/// A trace is a function of its test and its seed, so a snapshot of it is exact: a
/// change of one event, its time or its order is a difference.
///
/// Takes a [`Test`](crate::Test) and the seed to run, or the text that
/// [`Test::trace`](crate::Test::trace) answers; and before it a name, if the test keeps
/// several or its own is not to be used.
///
/// ```no_run
/// # use steadfast::process::Node;
/// # use steadfast_sim::{SimRuntime, TestError, assert_trace_snapshot, test};
/// # async fn tree(node: Node<SimRuntime>) -> Result<(), TestError> { drop(node); Ok(()) }
/// # fn in_a_test() {
/// assert_trace_snapshot!(test("start").nodes(1).boot(tree), seed = 1);
/// assert_trace_snapshot!("second start", test("start").nodes(1).boot(tree), seed = 2);
/// # }
/// ```
///
/// Snapshots are files of [insta](https://insta.rs) in the folder `snapshots` beside the
/// file of the test. One that is missing or differs is written next to it as
/// `.snap.new`: look at it, and accept it with `cargo insta review` or by renaming it.
/// With `INSTA_UPDATE=no` nothing is written.
///
/// # Panics
///
/// If the trace differs from the snapshot, or there is none; if the run does not pass,
/// or cannot be had (as [`Test::run`](crate::Test::run)).
#[macro_export]
macro_rules! assert_trace_snapshot {
    ($name:expr, $test:expr, seed = $seed:expr $(,)?) => {
        $crate::assert_trace_snapshot!($name, $crate::Test::story($test, $seed))
    };
    ($test:expr, seed = $seed:expr $(,)?) => {
        $crate::assert_trace_snapshot!($crate::Test::story($test, $seed))
    };
    ($name:expr, $trace:expr $(,)?) => {{
        let trace: ::std::string::String = $trace;
        $crate::__insta::with_settings!({omit_expression => true}, {
            $crate::__insta::assert_snapshot!($name, trace);
        });
    }};
    ($trace:expr $(,)?) => {{
        let trace: ::std::string::String = $trace;
        $crate::__insta::with_settings!({omit_expression => true}, {
            $crate::__insta::assert_snapshot!(trace);
        });
    }};
}

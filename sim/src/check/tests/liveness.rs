//! Claims about the checker of phases.

use super::history::History;
use crate::check::Liveness;
use crate::trace::Phase;

fn broken(phases: &[Phase]) -> Vec<String> {
    let history = phases
        .iter()
        .fold(History::new(), |history, phase| history.phase(*phase));
    history.broken(&mut Liveness::new())
}

#[test]
fn phases_in_order_are_fine_and_may_be_left_out() {
    use Phase::{Boot, Liveness, Safety, Stop};
    assert!(broken(&[Boot, Safety, Liveness, Stop]).is_empty());
    assert!(broken(&[Boot, Stop]).is_empty());
    assert!(broken(&[Boot, Safety]).is_empty());
}

#[test]
fn phases_out_of_order_are_caught() {
    use Phase::{Boot, Safety, Stop};
    assert_eq!(broken(&[Safety, Boot]), ["phases_come_in_order"]);
    assert_eq!(broken(&[Boot, Boot]), ["phases_come_in_order"]);
    assert_eq!(broken(&[Boot, Stop, Safety]), ["phases_come_in_order"]);
}

#[test]
fn a_run_that_ends_without_converging_is_caught() {
    use Phase::{Boot, Liveness};
    assert_eq!(broken(&[Boot, Liveness]), ["the_healed_core_converges"]);
}

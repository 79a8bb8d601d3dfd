//! Agreement on one value.

use steadfast::coordination::Consensus;
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG};

coordination_cases! {
    all_proposers_learn_one_value_that_one_of_them_proposed,
    a_value_that_was_agreed_on_stays,
}

async fn all_proposers_learn_one_value_that_one_of_them_proposed<R: Runtime>(hall: Hall<R>) {
    let instance = Consensus::new(&hall.coordinator, "plan");
    assert_eq!(instance.learn(LONG).await, Ok(None));
    let proposers = ["a", "b", "c", "d"].map(|value| {
        let instance = instance.clone();
        hall.beside(async move { instance.propose(value, LONG).await })
    });
    let decisions = hall.all(proposers).await.into_iter();
    let mut decisions: Vec<_> = decisions
        .map(|one| one.expect("the store answers"))
        .collect();
    decisions.dedup();
    assert_eq!(decisions.len(), 1);
    let proposed = ["a", "b", "c", "d"].map(Into::into);
    assert!(proposed.contains(&decisions[0].value));
    assert_eq!(instance.learn(LONG).await, Ok(Some(decisions.remove(0))));
}

async fn a_value_that_was_agreed_on_stays<R: Runtime>(hall: Hall<R>) {
    let instance = Consensus::new(&hall.coordinator, "plan");
    let first = instance
        .propose("a", LONG)
        .await
        .expect("the store answers");
    assert_eq!(first.value, "a".into());
    assert_eq!(instance.propose("b", LONG).await, Ok(first.clone()));
    let other = Consensus::new(&hall.coordinator, "plan/");
    let other = other.propose("b", LONG).await.expect("the store answers");
    assert_eq!(other.value, "b".into());
    assert!(other.index > first.index);
    assert_eq!(instance.learn(LONG).await, Ok(Some(first)));
}

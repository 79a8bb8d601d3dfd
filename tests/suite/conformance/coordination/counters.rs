//! Linearizable counters.

use steadfast::coordination::{Counter, CounterError};
use steadfast::runtime::Runtime;

use super::coordination_cases;
use super::hall::{Hall, LONG};

coordination_cases! {
    g15_every_increment_of_many_clients_counts_once,
    g16_a_value_is_set_only_if_it_is_the_expected_one_and_stored_in_any_case,
    g17_what_is_no_number_and_what_does_not_fit_are_errors,
}

fn hits<R: Runtime>(hall: &Hall<R>) -> Counter<R> {
    Counter::new(&hall.coordinator, "hits")
}

async fn g15_every_increment_of_many_clients_counts_once<R: Runtime>(hall: Hall<R>) {
    let clients = [(); 4].map(|()| {
        let counter = hits(&hall);
        hall.beside(async move {
            let mut answers = Vec::new();
            for _ in 0..5 {
                answers.push(counter.add(1, LONG).await.expect("the store answers"));
            }
            answers
        })
    });
    let answers = hall.all(clients).await;
    assert!(answers.iter().all(|answers| answers.is_sorted()));
    let mut all: Vec<_> = answers.into_iter().flatten().collect();
    all.sort_unstable();
    assert_eq!(all, (1..=20).collect::<Vec<_>>());
    assert_eq!(hits(&hall).load(LONG).await, Ok(20));
}

async fn g16_a_value_is_set_only_if_it_is_the_expected_one_and_stored_in_any_case<R: Runtime>(
    hall: Hall<R>,
) {
    let counter = hits(&hall);
    let early = counter.compare_and_set(5, 6, LONG).await;
    let (name, expected, found) = ("hits".into(), 5, 0);
    let unexpected = CounterError::Unexpected {
        counter: name,
        expected,
        found,
    };
    assert_eq!(early, Err(unexpected));
    // Nobody has changed it yet, which is zero.
    assert_eq!(counter.compare_and_set(0, 5, LONG).await, Ok(()));
    assert!(counter.compare_and_set(0, 7, LONG).await.is_err());
    assert_eq!(counter.load(LONG).await, Ok(5));
    assert_eq!(counter.store(-3, LONG).await, Ok(Some(5)));
    assert_eq!(counter.load(LONG).await, Ok(-3));
}

async fn g17_what_is_no_number_and_what_does_not_fit_are_errors<R: Runtime>(hall: Hall<R>) {
    let counter = hits(&hall);
    assert_eq!(counter.store(i64::MAX, LONG).await, Ok(None));
    let full = counter.add(1, LONG).await;
    assert!(
        matches!(
            full,
            Err(CounterError::Overflow {
                value: i64::MAX,
                by: 1,
                ..
            })
        ),
        "{full:?}"
    );
    assert_eq!(counter.load(LONG).await, Ok(i64::MAX));
    let key = hall.places().await.remove(0);
    hall.store
        .put(key.as_str(), "five")
        .await
        .expect("the store answers");
    for corrupt in [counter.load(LONG).await, counter.add(1, LONG).await] {
        assert!(
            matches!(corrupt, Err(CounterError::Corrupt { .. })),
            "{corrupt:?}"
        );
    }
    let entry = hall
        .store
        .get(key.as_str())
        .await
        .expect("the store answers");
    assert_eq!(entry.map(|entry| entry.value), Some("five".into()));
}

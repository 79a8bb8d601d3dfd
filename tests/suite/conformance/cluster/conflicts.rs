//! Names that are given away twice.

use std::time::Duration;

use steadfast::process::ExitReason;
use steadfast::registry::replicated::Resolver;
use steadfast::registry::{Registration, RegistryError};
use steadfast::supervision::{ChildSpec, Strategy, Supervisor, SupervisorSpec};

use super::town::{NAMES, Setting, Town, cluster_cases, nodes};

cluster_cases! {
    b05_of_two_who_register_at_the_same_instant_one_holds_the_name: nodes(3).weather(),
    b06_of_many_racers_one_wins_and_never_none: nodes(5).weather(),
    b07_after_a_split_the_same_winner_holds_the_name_everywhere: parted(3),
    b09_a_loser_that_is_restarted_finds_the_name_taken: parted(3),
    b10_the_end_of_a_loser_does_not_touch_the_winner: parted(3).losers_live(),
    b11_a_resolver_that_crashes_gives_way_to_the_default_rule: parted(3).resolver(broken()),
    b12_the_removal_of_a_loser_reaches_third_nodes: parted(3),
    b16_a_winner_that_ends_while_the_sides_meet_leaves_no_stale_row: parted(3),
    b40_three_who_were_apart_from_each_other_agree: apart(),
}

const SECOND: Duration = Duration::from_secs(1);

fn parted(nodes_: u32) -> Setting {
    nodes(nodes_).split(&[1], &[2, 3], 15)
}

fn apart() -> Setting {
    let one = nodes(3).split(&[1], &[2, 3], 15);
    one.split(&[2], &[3], 18)
}

fn broken() -> Resolver {
    Resolver::new(|_| panic!("no idea"))
}

/// Both sides give the same name away while they do not see each other.
async fn both_register(town: &Town) -> [steadfast::process::ProcessId; 2] {
    town.world.note("split");
    town.pass(8).await;
    let one = town.register(1, "k").await.expect("free on this side");
    let other = town.register(2, "k").await.expect("free on that side");
    [one, other]
}

async fn b05_of_two_who_register_at_the_same_instant_one_holds_the_name(town: Town) {
    let one = town.register(1, "k").await;
    let other = town.register(2, "k").await;
    assert!(one.is_ok());
    let winner = town.agreed("k").await;
    assert!([one, other].contains(&Ok(winner)));
    town.pass(5).await;
    town.agree("k", Some(winner)).await;
}

async fn b06_of_many_racers_one_wins_and_never_none(town: Town) {
    let mut racers = Vec::new();
    for node in 1..=5 {
        racers.extend(town.register(node, "k").await);
    }
    let winner = town.agreed("k").await;
    assert!(racers.contains(&winner));
    town.pass(5).await;
    town.agree("k", Some(winner)).await;
}

async fn b07_after_a_split_the_same_winner_holds_the_name_everywhere(town: Town) {
    let both = both_register(&town).await;
    town.pass(10).await;
    let winner = town.agreed("k").await;
    assert!(both.contains(&winner));
    let loser = both.into_iter().find(|it| *it != winner).expect("two");
    let gone = town.node(loser.node.0).exited(loser).await;
    let told = matches!(&gone, ExitReason::Shutdown(Some(why)) if why.contains("is held by"));
    assert!(told || gone == ExitReason::NoProcess, "{gone:?}");
}

async fn b09_a_loser_that_is_restarted_finds_the_name_taken(town: Town) {
    town.world.note("split");
    town.pass(8).await;
    let first = town.register(1, "k").await.expect("free on this side");
    let registry = town.office(2).registry;
    let child = ChildSpec::worker("singleton", move |context| {
        let registry = registry.clone();
        async move {
            let wanted = Registration::new(NAMES, "k", context.id());
            match registry.register(wanted).await {
                Ok(_) => {
                    context.ready();
                    std::future::pending::<ExitReason>().await
                }
                Err(RegistryError::AlreadyRegistered { .. }) => context.ignore(),
                Err(other) => ExitReason::error(&other),
            }
        }
    });
    let spec = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(1, 60 * SECOND)
        .child(child.acknowledged(SECOND));
    let top = Supervisor::start(&town.node(2), "loser", spec).await;
    let top = top.expect("it starts");
    let registered = || town.holder(2, "k").is_some();
    assert!(town.world.until(SECOND, registered).await);
    town.pass(10).await;
    let winner = town.agreed("k").await;
    town.pass(10).await;
    town.agree("k", Some(winner)).await;
    assert!(town.node(2).is_alive(top.id()), "one restart and no more");
    assert!(winner == first || winner.node.0 == 2);
}

async fn b10_the_end_of_a_loser_does_not_touch_the_winner(town: Town) {
    let both = both_register(&town).await;
    town.pass(10).await;
    let winner = town.agreed("k").await;
    let loser = both.into_iter().find(|it| *it != winner).expect("two");
    assert!(town.node(loser.node.0).is_alive(loser), "it was only told");
    town.node(loser.node.0).kill(loser);
    town.pass(3).await;
    town.agree("k", Some(winner)).await;
}

async fn b11_a_resolver_that_crashes_gives_way_to_the_default_rule(town: Town) {
    let both = both_register(&town).await;
    town.pass(10).await;
    assert!(both.contains(&town.agreed("k").await));
    let process = town.register(3, "other").await.expect("it goes on");
    town.agree("other", Some(process)).await;
}

async fn b12_the_removal_of_a_loser_reaches_third_nodes(town: Town) {
    both_register(&town).await;
    town.pass(10).await;
    let winner = town.agreed("k").await;
    town.node(winner.node.0).kill(winner);
    town.agree("k", None).await;
    town.pass(5).await;
    town.agree("k", None).await;
}

async fn b16_a_winner_that_ends_while_the_sides_meet_leaves_no_stale_row(town: Town) {
    let both = both_register(&town).await;
    let met = || {
        both.iter()
            .any(|it| town.holder(3, "k") == Some(*it) && it.node.0 == 1)
    };
    town.world
        .until(20 * SECOND, || {
            met() || town.common("k").is_some_and(|it| it.is_some())
        })
        .await;
    let winner = both[0];
    town.node(1).kill(winner);
    let other_lives = || town.node(2).is_alive(both[1]);
    town.pass(10).await;
    let left = other_lives().then_some(both[1]);
    town.agree("k", left).await;
}

async fn b40_three_who_were_apart_from_each_other_agree(town: Town) {
    town.world.note("split");
    town.pass(8).await;
    let mut claims = Vec::new();
    for node in 1..=3 {
        claims.push(town.register(node, "k").await.expect("free here"));
    }
    town.pass(12).await;
    let winner = town.agreed("k").await;
    assert!(claims.contains(&winner));
    town.pass(5).await;
    town.agree("k", Some(winner)).await;
}

//! How much memberships say: the length of messages and their number.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast::membership::MembershipConfig;
use steadfast::runtime::NodeId;
use steadfast_sim::fault::{Fault, Target};
use steadfast_sim::trace::{NetEvent, TraceEvent};

use super::harness::{Cluster, History};
use super::membership::agreement;

const SECOND: Duration = Duration::from_secs(1);

/// How many messages each node sent in each second.
fn sends(history: &History) -> BTreeMap<(NodeId, u64), u64> {
    let mut sends = BTreeMap::new();
    for record in history.trace() {
        if let TraceEvent::Net(NetEvent::Sent { message, .. } | NetEvent::Refused { message }) =
            &record.event
        {
            *sends
                .entry((message.from, record.time / 1_000_000_000))
                .or_default() += 1;
        }
    }
    sends
}

#[test]
fn h15_an_idle_cluster_sends_the_same_number_of_messages_whatever_its_size() {
    let config = MembershipConfig::fast("test");
    // A probe and an answer in each period, a question for members and an answer.
    let at_rest =
        2.0 / config.probe_period.as_secs_f64() + 2.0 / config.announce_period.as_secs_f64();
    for size in [10, 20, 40, 100] {
        let history = Cluster::new(size)
            .length(35 * SECOND)
            .drive(move |world| async move {
                let all: Vec<_> = (1..=size).collect();
                agreement(&world, &all, 10 * SECOND).await.map(drop)
            })
            .run(u64::from(size));
        let sends = sends(&history);
        let idle = |node| {
            let seconds = (15..35).map(|second| sends.get(&(node, second)).copied().unwrap_or(0));
            seconds.collect::<Vec<_>>()
        };
        let all: Vec<_> = (1..=size).map(|node| idle(NodeId(node))).collect();
        let total: u64 = all.iter().flatten().sum();
        let mean = total as f64 / 20.0 / f64::from(size);
        let busiest = all
            .iter()
            .map(|node| node.iter().sum::<u64>())
            .max()
            .unwrap_or(0);
        let busiest = busiest as f64 / 20.0;
        let burst = all.iter().flatten().max().copied().unwrap_or(0);
        let start = sends.values().max().copied().unwrap_or(0);
        assert!(
            (0.9 * at_rest..1.1 * at_rest).contains(&mean),
            "{mean} of {at_rest}"
        );
        assert!(busiest < 1.5 * at_rest, "{busiest} of {at_rest}");
        assert!(burst < 30, "{burst}");
        // Not even the start exceeds the ration of a second and what was saved up.
        assert!(
            start <= 2 * u64::from(config.sends_per_second_max),
            "{start}"
        );
    }
}

#[test]
fn h15_a_tight_ration_is_kept_and_the_cluster_still_works() {
    let history = Cluster::new(10)
        .configured(|_| {
            MembershipConfig::fast("test")
                .seeds([NodeId(1)])
                .sends_per_second_max(16)
        })
        .fault(
            Fault::Drop { probability: 0.1 },
            Target::All,
            Duration::ZERO,
            None,
        )
        .length(40 * SECOND)
        .drive(|world| async move {
            let all: Vec<_> = (1..=10).collect();
            agreement(&world, &all, 20 * SECOND).await.map(drop)
        })
        .run(1);
    for ((node, second), sends) in sends(&history).into_iter().filter(|((_, at), _)| *at < 39) {
        assert!(sends <= 32, "{node} sent {sends} in second {second}");
    }
}

#[test]
fn h12_no_message_is_longer_than_the_limit_and_every_member_gets_known() {
    let len_max = 256;
    let history = Cluster::new(40)
        .configured(|_| {
            let config = MembershipConfig::fast("test").seeds([NodeId(1)]);
            config.message_len_max(256)
        })
        .length(30 * SECOND)
        .drive(|world| async move {
            let all: Vec<_> = (1..=40).collect();
            agreement(&world, &all, 20 * SECOND).await.map(drop)
        })
        .run(1);
    let mut longest = 0;
    for record in history.trace() {
        if let TraceEvent::Net(NetEvent::Sent { len, .. }) = &record.event {
            longest = longest.max(*len);
        }
    }
    // Long enough to have been at the limit, never over it.
    assert!((len_max - 16..=len_max).contains(&longest), "{longest}");
}

//! Cases of membership that need no fault of the network, on tokio: three nodes on one
//! executor, with time that moves only when nothing can run.

use std::time::Duration;

use steadfast::membership::{Member, MemberChange, Membership, MembershipConfig, Subscription};
use steadfast::process::Node;
use steadfast::runtime::tokio::{LocalNetwork, TokioRuntime};
use steadfast::runtime::{Clock as _, Incarnation, NodeId};
use steadfast::supervision::{Strategy, Supervisor, SupervisorRef, SupervisorSpec};

const SECOND: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(60);
const DRIVER: &str = "membership";

struct Site {
    node: Node<TokioRuntime>,
    membership: Membership<TokioRuntime>,
    top: SupervisorRef<TokioRuntime>,
}

impl Site {
    async fn start(network: &LocalNetwork, node: u32, incarnation: u32) -> Self {
        let runtime = TokioRuntime::builder(NodeId(node))
            .incarnation(Incarnation(incarnation))
            .local_network(network);
        let node = Node::new(runtime.build().expect("a runtime without storage"));
        // Who stops says nothing, as if it had crashed.
        let config = MembershipConfig::fast("trio")
            .seeds((1..=3).map(NodeId))
            .leaves_at_shutdown(false);
        let membership = Membership::new(node.runtime(), config).expect("it makes sense");
        let spec = SupervisorSpec::new(Strategy::OneForOne).child(membership.child_spec(DRIVER));
        let top = Supervisor::start(&node, "top", spec).await;
        let top = top.expect("the port is free");
        Self {
            node,
            membership,
            top,
        }
    }

    /// Waits until it sees this incarnation of a node, or none.
    async fn sees(&self, node: u32, incarnation: Option<u32>) -> Duration {
        let clock = self.node.runtime();
        let begun = clock.now();
        let wanted = incarnation.map(Incarnation);
        while self.membership.incarnation_of(NodeId(node)) != wanted {
            assert!(clock.now().since(begun) < LIMIT, "{wanted:?} of n{node}");
            clock.sleep(Duration::from_millis(10)).await;
        }
        clock.now().since(begun)
    }
}

async fn trio(network: &LocalNetwork) -> [Site; 3] {
    let sites = [
        Site::start(network, 1, 1).await,
        Site::start(network, 2, 1).await,
        Site::start(network, 3, 1).await,
    ];
    for site in &sites {
        for node in 1..=3 {
            site.sees(node, Some(1)).await;
        }
    }
    sites
}

fn play<F: Future<Output = ()>>(case: impl FnOnce(LocalNetwork) -> F) {
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("an executor needs only memory");
    executor.block_on(case(LocalNetwork::new()));
}

/// What was told of the third node since the subscription began.
fn told(changes: &mut Subscription<TokioRuntime>) -> Vec<MemberChange> {
    let told = std::iter::from_fn(|| changes.try_next());
    let is_news = |change: &MemberChange| !matches!(change, MemberChange::Snapshot { .. });
    told.filter(is_news).collect()
}

const fn third(incarnation: u32) -> Member {
    Member {
        node: NodeId(3),
        incarnation: Incarnation(incarnation),
    }
}

#[test]
fn h05_a_restart_takes_the_place_of_the_old_and_no_old_news_marks_it() {
    play(|network| async move {
        let [one, two, three] = trio(&network).await;
        let mut changes = one.membership.subscribe();
        assert!(three.node.stop(LIMIT).await);
        drop(three);
        let again = Site::start(&network, 3, 2).await;
        one.sees(3, Some(2)).await;
        two.sees(3, Some(2)).await;
        again.sees(1, Some(1)).await;
        // Whatever is still said of the old one does nothing.
        one.node.runtime().sleep(SECOND * 10).await;
        let mut told = told(&mut changes);
        told.retain(|change| *change != MemberChange::Suspected(third(1)));
        let expected = [MemberChange::Down(third(1)), MemberChange::Up(third(2))];
        assert_eq!(told, expected);
    });
}

#[test]
fn h06_who_leaves_is_marked_left_fast_and_without_suspicion() {
    play(|network| async move {
        let [one, two, three] = trio(&network).await;
        let mut changes = one.membership.subscribe();
        three.membership.leave(SECOND).await.expect("it is heard");
        assert!(one.sees(3, None).await < SECOND);
        assert!(two.sees(3, None).await < SECOND);
        one.node.runtime().sleep(SECOND * 5).await;
        assert_eq!(told(&mut changes), [MemberChange::Left(third(1))]);
        // It can join again.
        three.membership.join(NodeId(1)).expect("it has left");
        one.sees(3, Some(1)).await;
    });
}

#[test]
fn h09_the_changes_of_a_member_come_in_their_order() {
    play(|network| async move {
        let [one, _two, three] = trio(&network).await;
        let mut changes = one.membership.subscribe();
        let stopped = three.top.terminate_child(DRIVER).await;
        stopped.expect("it runs");
        one.sees(3, None).await;
        let started = three.top.restart_child(DRIVER).await;
        started.expect("it may");
        one.sees(3, Some(1)).await;
        let expected = [
            MemberChange::Suspected(third(1)),
            MemberChange::Down(third(1)),
            MemberChange::Up(third(1)),
        ];
        assert_eq!(told(&mut changes), expected);
    });
}

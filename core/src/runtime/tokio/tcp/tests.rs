//! Claims about nodes that reach each other over TCP.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{TcpNetwork, frame};
use crate::runtime::tokio::TokioRuntime;
use crate::runtime::tokio::contract_tests::bind_again;
use crate::runtime::{Clock, Inbox, Message, Network, NodeId, Port, SendError, timeout};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const PORT: Port = Port(7);
const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);

fn on_tokio<T>(body: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    executor.block_on(body)
}

fn build(node: NodeId, network: TcpNetwork) -> TokioRuntime {
    let builder = TokioRuntime::builder(node).tcp_network(network);
    builder.build().unwrap()
}

/// Two nodes that know each other, and where they listen.
async fn pair() -> (TokioRuntime, TokioRuntime, [SocketAddr; 2]) {
    let one = TcpNetwork::bind(ANY).await.unwrap();
    let two = TcpNetwork::bind(ANY).await.unwrap();
    let addresses = [one.local_address(), two.local_address()];
    let one = build(ONE, one.peer(TWO, addresses[1]));
    let two = build(TWO, two.peer(ONE, addresses[0]));
    (one, two, addresses)
}

/// Sends until the peer has received one, as a message may be lost with its connection.
async fn send_until_received(from: &TokioRuntime, to: NodeId, inbox: &mut Inbox) -> Message {
    loop {
        match from.send(to, PORT, b"again".to_vec()) {
            Ok(()) | Err(SendError::Unreachable { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let step = Duration::from_millis(20);
        if let Ok(received) = timeout(from, step, inbox.receive()).await {
            return received.unwrap();
        }
    }
}

async fn send_until_unreachable(from: &TokioRuntime, to: NodeId) {
    while from.send(to, PORT, Vec::new()).is_ok() {
        from.sleep(Duration::from_millis(5)).await;
    }
    let sent = from.send(to, PORT, Vec::new());
    assert_eq!(sent, Err(SendError::Unreachable { peer: to }));
}

#[test]
fn messages_of_one_connection_arrive_in_order_with_their_sender() {
    on_tokio(async {
        let (one, two, _) = pair().await;
        let mut inbox = two.bind(PORT, 2_000).unwrap();
        for number in 0..1_000_u32 {
            let payload = vec![number as u8; number as usize];
            one.send(TWO, PORT, payload).unwrap();
        }
        for number in 0..1_000_u32 {
            let message = inbox.receive().await.unwrap();
            assert_eq!(message.from, ONE);
            assert_eq!(message.payload, vec![number as u8; number as usize]);
        }
    });
}

#[test]
fn the_longest_payload_passes_and_a_longer_one_is_refused() {
    on_tokio(async {
        let (one, two, _) = pair().await;
        let mut inbox = two.bind(PORT, 1).unwrap();
        let longest = vec![7; one.payload_len_max()];
        one.send(TWO, PORT, longest.clone()).unwrap();
        assert_eq!(inbox.receive().await.unwrap().payload, longest);
        let longer = vec![7; one.payload_len_max() + 1];
        let refused = one.send(TWO, PORT, longer);
        assert!(matches!(refused, Err(SendError::TooLong { .. })));
    });
}

#[test]
fn a_node_reaches_itself_without_an_address() {
    on_tokio(async {
        let network = TcpNetwork::bind(ANY).await.unwrap();
        let one = build(ONE, network);
        let mut inbox = one.bind(PORT, 1).unwrap();
        one.send(ONE, PORT, vec![7]).unwrap();
        assert_eq!(inbox.receive().await.unwrap().from, ONE);
        let unknown = one.send(NodeId(9), PORT, vec![7]);
        assert_eq!(unknown, Err(SendError::Unreachable { peer: NodeId(9) }));
    });
}

#[test]
fn a_peer_that_went_away_becomes_unreachable_and_reachable_again_once_it_is_back() {
    on_tokio(async {
        let (one, two, addresses) = pair().await;
        let mut inbox = two.bind(PORT, 64).unwrap();
        send_until_received(&one, TWO, &mut inbox).await;
        two.close().await;
        send_until_unreachable(&one, TWO).await;

        let two = build(TWO, bind_again(addresses[1]).await);
        let mut inbox = two.bind(PORT, 64).unwrap();
        let message = send_until_received(&one, TWO, &mut inbox).await;
        assert_eq!(message.from, ONE);
        assert_eq!(one.send(TWO, PORT, Vec::new()), Ok(()));
    });
}

#[test]
fn the_queue_towards_a_peer_that_reads_nothing_is_bounded() {
    on_tokio(async {
        let silent = TcpListener::bind(ANY).await.unwrap();
        let network = TcpNetwork::bind(ANY).await.unwrap();
        let one = build(ONE, network.peer(TWO, silent.local_addr().unwrap()));
        let (_held, _) = {
            one.send(TWO, PORT, Vec::new()).unwrap();
            silent.accept().await.unwrap()
        };
        let refused = (0..10_000).find_map(|_| one.send(TWO, PORT, vec![0; 64 << 10]).err());
        assert_eq!(refused, Some(SendError::QueueFull { peer: TWO }));
    });
}

#[test]
fn dropping_the_runtime_ends_its_tasks() {
    on_tokio(async {
        let (one, two, addresses) = pair().await;
        let mut inbox = two.bind(PORT, 64).unwrap();
        send_until_received(&one, TWO, &mut inbox).await;
        drop(two);
        assert_eq!(drain(&mut inbox).await, None);
        send_until_unreachable(&one, TWO).await;
        // Nobody listens any more.
        assert!(TcpStream::connect(addresses[1]).await.is_err());
    });
}

async fn drain(inbox: &mut Inbox) -> Option<Message> {
    while inbox.receive().await.is_some() {}
    inbox.receive().await
}

#[test]
fn bytes_that_are_no_frames_end_their_connection_and_nothing_else() {
    on_tokio(async {
        let (one, two, addresses) = pair().await;
        let mut inbox = two.bind(PORT, 64).unwrap();
        let too_long = [frame::hello(ONE), vec![0xff; 6]].concat();
        for garbage in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), too_long] {
            let mut stream = TcpStream::connect(addresses[1]).await.unwrap();
            stream.write_all(&garbage).await.unwrap();
            // The node closes; whether by an end or by a reset does not matter.
            let mut answer = Vec::new();
            assert_eq!(stream.read_to_end(&mut answer).await.unwrap_or(0), 0);
        }
        let message = send_until_received(&one, TWO, &mut inbox).await;
        assert_eq!(message.payload, b"again");
    });
}

#[test]
fn a_frame_that_is_cut_short_is_not_delivered() {
    on_tokio(async {
        let (_one, two, addresses) = pair().await;
        let mut inbox = two.bind(PORT, 64).unwrap();
        let mut bytes = frame::hello(ONE);
        frame::write(&mut bytes, PORT, b"whole");
        frame::write(&mut bytes, PORT, b"torn");
        bytes.pop();
        let mut stream = TcpStream::connect(addresses[1]).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        drop(stream);
        assert_eq!(inbox.receive().await.unwrap().payload, b"whole");
        two.close().await;
        assert_eq!(inbox.receive().await, None);
    });
}

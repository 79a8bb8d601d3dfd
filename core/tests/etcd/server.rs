//! A real etcd: how it is found, started, killed and started again.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use steadfast::process::Node;
use steadfast::runtime::tokio::TokioRuntime;
use steadfast::runtime::{Clock as _, NodeId};
use steadfast::store::Store;
use steadfast::store::etcd::{EtcdCluster, EtcdOptions, EtcdStore};

/// Whether there is no etcd to test with. A test that misses it is skipped, in plain
/// sight, or fails if it must not be.
pub(crate) fn is_missing(test: &str) -> bool {
    misses(test, "etcd", "--version", "etcd-server")
}

/// As [`is_missing`], of what makes certificates.
pub(crate) fn makes_no_certificates(test: &str) -> bool {
    misses(test, "openssl", "version", "openssl")
}

fn misses(test: &str, program: &str, argument: &str, package: &str) -> bool {
    let found = Command::new(program)
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok_and(|status| status.success()) {
        return false;
    }
    let what = format!("there is no {program}; install it with `sudo apt-get install {package}`");
    let required = std::env::var_os("STEADFAST_REQUIRE_ETCD").is_some();
    assert!(!required, "{what}");
    // Not by a macro: what those write is shown for failed tests only.
    let skipped = format!("\nskipped: {test}: {what}\n");
    std::io::stderr().write_all(skipped.as_bytes()).unwrap();
    true
}

/// Runs one test on an executor of its own.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    executor.block_on(test)
}

/// The node of whoever uses a store.
pub(crate) fn node() -> Node<TokioRuntime> {
    Node::new(TokioRuntime::builder(NodeId(1)).build().unwrap())
}

/// A store over the given members.
pub(crate) fn over<'a>(
    node: &Node<TokioRuntime>,
    members: impl IntoIterator<Item = &'a Server>,
) -> Store {
    let endpoints = members.into_iter().map(Server::address);
    let cluster = EtcdCluster::new(endpoints);
    EtcdStore::connect(node.runtime().clone(), cluster, EtcdOptions::default())
}

/// Where ports are looked for: below those that systems give to connections, one of which
/// could take the port of a server that is being started again.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

/// How many ports were looked at.
static LOOKED_AT: AtomicU32 = AtomicU32::new(0);

/// A port that nobody listens on, and that is given out once.
fn free_port() -> u16 {
    loop {
        // Other processes begin elsewhere.
        let first = std::process::id().wrapping_mul(131);
        let number = LOOKED_AT
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(first);
        let port = (PORTS.start + number % (PORTS.end - PORTS.start)) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A member, with its files.
pub(crate) struct Server {
    name: String,
    scheme: &'static str,
    client_port: u16,
    peer_port: u16,
    /// All members of its cluster, as etcd wants to be told.
    cluster: String,
    more: Vec<String>,
    directory: tempfile::TempDir,
    running: Option<Child>,
}

impl Server {
    /// The only member of a cluster, running.
    pub(crate) fn start() -> Self {
        Self::cluster(1).remove(0)
    }

    /// All members of a cluster, running.
    pub(crate) fn cluster(members: usize) -> Vec<Self> {
        let mut servers: Vec<_> = (0..members)
            .map(|number| Self::new(format!("m{number}"), "http", Vec::new()))
            .collect();
        let peers: Vec<_> = servers.iter().map(Self::peer).collect();
        for server in &mut servers {
            server.cluster = peers.join(",");
            server.run();
        }
        servers
    }

    /// The only member of a cluster, running, that speaks as the files in `directory`
    /// allow.
    pub(crate) fn with_certificates(directory: &Path) -> Self {
        let file = |name: &str| directory.join(name).display().to_string();
        let more = [
            ["--cert-file".to_owned(), file("server.pem")],
            ["--key-file".to_owned(), file("server.key")],
            ["--trusted-ca-file".to_owned(), file("ca.pem")],
        ];
        let mut more = more.concat();
        more.push("--client-cert-auth".to_owned());
        let mut server = Self::new("m0".to_owned(), "https", more);
        server.cluster = server.peer();
        server.run();
        server
    }

    fn new(name: String, scheme: &'static str, more: Vec<String>) -> Self {
        Self {
            name,
            scheme,
            client_port: free_port(),
            peer_port: free_port(),
            cluster: String::new(),
            more,
            directory: tempfile::tempdir().unwrap(),
            running: None,
        }
    }

    fn peer(&self) -> String {
        format!("{}=http://127.0.0.1:{}", self.name, self.peer_port)
    }

    /// Where it is asked.
    pub(crate) fn address(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.client_port)
    }

    /// Starts it, with the files that it left.
    pub(crate) fn run(&mut self) {
        let (client, peer) = (
            self.address(),
            format!("http://127.0.0.1:{}", self.peer_port),
        );
        let data = self.directory.path().join("data").display().to_string();
        let arguments = [
            ("--name", &*self.name),
            ("--data-dir", &data),
            ("--listen-client-urls", &client),
            ("--advertise-client-urls", &client),
            ("--listen-peer-urls", &peer),
            ("--initial-advertise-peer-urls", &peer),
            ("--initial-cluster", &self.cluster),
            // A short time to an election allows for short leases.
            ("--heartbeat-interval", "20"),
            ("--election-timeout", "200"),
            ("--experimental-watch-progress-notify-interval", "300ms"),
            ("--log-level", "error"),
        ];
        let arguments = arguments.iter().flat_map(|(name, value)| [*name, *value]);
        let child = Command::new("etcd")
            .args(arguments)
            .args(&self.more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.running = Some(child);
    }

    /// Kills it, as the system does with one that uses too much memory.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until the store answers.
pub(crate) async fn serves(node: &Node<TokioRuntime>, store: &Store) {
    let serving = async {
        while store.get("any").await.is_err() {
            node.runtime().sleep(Duration::from_millis(20)).await;
        }
    };
    steadfast::runtime::timeout(node.runtime(), Duration::from_secs(30), serving)
        .await
        .unwrap();
}

//! Three processes of etcd.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::grpc::{Channel, Content, field, put, text};
use crate::load::{Figures, Load, drive, pause};
use crate::{ELECTION, HEARTBEAT, VALUE_LEN};

/// How long a cluster may take to elect its first leader.
const START_LIMIT: Duration = Duration::from_secs(20);

struct Member {
    process: Child,
    address: String,
}

/// A running cluster. Dropping it kills its processes and removes their files.
pub(crate) struct Cluster {
    members: Vec<Member>,
    /// Serve the connections.
    tasks: JoinSet<()>,
    _files: TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            // It may have been killed before.
            drop(member.process.kill());
            drop(member.process.wait());
        }
    }
}

/// Ports that nobody has at the moment.
fn free_ports(count: usize) -> Result<Vec<u16>, String> {
    let bind = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held: Result<Vec<_>, _> = (0..count).map(bind).collect();
    let held = held.map_err(text)?;
    let ports: Result<Vec<_>, _> = held.iter().map(TcpListener::local_addr).collect();
    Ok(ports
        .map_err(text)?
        .iter()
        .map(std::net::SocketAddr::port)
        .collect())
}

impl Cluster {
    /// Starts three processes and waits until one leads.
    pub(crate) async fn start(program: &Path) -> Result<Self, String> {
        let files = TempDir::new().map_err(text)?;
        let ports = free_ports(6)?;
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let peers: Vec<String> = (0..3)
            .map(|it| format!("m{it}={}", url(ports[it])))
            .collect();
        let mut members = Vec::new();
        for (it, port) in ports[3..].iter().enumerate() {
            let name = format!("m{it}");
            let process = Command::new(program)
                .env_clear()
                .args(["--name", &name, "--log-level", "error"])
                .arg("--data-dir")
                .arg(files.path().join(&name))
                .args(["--listen-peer-urls", &url(ports[it])])
                .args(["--initial-advertise-peer-urls", &url(ports[it])])
                .args(["--listen-client-urls", &url(*port)])
                .args(["--advertise-client-urls", &url(*port)])
                .args(["--initial-cluster", &peers.join(",")])
                .args(["--initial-cluster-state", "new"])
                .args(["--heartbeat-interval", &HEARTBEAT.as_millis().to_string()])
                .args(["--election-timeout", &ELECTION.as_millis().to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .map_err(text)?;
            let address = format!("127.0.0.1:{port}");
            members.push(Member { process, address });
        }
        let mut cluster = Self {
            members,
            tasks: JoinSet::new(),
            _files: files,
        };
        let limit = Instant::now() + START_LIMIT;
        while cluster.leader().await.is_err() {
            if Instant::now() > limit {
                return Err("etcd elected no leader".to_owned());
            }
            pause(HEARTBEAT).await;
        }
        Ok(cluster)
    }

    /// Which member leads.
    pub(crate) async fn leader(&mut self) -> Result<usize, String> {
        for member in 0..self.members.len() {
            let channel = self.channel(member).await?;
            let status = channel
                .call("/etcdserverpb.Maintenance/Status", &[])
                .await?;
            let header = match field(&status, 1) {
                Some(Content::Bytes(header)) => field(header, 2),
                Some(Content::Number(_)) | None => None,
            };
            match (header, field(&status, 4)) {
                (Some(Content::Number(id)), Some(Content::Number(leader))) if id == leader => {
                    return Ok(member);
                }
                _ => {}
            }
        }
        Err("no member leads".to_owned())
    }

    /// A new connection to a member.
    pub(crate) async fn channel(&mut self, member: usize) -> Result<Channel, String> {
        let address = self.members[member].address.clone();
        Channel::connect(&address, &mut self.tasks).await
    }

    /// Kills a member.
    pub(crate) fn kill(&mut self, member: usize) -> Result<(), String> {
        self.members[member].process.kill().map_err(text)
    }
}

/// One committed write.
pub(crate) async fn write(channel: &Channel, key: &str) -> Result<(), String> {
    let message = put(key.as_bytes(), &[7; VALUE_LEN]);
    let answer = channel.call("/etcdserverpb.KV/Put", &message).await;
    answer.map(drop)
}

/// How many clients share one connection: with more connections etcd is slower here.
const CLIENTS_PER_CHANNEL: usize = 16;

/// Measures writes at the leader.
pub(crate) async fn writes(program: &Path, load: Load) -> Result<Figures, String> {
    let mut cluster = Cluster::start(program).await?;
    let leader = cluster.leader().await?;
    let mut channels = Vec::new();
    for _ in 0..load.clients.div_ceil(CLIENTS_PER_CHANNEL) {
        channels.push(cluster.channel(leader).await?);
    }
    drive(load, |client| {
        let channel = channels[client % channels.len()].clone();
        move |key: String| {
            let channel = channel.clone();
            async move { write(&channel, &key).await }
        }
    })
    .await
}

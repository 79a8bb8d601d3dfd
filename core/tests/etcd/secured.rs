//! Users and passwords, and encrypted connections.

use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use steadfast::coordination::{Coordinator, CoordinatorOptions, Election, SessionOptions};
use steadfast::runtime::{Clock as _, timeout};
use steadfast::store::etcd::{EtcdCluster, EtcdOptions, EtcdStore, EtcdTls};
use steadfast::store::{KeyRange, Store, TransactError, Unavailable};

use super::server::{Server, is_missing, makes_no_certificates, node, over, run, serves};

const PASSWORD: &str = "of a test";

/// Lets nobody in without a password.
async fn enable_users(server: &Server) {
    let mut client = etcd_client::Client::connect([server.address()], None)
        .await
        .unwrap();
    client.user_add("root", PASSWORD, None).await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.auth_enable().await.unwrap();
}

fn as_user(server: &Server, password: &str) -> Store {
    let cluster = EtcdCluster::new([server.address()]).user("root", password);
    let runtime = node().runtime().clone();
    EtcdStore::connect(runtime, cluster, EtcdOptions::default())
}

fn is_forbidden(error: &TransactError) -> bool {
    matches!(
        error,
        TransactError::Unavailable(Unavailable::Failed { .. })
    )
}

#[test]
fn a_user_is_let_in_by_the_password_also_after_a_restart() {
    if is_missing("a_user_is_let_in_by_the_password_also_after_a_restart") {
        return;
    }
    run(async {
        let (mut server, node) = (Server::start(), node());
        let nobody = over(&node, [&server]);
        serves(&node, &nobody).await;
        enable_users(&server).await;
        for store in [&nobody, &as_user(&server, "another one")] {
            let error = store.put("a", "1").await.unwrap_err();
            assert!(is_forbidden(&error), "{error:?}");
        }
        let store = as_user(&server, PASSWORD);
        let first = store.put("a", "1").await.unwrap();
        let mut watch = store.watch_from(KeyRange::all(), first).await.unwrap();
        assert_eq!(watch.next().await.unwrap().revision, first);
        // It forgets what it gave for the password. The watch is the first to notice.
        server.kill();
        server.run();
        let another = as_user(&server, PASSWORD);
        serves(&node, &another).await;
        let second = another.put("a", "2").await.unwrap();
        let told = timeout(node.runtime(), Duration::from_secs(20), watch.next());
        assert_eq!(told.await.unwrap().unwrap().revision, second);
        let third = store.put("a", "3").await.unwrap();
        assert_eq!(third, second.next());
    });
}

/// Runs `openssl` with arguments as one would type them.
fn openssl(directory: &Path, arguments: &str) {
    let made = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success(), "openssl {arguments}");
}

/// An authority, and what it signed for a server and a client.
fn certificates() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(
        path,
        &format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"),
    );
    std::fs::write(path.join("names"), "subjectAltName=IP:127.0.0.1").unwrap();
    for name in ["server", "client"] {
        openssl(
            path,
            &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"),
        );
        openssl(
            path,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
                 -out {name}.pem -days 2 -extfile names"
            ),
        );
    }
    directory
}

#[test]
fn an_encrypted_connection_is_made_to_members_of_the_authority_only() {
    let test = "an_encrypted_connection_is_made_to_members_of_the_authority_only";
    if is_missing(test) || makes_no_certificates(test) {
        return;
    }
    run(async {
        let (ours, theirs) = (certificates(), certificates());
        let read = |directory: &tempfile::TempDir, name: &str| {
            std::fs::read(directory.path().join(name)).unwrap()
        };
        let server = Server::with_certificates(ours.path());
        let node = node();
        let store = |authority| {
            let tls = EtcdTls::new(read(authority, "ca.pem"))
                .identity(read(&ours, "client.pem"), read(&ours, "client.key"));
            let cluster = EtcdCluster::new([server.address()]).tls(tls);
            EtcdStore::connect(node.runtime().clone(), cluster, EtcdOptions::default())
        };
        let trusting = store(&ours);
        serves(&node, &trusting).await;
        trusting.put("a", "1").await.unwrap();
        let limit = Duration::from_millis(500);
        let begun = node.runtime().now();
        let refused = store(&theirs).within(limit).put("a", "2").await;
        assert!(refused.is_err(), "{refused:?}");
        assert!(node.runtime().now().since(begun) < limit * 10);
        let found = trusting.get("a").await.unwrap().unwrap();
        assert_eq!(found.version, 1);
    });
}

#[test]
fn f22_a_campaign_goes_on_when_the_server_forgets_what_it_gave_for_the_password() {
    if is_missing("f22_a_campaign_goes_on_when_the_server_forgets_what_it_gave_for_the_password") {
        return;
    }
    run(async {
        let (mut server, nodes) = (Server::start(), [node(), node()]);
        let nobody = over(&nodes[0], [&server]);
        serves(&nodes[0], &nobody).await;
        enable_users(&server).await;
        let mut elections = Vec::new();
        for node in &nodes {
            let store = as_user(&server, PASSWORD);
            let options = CoordinatorOptions::default();
            let coordinator = Coordinator::start(node, "coordination", store, options)
                .await
                .unwrap();
            let options = SessionOptions::ttl(Duration::from_secs(3));
            let session = coordinator.session(options).await.unwrap();
            elections.push(Election::new(&session, "leader"));
        }
        let limit = Duration::from_secs(20);
        let first = elections[0].campaign("one", limit).await.unwrap();
        let mut second = pin!(elections[1].campaign("two", limit));
        let waits = timeout(nodes[1].runtime(), Duration::from_millis(500), &mut second);
        assert!(waits.await.is_err(), "two lead");
        server.kill();
        server.run();
        let waits = timeout(nodes[1].runtime(), Duration::from_secs(2), &mut second);
        assert!(waits.await.is_err(), "the restart ended the campaign");
        first.resign().await.unwrap();
        let second = second.await.unwrap();
        assert!(second.term() > first.term());
        for node in nodes {
            assert!(node.stop(limit).await, "killed");
        }
    });
}

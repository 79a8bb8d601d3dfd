//! A connection an endpoint, and the calls.

use std::fmt;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use etcd_client::{Client, Error, LeaseGrantOptions, LeaseTimeToLiveOptions};

use super::cluster::EtcdCluster;
use super::refusal::{failed, not_connected, stray};
use super::{answer, request, watch};
use crate::store::entry::Revision;
use crate::store::etcd::wire::{Call, Wire, WireError, WireRefusal, WireWatch};
use crate::store::lease::{Granted, LeaseId, LeaseInfo};
use crate::store::range::KeyRange;
use crate::store::read::{Read, Reading};
use crate::store::transaction::{Transacted, Transaction};

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 28;

/// Speaks to a real cluster. A client for each endpoint, so that a call is one request
/// to one member; made when it is first needed.
pub(in crate::store::etcd) struct ClientWire {
    cluster: EtcdCluster,
    clients: Mutex<Vec<Option<Client>>>,
}

impl ClientWire {
    pub(in crate::store::etcd) fn new(cluster: EtcdCluster) -> Self {
        let clients = Mutex::new(vec![None; cluster.endpoints.len()]);
        Self { cluster, clients }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Client>>> {
        // Nothing that can panic runs under this lock.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn client(&self, endpoint: usize) -> Result<Client, WireError> {
        let known = self.lock()[endpoint].clone();
        if let Some(client) = known {
            return Ok(client);
        }
        let address = &self.cluster.endpoints[endpoint];
        let made = Client::connect([address], Some(self.cluster.options())).await;
        let client = made.map_err(|error| not_connected(&error))?;
        // Another call may have made one meanwhile; each serves its own.
        self.lock()[endpoint] = Some(client.clone());
        Ok(client)
    }

    /// One call: `ask` sends it, `told` reads the answer.
    fn call<'a, A, T, F>(
        &'a self,
        endpoint: usize,
        ask: impl FnOnce(Client) -> F + Send + 'a,
        told: impl FnOnce(A) -> Result<T, WireError> + Send + 'a,
    ) -> Call<'a, T>
    where
        F: Future<Output = Result<A, Error>> + Send + 'a,
        A: Send + 'a,
        T: 'a,
    {
        Box::pin(async move {
            let client = self.client(endpoint).await?;
            let answer = ask(client).await.map_err(|error| failed(&error))?;
            told(answer)
        })
    }
}

/// Renews a lease, and answers for how long. The first answer on a stream is read by the
/// crate, who keeps the time for itself.
async fn keep_alive(client: Client, lease: LeaseId) -> Result<Option<i64>, Error> {
    let number = request::lease_number(lease);
    let (mut keeper, mut stream) = client.lease_client().keep_alive(number).await?;
    keeper.keep_alive().await?;
    let answer = stream.message().await?;
    Ok(answer.map(|answer| answer.ttl()))
}

impl Wire for ClientWire {
    fn endpoints(&self) -> usize {
        self.cluster.endpoints.len()
    }

    fn range(&self, endpoint: usize, read: Read) -> Call<'_, Reading> {
        let (key, options) = request::get(&read);
        self.call(
            endpoint,
            |client| async move {
                let mut kv = client
                    .kv_client()
                    .max_decoding_message_size(ANSWER_BYTES_MAX);
                kv.get(key, Some(options)).await
            },
            |found| Ok(answer::reading(&found, answer::revision(found.header())?)),
        )
    }

    fn txn(&self, endpoint: usize, transaction: Transaction) -> Call<'_, Transacted> {
        self.call(
            endpoint,
            move |client| async move {
                let mut kv = client
                    .kv_client()
                    .max_decoding_message_size(ANSWER_BYTES_MAX);
                kv.txn(request::txn(&transaction)).await
            },
            |done| answer::transacted(&done),
        )
    }

    fn lease_grant(
        &self,
        endpoint: usize,
        lease: Option<LeaseId>,
        ttl: Duration,
    ) -> Call<'_, Granted> {
        // Whole seconds, and never less than what was asked for.
        let seconds = ttl.as_millis().div_ceil(1_000).max(1) as i64;
        let options = lease.map(|lease| {
            let number = request::lease_number(lease);
            LeaseGrantOptions::new().with_id(number)
        });
        self.call(
            endpoint,
            move |client| async move { client.lease_client().grant(seconds, options).await },
            |granted| {
                Ok(Granted {
                    lease: answer::lease(granted.id()),
                    ttl: answer::seconds(granted.ttl()),
                    revision: answer::revision(granted.header())?,
                })
            },
        )
    }

    fn lease_keep_alive(&self, endpoint: usize, lease: LeaseId) -> Call<'_, Duration> {
        self.call(
            endpoint,
            move |client| keep_alive(client, lease),
            |ttl| match ttl {
                Some(ttl) if ttl > 0 => Ok(answer::seconds(ttl)),
                Some(_) => Err(WireRefusal::LeaseNotFound.into()),
                None => Err(stray("no renewal")),
            },
        )
    }

    fn lease_revoke(&self, endpoint: usize, lease: LeaseId) -> Call<'_, Revision> {
        let number = request::lease_number(lease);
        self.call(
            endpoint,
            move |client| async move { client.lease_client().revoke(number).await },
            |revoked| answer::revision(revoked.header()),
        )
    }

    fn lease_time_to_live(&self, endpoint: usize, lease: LeaseId) -> Call<'_, LeaseInfo> {
        let number = request::lease_number(lease);
        self.call(
            endpoint,
            move |client| async move {
                let options = LeaseTimeToLiveOptions::new().with_keys();
                let mut leases = client.lease_client();
                leases.time_to_live(number, Some(options)).await
            },
            |told| answer::info(&told).ok_or_else(|| WireRefusal::LeaseNotFound.into()),
        )
    }

    fn lease_leases(&self, endpoint: usize) -> Call<'_, Vec<LeaseId>> {
        self.call(
            endpoint,
            |client| async move { client.lease_client().leases().await },
            |told| {
                let leases = told.leases().iter();
                Ok(leases.map(|status| answer::lease(status.id())).collect())
            },
        )
    }

    fn watch(
        &self,
        endpoint: usize,
        range: KeyRange,
        from: Revision,
    ) -> Call<'_, Box<dyn WireWatch>> {
        Box::pin(async move {
            let client = self.client(endpoint).await?;
            watch::begin(&client, ANSWER_BYTES_MAX, &range, from).await
        })
    }

    fn compact(&self, endpoint: usize, revision: Revision) -> Call<'_, ()> {
        let number = request::number(revision);
        self.call(
            endpoint,
            move |client| async move { client.kv_client().compact(number, None).await },
            |_| Ok(()),
        )
    }
}

impl fmt::Debug for ClientWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientWire").field(&self.cluster).finish()
    }
}

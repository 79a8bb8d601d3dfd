//! Where a cluster is, and how it is spoken to.

use std::fmt;
use std::time::Duration;

use etcd_client::{Certificate, ConnectOptions, Identity, TlsOptions};

/// Where an etcd cluster is, and how it is spoken to. Etcd 3.4 and later.
///
/// ```
/// use steadfast::store::etcd::{EtcdCluster, EtcdTls};
///
/// # let (ca, certificate, key) = ("", "", "");
/// let plain = EtcdCluster::new(["http://127.0.0.1:2379"]);
/// let secured = EtcdCluster::new(["https://etcd1:2379", "https://etcd2:2379"])
///     .user("steadfast", "a password")
///     .tls(EtcdTls::new(ca).identity(certificate, key));
/// ```
#[derive(Clone)]
pub struct EtcdCluster {
    pub(super) endpoints: Vec<String>,
    user: Option<(String, String)>,
    tls: Option<EtcdTls>,
    connect_limit: Duration,
    probe: (Duration, Duration),
}

impl EtcdCluster {
    /// A cluster at these addresses, such as `http://10.0.0.1:2379`. They are asked in
    /// this order, each for as long as it answers.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn new<E: Into<String>>(endpoints: impl IntoIterator<Item = E>) -> Self {
        let endpoints: Vec<_> = endpoints.into_iter().map(Into::into).collect();
        assert!(!endpoints.is_empty(), "a cluster has an endpoint");
        Self {
            endpoints,
            user: None,
            tls: None,
            connect_limit: Duration::from_secs(1),
            probe: (Duration::from_secs(10), Duration::from_secs(5)),
        }
    }

    /// As this user. What the cluster gives for the password is renewed when it ends.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some((name.into(), password.into()));
        self
    }

    /// Encrypted, to members whose certificates are checked. Their addresses begin with
    /// `https://`.
    #[must_use]
    pub fn tls(mut self, tls: EtcdTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// For how long a connection may take to be made. One second if not set.
    #[must_use]
    pub const fn connect_limit(mut self, connect_limit: Duration) -> Self {
        self.connect_limit = connect_limit;
        self
    }

    /// How often a connection on which something is waited for is probed, and for how
    /// long the answer may take: so long it may take until a watch notices that its
    /// member has gone without a word. 10 and 5 seconds if not set. Members close
    /// connections that are probed more often than they allow, 5 seconds by default.
    #[must_use]
    pub const fn probe(mut self, interval: Duration, limit: Duration) -> Self {
        self.probe = (interval, limit);
        self
    }

    pub(super) fn options(&self) -> ConnectOptions {
        let (interval, limit) = self.probe;
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.connect_limit)
            .with_keep_alive(interval, limit)
            .with_keep_alive_while_idle(false)
            // A member that lost its cluster must not let its watches wait.
            .with_require_leader(true);
        if let Some((name, password)) = &self.user {
            options = options
                .with_user(name, password)
                .with_auto_token_refresh(true);
        }
        if let Some(tls) = &self.tls {
            options = options.with_tls(tls.options());
        }
        options
    }
}

impl fmt::Debug for EtcdCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_ref().map(|(name, _)| name);
        f.debug_struct("EtcdCluster")
            .field("endpoints", &self.endpoints)
            .field("user", &user)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

/// How connections to a cluster are encrypted.
#[derive(Clone)]
pub struct EtcdTls {
    authority: Vec<u8>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    domain: Option<String>,
}

impl EtcdTls {
    /// The certificates of members are signed by this authority, a certificate in PEM.
    pub fn new(authority: impl AsRef<[u8]>) -> Self {
        Self {
            authority: authority.as_ref().to_vec(),
            identity: None,
            domain: None,
        }
    }

    /// Shows this certificate, with its key, both in PEM.
    #[must_use]
    pub fn identity(mut self, certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let pair = (certificate.as_ref().to_vec(), key.as_ref().to_vec());
        self.identity = Some(pair);
        self
    }

    /// Certificates of members are for this name, whatever their addresses are.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    fn options(&self) -> TlsOptions {
        let authority = Certificate::from_pem(&self.authority);
        let mut options = TlsOptions::new().ca_certificate(authority);
        if let Some((certificate, key)) = &self.identity {
            options = options.identity(Identity::from_pem(certificate, key));
        }
        if let Some(domain) = &self.domain {
            options = options.domain_name(domain);
        }
        options
    }
}

impl fmt::Debug for EtcdTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdTls")
            .field("identity", &self.identity.is_some())
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

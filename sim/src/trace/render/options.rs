//! What a rendering shows.

/// The domains of trace events, for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// Life and death of processes.
    Process,
    /// What supervisors do.
    Supervision,
    /// Boot and health of services.
    Boot,
    /// What nodes see of registries.
    Registry,
    /// Sessions, locks, elections and the like.
    Coordination,
    /// Logs of replicated stores.
    Store,
    /// Failures and incidents.
    Failure,
    /// Who is in the cluster.
    Membership,
    /// The run itself: phases, notes.
    Run,
    /// Nodes.
    Node,
    /// Raw tasks.
    Task,
    /// Messages.
    Net,
    /// Files.
    Disk,
    /// Fault episodes.
    Fault,
}

impl Domain {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Process,
        Self::Supervision,
        Self::Boot,
        Self::Registry,
        Self::Coordination,
        Self::Store,
        Self::Failure,
        Self::Membership,
        Self::Run,
        Self::Node,
        Self::Task,
        Self::Net,
        Self::Disk,
        Self::Fault,
    ];

    /// The name for the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Supervision => "supervision",
            Self::Boot => "boot",
            Self::Registry => "registry",
            Self::Coordination => "coordination",
            Self::Store => "store",
            Self::Failure => "failure",
            Self::Membership => "membership",
            Self::Run => "run",
            Self::Node => "node",
            Self::Task => "task",
            Self::Net => "net",
            Self::Disk => "disk",
            Self::Fault => "fault",
        }
    }

    /// The domain with this name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.word() == word)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domains(u16);

impl Domains {
    /// Every domain.
    pub const ALL: Self = Self(u16::MAX);
    /// No domain.
    pub const NONE: Self = Self(0);

    /// With this one too.
    #[must_use]
    pub const fn with(self, domain: Domain) -> Self {
        Self(self.0 | domain.bit())
    }

    /// Without this one.
    #[must_use]
    pub const fn without(self, domain: Domain) -> Self {
        Self(self.0 & !domain.bit())
    }

    /// Whether it is one of the set.
    #[must_use]
    pub const fn contains(self, domain: Domain) -> bool {
        self.0 & domain.bit() != 0
    }
}

impl FromIterator<Domain> for Domains {
    fn from_iter<I: IntoIterator<Item = Domain>>(domains: I) -> Self {
        domains.into_iter().fold(Self::NONE, Self::with)
    }
}

/// What a rendering shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The time of each event. Without it, a snapshot stands when only the pace changes.
    pub times: bool,
    /// The numbers of processes. Without them a process is its path, and the second
    /// process with the same path is `path(2)`, so that a snapshot stands when an
    /// unrelated process is added.
    pub ids: bool,
    /// Where tasks were spawned, as `file:line`.
    pub places: bool,
    /// Which domains.
    pub domains: Domains,
}

impl Options {
    /// Everything.
    pub const FULL: Self = Self {
        times: true,
        ids: true,
        places: true,
        domains: Domains::ALL,
    };

    /// What people tell each other: no raw tasks, messages and files, and no numbers
    /// of processes.
    pub const STORY: Self = Self {
        times: true,
        ids: false,
        places: false,
        domains: Domains::ALL
            .without(Domain::Task)
            .without(Domain::Net)
            .without(Domain::Disk),
    };

    /// Without the times.
    #[must_use]
    pub const fn without_times(mut self) -> Self {
        self.times = false;
        self
    }

    /// With only these domains.
    #[must_use]
    pub const fn only(mut self, domains: Domains) -> Self {
        self.domains = domains;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::FULL
    }
}

//! Where a replica learns who is in the cluster.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::members::MemberNews;
use crate::membership::{MemberChange, Subscription};
use crate::runtime::Runtime;

/// Tells who is in the cluster. A fresh one is asked for at each start of the driver,
/// and begins with [`MemberNews::All`].
pub trait MemberFeed: Send + 'static {
    /// The next news, or the waker is woken once there is one.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<MemberNews>;
}

impl<R: Runtime> MemberFeed for Subscription<R> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<MemberNews> {
        loop {
            let Poll::Ready(change) = Self::poll_next(self, context) else {
                return Poll::Pending;
            };
            return Poll::Ready(match change {
                MemberChange::Snapshot { peers, .. } => {
                    MemberNews::All(peers.into_iter().map(|peer| peer.member).collect())
                }
                MemberChange::Up(member) => MemberNews::Up(member),
                MemberChange::Down(member) => MemberNews::Down(member),
                MemberChange::Left(member) => MemberNews::Left(member),
                // A suspect is still a member, and what it holds is still true.
                MemberChange::Suspected(_) | MemberChange::Refuted(_) => continue,
            });
        }
    }
}

#[derive(Debug, Default)]
struct Script {
    members: Vec<crate::membership::Member>,
    news: VecDeque<MemberNews>,
    /// Which reader is the last one; others hear nothing any more.
    reader: u64,
    waker: Option<Waker>,
}

/// A feed that is told by hand, for those who know the members from elsewhere.
#[derive(Clone, Default)]
pub struct ManualFeed(Arc<Mutex<Script>>);

impl ManualFeed {
    /// How much news may wait; beyond it the present members stand for it.
    const NEWS_MAX: usize = 1_024;

    /// Tells the last reader, and those that come.
    pub fn tell(&self, news: MemberNews) {
        let waker = {
            let mut script = self.lock();
            match &news {
                MemberNews::All(members) => script.members.clone_from(members),
                MemberNews::Up(member) => {
                    script.members.retain(|known| known.node != member.node);
                    script.members.push(*member);
                }
                MemberNews::Down(member) | MemberNews::Left(member) => {
                    script.members.retain(|known| known != member);
                }
            }
            script.news.push_back(news);
            if script.news.len() > Self::NEWS_MAX {
                let all = MemberNews::All(script.members.clone());
                script.news = VecDeque::from([all]);
            }
            script.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A reader, which begins with the present members. The one before hears nothing
    /// any more.
    #[must_use]
    pub fn reader(&self) -> ManualReader {
        let mut script = self.lock();
        script.reader += 1;
        script.news = VecDeque::from([MemberNews::All(script.members.clone())]);
        let number = script.reader;
        drop(script);
        let feed = self.clone();
        ManualReader { feed, number }
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ManualFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualFeed")
            .field("members", &self.lock().members)
            .finish_non_exhaustive()
    }
}

/// Reads a [`ManualFeed`].
#[derive(Debug)]
pub struct ManualReader {
    feed: ManualFeed,
    number: u64,
}

impl MemberFeed for ManualReader {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<MemberNews> {
        let mut script = self.feed.lock();
        if script.reader != self.number {
            return Poll::Pending;
        }
        match script.news.pop_front() {
            Some(news) => Poll::Ready(news),
            None => {
                script.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

//! A supervision tree, to be read by people.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::child_info::{ChildInfo, ChildStatus};
use super::child_spec::ChildKind;
use super::dynamic_handle::DynamicSupervisorRef;
use super::error::CallError;
use super::handle::SupervisorRef;
use super::tasks::TaskSupervisorRef;
use crate::label::Label;
use crate::process::ProcessId;
use crate::runtime::Runtime;

/// A supervisor or worker with everything below it.
///
/// Displayed with one line each, children in start order:
///
/// ```text
/// app <n1.1.1> supervisor
/// ├─ cache <n1.1.2> worker, running
/// └─ web <n1.1.3> supervisor, running
///    └─ listener worker, stopped
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The path of the top, the id of anything below it.
    pub name: Label,
    /// Its process, if it has one.
    pub process: Option<ProcessId>,
    /// What it is doing.
    pub status: ChildStatus,
    /// Whether it is a supervisor.
    pub kind: ChildKind,
    /// What it supervises, in start order.
    pub children: Vec<Self>,
}

impl Tree {
    pub(super) async fn of<R: Runtime>(
        name: Label,
        supervisor: &SupervisorRef<R>,
    ) -> Result<Self, CallError> {
        Ok(Self {
            name,
            process: Some(supervisor.id()),
            status: ChildStatus::Running,
            kind: ChildKind::Supervisor,
            children: below(supervisor).await?,
        })
    }

    fn leaf(child: ChildInfo) -> Self {
        Self {
            name: child.id,
            process: child.process,
            status: child.status,
            kind: child.kind,
            children: Vec::new(),
        }
    }

    fn task((process, name): (ProcessId, Label)) -> Self {
        Self {
            name,
            process: Some(process),
            status: ChildStatus::Running,
            kind: ChildKind::Worker,
            children: Vec::new(),
        }
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, top: bool) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(process) = self.process {
            write!(f, " {process}")?;
        }
        f.write_str(match self.kind {
            ChildKind::Worker => " worker",
            ChildKind::Supervisor => " supervisor",
        })?;
        if top {
            return Ok(());
        }
        write!(f, ", {}", self.status)
    }

    fn branches(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let last = self.children.len().saturating_sub(1);
        for (place, child) in self.children.iter().enumerate() {
            let (branch, below) = if place == last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            write!(f, "\n{indent}{branch}")?;
            child.line(f, false)?;
            child.branches(f, &format!("{indent}{below}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.line(f, true)?;
        self.branches(f, "")
    }
}

type Below<'a> = Pin<Box<dyn Future<Output = Result<Vec<Tree>, CallError>> + Send + 'a>>;

/// What a supervisor supervises, in start order.
fn below<R: Runtime>(supervisor: &SupervisorRef<R>) -> Below<'_> {
    Box::pin(async move {
        let mut trees = Vec::new();
        let children = supervisor.which_children().await?;
        for child in children.into_iter().rev() {
            let mut tree = Tree::leaf(child);
            if tree.kind == ChildKind::Supervisor && tree.process.is_some() {
                // One that has gone since is shown as it was, without children.
                tree.children = nested(supervisor, &tree.name).await.unwrap_or_default();
            }
            trees.push(tree);
        }
        Ok(trees)
    })
}

async fn nested<R: Runtime>(
    supervisor: &SupervisorRef<R>,
    id: &Label,
) -> Result<Vec<Tree>, CallError> {
    let Some(info) = supervisor.child_handle(id.clone()).await? else {
        return Ok(Vec::new());
    };
    if let Some(supervisor) = info.downcast::<SupervisorRef<R>>() {
        return below(&supervisor).await;
    }
    if let Some(tasks) = info.downcast::<TaskSupervisorRef<R>>() {
        return Ok(tasks.tasks().into_iter().map(Tree::task).collect());
    }
    let Some(supervisor) = info.downcast::<DynamicSupervisorRef<R>>() else {
        return Ok(Vec::new());
    };
    let children = supervisor.which_children().await?;
    Ok(children.into_iter().rev().map(Tree::leaf).collect())
}

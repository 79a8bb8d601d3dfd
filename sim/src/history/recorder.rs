//! Histories that a run records.

use std::sync::Arc;

use steadfast::Label;
use steadfast::runtime::NodeId;

use super::entry::{Entry, Kind};
use super::format::Line;
use super::json;
use super::value::Value;
use crate::runtime::{Shared, SimRuntime};
use crate::trace::{RunEvent, TraceEvent};
use crate::world::World;

/// How the note of an event begins; the name of the history and the line follow.
const PREFIX: &str = "history ";

/// Writes a history into the trace, as notes: `history NAME {…}`, where the braces are
/// [our own line of JSON](super). What is after the name, written to a file, is a
/// history that `steadfast check` reads. Cheap to clone.
///
/// ```no_run
/// # async fn in_a_workload(world: steadfast_sim::World) {
/// use steadfast_sim::history::HistoryRecorder;
///
/// let recorder = HistoryRecorder::of_world(&world, "registers");
/// let call = recorder.invoke("client-1", "write", Some("x"), 3_i64);
/// // … ask the system under test …
/// call.ok(());
/// # }
/// ```
#[derive(Clone)]
pub struct HistoryRecorder {
    shared: Arc<Shared>,
    /// The node that records, and whether it may still.
    node: Option<SimRuntime>,
    name: Label,
}

impl HistoryRecorder {
    /// Records from outside the nodes. The name has no spaces.
    pub fn of_world(world: &World, name: impl Into<Label>) -> Self {
        Self {
            shared: world.shared(),
            node: None,
            name: name.into(),
        }
    }

    /// Records as code on a node. Once that incarnation is dead nothing is recorded
    /// any more, so that what it had asked for stays unknown. The name has no spaces.
    pub fn of_node(runtime: &SimRuntime, name: impl Into<Label>) -> Self {
        Self {
            shared: Arc::clone(&runtime.0.shared),
            node: Some(runtime.clone()),
            name: name.into(),
        }
    }

    /// A process asks. It has one open operation at a time: if it asks again before
    /// it was told, what it had asked before stays unknown.
    pub fn invoke(
        &self,
        process: impl Into<Label>,
        op: &str,
        key: Option<&str>,
        value: impl Into<Value>,
    ) -> RecordedCall {
        let process = process.into();
        self.write(&Entry {
            process: process.clone(),
            kind: Kind::Invoke,
            op: Some(op.into()),
            key: key.map(Label::from),
            value: value.into(),
            time: None,
        });
        RecordedCall {
            recorder: self.clone(),
            process,
        }
    }

    fn write(&self, entry: &Entry) {
        let dead = self.node.as_ref().is_some_and(|node| !node.0.is_alive());
        if dead {
            return;
        }
        let node: Option<NodeId> = self.node.as_ref().map(|node| node.0.node);
        let text = format!("{PREFIX}{} {}", self.name, json::write(entry)).into();
        let now = self.shared.now();
        let event = TraceEvent::Run(RunEvent::Note { text });
        self.shared.lock().record(now, node, event);
    }
}

/// An operation that was asked for. Dropped, its outcome is unknown: it may take
/// effect at any later time, or never.
#[must_use = "say how the operation ended; dropped, its outcome is unknown"]
pub struct RecordedCall {
    recorder: HistoryRecorder,
    process: Label,
}

impl RecordedCall {
    /// It is done, with this answer.
    pub fn ok(self, answer: impl Into<Value>) {
        self.end(Kind::Ok, answer.into());
    }

    /// It certainly was not done and never will be. If that is not certain, it is
    /// [unknown](Self::unknown).
    pub fn failed(self) {
        self.end(Kind::Fail, Value::Null);
    }

    /// Nobody knows: a time limit passed, the connection broke.
    pub fn unknown(self) {
        self.end(Kind::Info, Value::Null);
    }

    fn end(self, kind: Kind, value: Value) {
        self.recorder.write(&Entry {
            process: self.process,
            kind,
            op: None,
            key: None,
            value,
            time: None,
        });
    }
}

/// The event that a note records, if it is one of the history of this name.
pub(crate) fn event_of_note(note: &str, name: &str) -> Option<Result<Entry, String>> {
    let line = note
        .strip_prefix(PREFIX)?
        .strip_prefix(name)?
        .strip_prefix(' ')?;
    match json::parse(line, false) {
        Ok(Line::Event(entry)) => Some(Ok(entry)),
        Ok(Line::Skipped) => None,
        Err(reason) => Some(Err(reason)),
    }
}

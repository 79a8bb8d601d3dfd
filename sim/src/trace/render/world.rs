//! The words for what the world did.

use steadfast::runtime::NodeId;

use super::names::{Names, OneLine};
use crate::trace::{DiskEvent, DropCause, NetEvent, NodeEvent, Phase, RunEvent, TaskEvent};

pub(super) fn run(event: &RunEvent) -> String {
    match event {
        RunEvent::PhaseStarted { phase } => format!("run phase {}", phase_word(*phase)),
        RunEvent::CoreHealed { core } => {
            let core: Vec<String> = core.iter().map(NodeId::to_string).collect();
            format!("run healed the core: {}", core.join(", "))
        }
        RunEvent::Note { text } => format!("note {}", OneLine(text)),
        RunEvent::Finished => "run finished".to_owned(),
    }
}

pub(super) fn node(event: &NodeEvent) -> String {
    match event {
        NodeEvent::Started { incarnation } => format!("node started, incarnation {incarnation}"),
        NodeEvent::Crashed { incarnation, wiped } => {
            let wiped = if *wiped { ", its disk wiped" } else { "" };
            format!("node crashed, incarnation {incarnation}{wiped}")
        }
        NodeEvent::Paused => "node paused".to_owned(),
        NodeEvent::Resumed => "node resumed".to_owned(),
        NodeEvent::Stopping { incarnation } => format!("node stopping, incarnation {incarnation}"),
        NodeEvent::Stopped {
            incarnation,
            orderly,
        } => {
            let orderly = if *orderly {
                "nothing was killed"
            } else {
                "something was killed"
            };
            format!("node stopped, incarnation {incarnation}: {orderly}")
        }
    }
}

pub(super) fn task(names: &Names, places: bool, event: &TaskEvent) -> String {
    match event {
        TaskEvent::Spawned {
            task, owner, place, ..
        } => {
            let task = names.task(*task);
            let owner = owner.map_or_else(
                || "from outside".to_owned(),
                |owner| format!("by {}", names.task(owner)),
            );
            if places {
                format!("task {task} spawned {owner} at {}", OneLine(place))
            } else {
                format!("task {task} spawned {owner}")
            }
        }
        TaskEvent::Ended { task, end } => {
            format!("task {} ended: {}", names.task(*task), OneLine(end))
        }
        TaskEvent::Foreign { count } => {
            format!("task found that the runtime did not start, {count} in all")
        }
    }
}

pub(super) fn net(event: &NetEvent) -> String {
    match event {
        NetEvent::Sent {
            message,
            port,
            len,
            hash,
        } => format!(
            "message {message} sent to port {}, {len} bytes, hash {hash:016x}",
            port.0
        ),
        NetEvent::Delivered { message, copy: 0 } => format!("message {message} delivered"),
        NetEvent::Delivered { message, copy } => {
            format!("message {message} delivered again, copy {copy}")
        }
        NetEvent::Dropped { message, cause } => {
            format!("message {message} dropped: {}", cause_words(*cause))
        }
        NetEvent::Refused { message } => format!("message {message} refused"),
    }
}

pub(super) fn disk(event: &DiskEvent) -> String {
    match event {
        DiskEvent::Done {
            operation,
            file,
            len,
        } => format!("disk {} {}, {len} bytes", operation, OneLine(file)),
        DiskEvent::Failed {
            operation,
            file,
            reason,
        } => format!(
            "disk {} {} failed: {}",
            operation,
            OneLine(file),
            OneLine(reason)
        ),
        DiskEvent::Lost { file, len, torn } => {
            let torn = if *torn { ", a torn tail is left" } else { "" };
            format!("disk lost {len} bytes of {file} in the crash{torn}")
        }
    }
}

const fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Boot => "boot",
        Phase::Safety => "safety",
        Phase::Liveness => "liveness",
        Phase::Stop => "stop",
    }
}

const fn cause_words(cause: DropCause) -> &'static str {
    match cause {
        DropCause::Lost => "lost",
        DropCause::Cut => "the link was cut",
        DropCause::CutInFlight => "the link was cut while it was under way",
        DropCause::NodeDown => "the receiver was down",
        DropCause::PortClosed => "nobody listened",
        DropCause::InboxFull => "the inbox was full",
    }
}

//! Records into lines.

use steadfast::event::Event;

use super::core::CoreWords;
use super::fault;
use super::names::Names;
use super::options::{Domain, Options};
use super::world;
use crate::trace::{Record, TraceEvent};

/// Turns records into lines, in order, and remembers the names that they give.
///
/// A line is `+0.012345678s n1.1 process <n1.1.3> top/worker exited: panic: boom`:
/// simulated time, node and incarnation (or `world`), then what happened.
pub struct Renderer {
    options: Options,
    names: Names,
}

impl Renderer {
    /// A renderer that knows no names yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            names: Names::default(),
        }
    }

    /// Learns the names in a record that is not to be rendered.
    pub fn learn(&mut self, record: &Record) {
        self.names.learn(record);
    }

    /// The line of the next record, without a line end; `None` if its domain is left
    /// out.
    pub fn line(&mut self, record: &Record) -> Option<String> {
        self.names.learn(record);
        if !self.options.domains.contains(domain(&record.event)) {
            return None;
        }
        let place = self.names.place(record.node);
        let words = self.words(&record.event);
        Some(if self.options.times {
            format!("{} {place} {words}", time(record.time))
        } else {
            format!("{place} {words}")
        })
    }

    fn words(&self, event: &TraceEvent) -> String {
        match event {
            TraceEvent::Core(event) => CoreWords {
                names: &self.names,
                ids: self.options.ids,
            }
            .event(event),
            TraceEvent::Run(event) => world::run(event),
            TraceEvent::Node(event) => world::node(event),
            TraceEvent::Task(event) => world::task(&self.names, self.options.places, event),
            TraceEvent::Net(event) => world::net(event),
            TraceEvent::Disk(event) => world::disk(event),
            TraceEvent::Fault(event) => fault::event(&self.names, event),
        }
    }
}

/// The whole text, one line a record that the options show, each with a line end.
#[must_use]
pub fn render(records: &[Record], options: Options) -> String {
    let mut renderer = Renderer::new(options);
    let mut text = String::new();
    for line in records.iter().filter_map(|record| renderer.line(record)) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The domain of an event.
#[must_use]
pub const fn domain(event: &TraceEvent) -> Domain {
    match event {
        TraceEvent::Core(Event::Process(_)) => Domain::Process,
        TraceEvent::Core(Event::Supervision(_)) => Domain::Supervision,
        TraceEvent::Core(Event::Boot(_)) => Domain::Boot,
        TraceEvent::Core(Event::Registry(_)) => Domain::Registry,
        TraceEvent::Core(Event::Coordination(_)) => Domain::Coordination,
        TraceEvent::Core(Event::Store(_)) => Domain::Store,
        TraceEvent::Core(Event::Failure(_)) => Domain::Failure,
        TraceEvent::Core(Event::Membership(_)) => Domain::Membership,
        TraceEvent::Run(_) => Domain::Run,
        TraceEvent::Node(_) => Domain::Node,
        TraceEvent::Task(_) => Domain::Task,
        TraceEvent::Net(_) => Domain::Net,
        TraceEvent::Disk(_) => Domain::Disk,
        TraceEvent::Fault(_) => Domain::Fault,
    }
}

/// `+1.500000000s`: all nine digits, so that different times never look the same.
fn time(nanoseconds: u64) -> String {
    let second = 1_000_000_000;
    format!("+{}.{:09}s", nanoseconds / second, nanoseconds % second)
}

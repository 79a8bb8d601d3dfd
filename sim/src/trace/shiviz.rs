//! A trace for ShiViz, the viewer of distributed logs.

use std::fmt::Write;

use super::clock::Clocks;
use super::event::Record;
use super::render::{Options, Renderer};

/// How ShiViz is told to read the text of [`shiviz`]: paste it into its field for
/// the log parsing expression.
pub const SHIVIZ_EXPRESSION: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";

/// The text that ShiViz draws: two lines a record, first the host with its vector
/// clock, then the event. The world is a host of its own.
#[must_use]
pub fn shiviz(records: &[Record], options: Options) -> String {
    let mut renderer = Renderer::new(options);
    let mut clocks = Clocks::new();
    let mut world = 0_u64;
    let mut text = String::new();
    for record in records {
        // Records that are not shown count too: clocks may have gaps, and ShiViz
        // closes them.
        let clock = clocks.next(record);
        let Some(line) = renderer.line(record) else {
            continue;
        };
        let (host, counts) = match record.node {
            Some(node) => {
                let counts = clock
                    .0
                    .iter()
                    .map(|(node, count)| format!("\"{node}\":{count}"));
                (node.to_string(), counts.collect::<Vec<_>>().join(","))
            }
            None => {
                world += 1;
                ("world".to_owned(), format!("\"world\":{world}"))
            }
        };
        writeln!(text, "{host} {{{counts}}}\n{line}").expect("writing to memory cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use steadfast::runtime::{NodeId, Port};

    use super::*;
    use crate::trace::{MessageId, NetEvent, RunEvent, TraceEvent};

    #[test]
    fn hosts_have_clocks_and_events_follow_them() {
        let message = MessageId {
            from: NodeId(1),
            to: NodeId(2),
            ordinal: 1,
        };
        let sent = NetEvent::Sent {
            message,
            port: Port(3),
            len: 2,
            hash: 1,
        };
        let delivered = NetEvent::Delivered { message, copy: 0 };
        let events = [
            (Some(NodeId(1)), TraceEvent::Net(sent)),
            (Some(NodeId(2)), TraceEvent::Net(delivered)),
            (None, TraceEvent::Run(RunEvent::Finished)),
        ];
        let records: Vec<Record> = (0..)
            .zip(events)
            .map(|(index, (node, event))| Record {
                index,
                time: 0,
                node,
                event,
            })
            .collect();
        insta::assert_snapshot!(shiviz(&records, Options::FULL.without_times()), @r#"
        n1 {"n1":1}
        n1 message n1->n2#1 sent to port 3, 2 bytes, hash 0000000000000001
        n2 {"n1":1,"n2":1}
        n2 message n1->n2#1 delivered
        world {"world":1}
        world run finished
        "#);
    }
}

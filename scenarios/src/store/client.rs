//! A client of registers.

use std::time::Duration;

use steadfast::process::Context;
use steadfast::runtime::{Clock as _, Entropy as _};
use steadfast_sim::SimRuntime;
use steadfast_sim::history::{HistoryRecorder, Value};

use super::registers::{HISTORY, Registers};

/// The longest between two operations of a client, in milliseconds.
const PAUSE_MAX: u64 = 120;

/// Asks one thing after the other, for ever, and records it all under its name.
pub(crate) async fn client(context: Context<SimRuntime>, name: String, registers: Registers) {
    let runtime = context.runtime();
    let recorder = HistoryRecorder::of_node(runtime, HISTORY);
    let process = format!("{}/{name}", context.id().node);
    let mut draw = runtime.stream(&process);
    let mut seen = Value::Null;
    // Values that tell where they come from, and differ from all others.
    let mut value = u64::from(context.id().node.0) * 1_000_000_000 + draw.below(900_000) * 1_000;
    loop {
        runtime
            .sleep(Duration::from_millis(1 + draw.below(PAUSE_MAX)))
            .await;
        let register = Registers::name(draw.next_u64());
        let asks = |op: &str, argument: Value| {
            recorder.invoke(process.as_str(), op, Some(register.as_str()), argument)
        };
        value += 1;
        match draw.below(5) {
            0 | 1 => {
                let call = asks("read", Value::Null);
                if let Some(value) = registers.read(&register, call).await {
                    seen = value;
                }
            }
            2 | 3 => {
                let call = asks("cas", (seen.clone(), Value::from(value)).into());
                registers.swap(&register, &seen, value, call).await;
            }
            _ => {
                let call = asks("write", value.into());
                registers.write(&register, value, call).await;
            }
        }
    }
}

//! Figures and phrases that several rules use in their messages.

use crate::cost::{Cost, Interval};
use crate::estimate::evidence::Operation;
use crate::knowledge::schema::{Clock, WaitKind};

/// Of a wait of fewer seconds nothing is known: it is over when others have done their part.
const SHORT: f64 = 1e-3;

/// What to do in a function that an event loop calls, and that cannot await.
pub const CALLBACK_HELP: &str = "the event loop calls this function, which cannot await: hand the work to an executor, such as `loop.run_in_executor(…)`, and go on in the future's `add_done_callback`; or make it a task with `asyncio.create_task(…)` that awaits";

/// Seconds as people say them: `about 0.3 s`, `about 40 ms`.
pub fn about(seconds: f64) -> String {
    if seconds >= 86_400.0 {
        "more than a day".to_string()
    } else if seconds >= 7200.0 {
        format!("about {} h", rounded(seconds / 3600.0))
    } else if seconds >= 120.0 {
        format!("about {} min", rounded(seconds / 60.0))
    } else if seconds >= 0.1 {
        format!("about {} s", rounded(seconds))
    } else if seconds >= 1e-3 {
        format!("about {} ms", rounded(seconds * 1e3))
    } else {
        "less than a millisecond".to_string()
    }
}

/// Two digits that matter.
fn rounded(number: f64) -> String {
    if number >= 100.0 {
        let magnitude = 10f64.powf(number.log10().floor() - 1.0);
        format!("{:.0}", (number / magnitude).round() * magnitude)
    } else if number >= 10.0 {
        format!("{number:.0}")
    } else {
        let text = format!("{number:.1}");
        text.strip_suffix(".0").map_or(text.clone(), ToString::to_string)
    }
}

/// A count as people say it.
pub fn count(number: Interval) -> String {
    let text = crate::estimate::statements::readable(number.likely);
    if number.is_exact() { text } else { format!("about {text}") }
}

/// What an operation does.
pub fn operation(operation: &Operation) -> String {
    let seconds = about(operation.seconds);
    let what = &operation.what;
    let plain = what.strip_prefix("builtins.").unwrap_or(what);
    match operation.clock {
        Clock::Bytecode if operation.source.is_none() => format!("{plain}, {seconds}"),
        Clock::Bytecode => format!("`{plain}` runs Python code, {seconds}"),
        Clock::Atomic => format!("`{plain}` is one C call that keeps the GIL, {seconds}"),
        Clock::Native => format!("`{plain}` computes with the GIL released, {seconds}"),
        Clock::Wait if operation.seconds < SHORT => {
            format!("`{plain}` {}, for as long as that takes", waiting(operation.wait))
        }
        Clock::Wait => format!("`{plain}` {}, {seconds}", waiting(operation.wait)),
        Clock::None => format!("`{plain}`"),
    }
}

/// What a wait waits for.
pub fn waiting(kind: Option<WaitKind>) -> &'static str {
    match kind {
        Some(WaitKind::Network) => "waits for the network",
        Some(WaitKind::Database) => "waits for the database",
        Some(WaitKind::File) => "waits for the file system",
        Some(WaitKind::Child) => "waits for a child process",
        Some(WaitKind::Sleep) => "sleeps",
        Some(WaitKind::Lock) => "waits for another thread or process",
        Some(WaitKind::Queue) => "waits for a queue",
        Some(WaitKind::Terminal) => "waits for a person",
        Some(WaitKind::Device) => "waits for a device",
        None => "waits",
    }
}

/// How long a wait takes, if anything is known of it.
pub fn wait_note(cost: &Cost) -> Option<String> {
    (cost.total().likely >= SHORT).then(|| format!("estimate: {}", self::cost(cost)))
}

/// A cost in a sentence: `about 0.3 s of bytecode and 20 ms of waiting`.
pub fn cost(cost: &Cost) -> String {
    let total = cost.total().likely;
    let parts = [
        (cost.bytecode.likely, "of Python bytecode"),
        (cost.atomic.likely, "in C calls that keep the GIL"),
        (cost.native.likely, "in native code that lets the GIL go"),
        (cost.wait.likely, "of waiting"),
    ];
    let mut said: Vec<String> = parts
        .iter()
        .filter(|(seconds, _)| *seconds >= total * 0.05 && *seconds > 0.0)
        .map(|(seconds, what)| format!("{} {what}", about(*seconds)))
        .collect();
    if said.is_empty() {
        return "less than a millisecond".to_string();
    }
    let last = said.pop().unwrap_or_default();
    if said.is_empty() { last } else { format!("{} and {last}", said.join(", ")) }
}

/// The name of a target in a sentence.
pub fn target(name: &str) -> String {
    if name == "?" || name.is_empty() { "the work".to_string() } else { format!("`{name}`") }
}

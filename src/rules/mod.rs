//! The rules, one file each, and their register.

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// `GIL101`.
    pub code: &'static str,
    /// `cpu-in-threads`.
    pub name: &'static str,
    /// One line on what it objects to.
    pub summary: &'static str,
    /// It runs unless the settings say otherwise.
    pub on_by_default: bool,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// Every rule, by code.
pub const RULES: &[Rule] = &[
    rule("GIL101", "cpu-in-threads", "two or more threads given work that holds the GIL", true),
    rule("GIL102", "cpu-in-background-thread", "one background thread given work that holds the GIL", false),
    rule(
        "GIL103",
        "futile-offload",
        "one long C call moved to a thread, which stalls the rest all the same",
        true,
    ),
    rule("GIL201", "io-in-processes", "processes given work that waits", true),
    rule("GIL202", "native-in-processes", "processes given work that lets the GIL go", false),
    rule("GIL301", "cpu-on-event-loop", "CPU work run by a coroutine", true),
    rule("GIL302", "blocking-io-on-event-loop", "a blocking wait run by a coroutine", true),
    rule("GIL303", "blocking-file-io-on-event-loop", "local file I/O run by a coroutine", false),
];

const fn rule(code: &'static str, name: &'static str, summary: &'static str, on_by_default: bool) -> Rule {
    Rule { code, name, summary, on_by_default, page: "" }
}

//! Valid Python programs with threads, processes, pools and event loops, made up by [`Choices`].
//!
//! Modules import each other in any direction. Every program parses; what it does makes no sense.

use super::choices::Choices;
use std::fmt::Write;

const NAMES: &[&str] = &["work", "step", "load", "serve", "Task", "run", "main", "handle", "x", "data", "é", "_p"];
const IMPORTS: &[&str] = &[
    "import asyncio",
    "import threading",
    "import multiprocessing as mp",
    "import time",
    "import json, zlib, hashlib",
    "from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor",
    "import concurrent.futures",
    "from multiprocessing import Pool, Process",
    "from threading import Thread",
    "import numpy as np",
    "import requests",
    "from functools import partial, lru_cache",
    "import queue, subprocess, os",
    "from time import sleep as nap",
    "import typing as t",
];
const CALLS: &[&str] = &[
    "time.sleep(1)",
    "time.sleep({n})",
    "json.dumps({e})",
    "hashlib.sha256(b'x' * {n}).hexdigest()",
    "zlib.compress(b'y' * 10 ** 8)",
    "requests.get('u').text",
    "open('f').read()",
    "np.dot(x, x)",
    "subprocess.run(['ls'])",
    "sum({e})",
    "sorted({e}, key={f})",
    "list(map({f}, {e}))",
    "queue.Queue().get()",
    "x.split('a').append({e})",
    "print({e})",
    "len({e})",
    "isinstance(x, {f})",
    "threading.Lock().acquire()",
    "os.path.join('a', {e})",
];
const SPAWNS: &[&str] = &[
    "threading.Thread(target={f}, args=({e},)).start()",
    "Thread(target={f}, daemon=True)",
    "Thread(None, {f}, kwargs={'a': {e}}).start()",
    "mp.Process(target={f}).start()",
    "Process(target={f}, args=({e}, 2)).start()",
    "ThreadPoolExecutor(4).submit({f}, {e})",
    "ThreadPoolExecutor().map({f}, range({n}))",
    "ProcessPoolExecutor().map({f}, {e})",
    "Pool(4).map({f}, range({n}))",
    "mp.Pool().apply_async({f}, ({e},))",
    "asyncio.run({f}({e}))",
    "asyncio.get_event_loop().run_in_executor(None, {f}, {e})",
    "threading.Timer({n}, {f}).start()",
    "concurrent.futures.wait([ThreadPoolExecutor().submit({f}) for _ in range({n})])",
];
const AWAITED: &[&str] = &[
    "await asyncio.sleep({n})",
    "await asyncio.to_thread({f}, {e})",
    "await asyncio.gather({f}({e}), {f}())",
    "await {f}({e})",
    "asyncio.create_task({f}())",
    "await asyncio.get_running_loop().run_in_executor(None, {f})",
    "await asyncio.wait_for({f}(), {n})",
];
const COMMENTS: &[&str] = &[
    "  # gilcheck: ignore",
    "  # gilcheck: ignore[GIL302]",
    "  # gilcheck: ignore[cpu-in-threads, GIL101] why",
    "  # noqa: GIL301",
    "  # noqa",
    "  # gilcheck: file-ignore[GIL101]",
    "  # gilcheck: disable[GIL3]",
    "  # a remark",
];

/// A module's path and text.
pub type Module = (String, String);

/// Up to `most` modules.
pub fn project(choices: &mut Choices<'_>, most: usize) -> Vec<Module> {
    let count = 1 + choices.below(most);
    let paths: Vec<String> = (0..count).map(|index| path(choices, index)).collect();
    let mut modules: Vec<Module> = Vec::new();
    for path in &paths {
        if !modules.iter().any(|(other, _)| other == path) {
            modules.push((path.clone(), module(choices, &paths)));
        }
    }
    modules
}

fn path(choices: &mut Choices<'_>, index: usize) -> String {
    match choices.below(5) {
        0 | 1 => format!("m{index}.py"),
        2 => format!("pkg/m{index}.py"),
        3 => "pkg/__init__.py".to_string(),
        _ => format!("pkg/sub/m{index}.py"),
    }
}

/// The text of one module of a project at these paths.
pub fn module(choices: &mut Choices<'_>, paths: &[String]) -> String {
    let mut writer = Writer { choices, text: String::new(), depth: 0, functions: Vec::new(), is_async: false };
    for _ in 0..1 + writer.choices.below(6) {
        let import = writer.choices.pick(IMPORTS);
        writer.line(import);
    }
    for _ in 0..writer.choices.below(4) {
        writer.own_import(paths);
    }
    for _ in 0..1 + writer.choices.below(6) {
        writer.definition();
    }
    for _ in 0..writer.choices.below(4) {
        writer.statement();
    }
    if writer.choices.one_in(3) {
        writer.line("if __name__ == '__main__':");
        writer.block();
    }
    if writer.choices.one_in(9) {
        writer.text = writer.text.replace('\n', "\r\n");
    }
    writer.text
}

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    text: String,
    depth: usize,
    functions: Vec<String>,
    is_async: bool,
}

impl Writer<'_, '_> {
    fn line(&mut self, line: &str) {
        let comment = if self.choices.one_in(12) { self.choices.pick(COMMENTS) } else { "" };
        let _ = writeln!(self.text, "{}{line}{comment}", "    ".repeat(self.depth));
    }

    fn own_import(&mut self, paths: &[String]) {
        let path = &paths[self.choices.below(paths.len())];
        let dotted = path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
        let name = self.choices.pick(NAMES);
        let last = dotted.rsplit('.').next().unwrap_or("m").to_string();
        let line = match self.choices.below(6) {
            0 => format!("from {dotted} import {name}"),
            1 => format!("from {dotted} import *"),
            2 => format!("import {dotted}"),
            3 => format!("import {dotted} as other"),
            4 => format!("from . import {last} as near"),
            _ => format!("from .{last} import {name} as {}", self.choices.pick(NAMES)),
        };
        self.line(&line);
        self.functions.push(name.to_string());
    }

    fn definition(&mut self) {
        match self.choices.below(6) {
            0 => self.class(),
            1 | 2 => self.function(true),
            _ => self.function(false),
        }
    }

    fn class(&mut self) {
        let (name, base) = (self.choices.pick(NAMES), self.callable());
        let line = match self.choices.below(4) {
            0 => format!("class {name}({base}):"),
            1 => format!("class {name}(threading.Thread):"),
            2 => format!("class {name}[T]:"),
            _ => format!("class {name}:"),
        };
        self.line(&line);
        self.functions.push(name.to_string());
        self.depth += 1;
        for _ in 0..1 + self.choices.below(3) {
            let is_async = self.choices.one_in(3);
            self.function(is_async);
        }
        self.depth -= 1;
    }

    fn function(&mut self, is_async: bool) {
        if self.depth > 6 {
            return self.line("pass");
        }
        let name = self.choices.pick(NAMES);
        if self.choices.one_in(6) {
            let decorator =
                self.choices.pick(&["@lru_cache", "@staticmethod", "@property", "@classmethod", "@partial(work, 1)"]);
            self.line(decorator);
        }
        let parameters = self.choices.pick(&[
            "",
            "x",
            "self",
            "self, x=10**7",
            "*args, **data",
            "x: int = 5, /, *, run=None",
            "x: 'Task'",
        ]);
        let returns = self.choices.pick(&["", "", " -> int", " -> 'list[Task]'"]);
        let word = if is_async { "async def" } else { "def" };
        self.line(&format!("{word} {name}({parameters}){returns}:"));
        self.functions.push(name.to_string());
        let outer = std::mem::replace(&mut self.is_async, is_async);
        self.block();
        if self.choices.one_in(2) {
            self.depth += 1;
            let value = self.expression(0);
            self.line(&format!("return {value}"));
            self.depth -= 1;
        }
        self.is_async = outer;
    }

    fn block(&mut self) {
        self.depth += 1;
        for _ in 0..1 + self.choices.below(4) {
            self.statement();
        }
        self.depth -= 1;
    }

    fn statement(&mut self) {
        if self.depth > 7 || self.choices.is_empty() {
            return self.line("pass");
        }
        match self.choices.below(18) {
            0 => {
                let count = self.expression(0);
                let line = self.choices.pick(&[
                    "for x in range(10 ** 7):",
                    "for x, _ in {e}:",
                    "while x:",
                    "while True:",
                    "for i in {e}:",
                ]);
                self.line(&line.replace("{e}", &count));
                self.block();
            }
            1 => {
                let test = self.expression(0);
                self.line(&format!("if {test}:"));
                self.block();
                if self.choices.one_in(2) {
                    self.line("else:");
                    self.block();
                }
            }
            2 => {
                self.line("try:");
                self.block();
                self.line("except (ValueError, OSError) as error:");
                self.block();
            }
            3 => {
                let line = self.choices.pick(&[
                    "with ThreadPoolExecutor(8) as data:",
                    "with open('f') as x:",
                    "with threading.Lock(), Pool() as x:",
                    "with ProcessPoolExecutor() as data:",
                ]);
                self.line(line);
                self.block();
            }
            4 if self.is_async => {
                let line = self.choices.pick(&[
                    "async with asyncio.TaskGroup() as x:",
                    "async for x in data:",
                    "async with asyncio.timeout(1):",
                ]);
                self.line(line);
                self.block();
            }
            5 | 6 => {
                let spawn = self.choices.pick(SPAWNS);
                self.filled(spawn);
            }
            7 | 8 if self.is_async => {
                let awaited = self.choices.pick(AWAITED);
                self.filled(awaited);
            }
            9 => {
                let (name, value) = (self.choices.pick(NAMES), self.expression(0));
                let operator = self.choices.pick(&["=", "=", "+=", ": int ="]);
                self.line(&format!("{name} {operator} {value}"));
            }
            10 => {
                let value = self.expression(0);
                self.line(&format!("self.x = {value}"));
            }
            11 => self.definition(),
            12 => {
                let subject = self.expression(0);
                self.line(&format!("match {subject}:"));
                self.depth += 1;
                self.line("case [x, *_] | {'a': x}:");
                self.block();
                self.line("case _:");
                self.block();
                self.depth -= 1;
            }
            13 => {
                let line = self.choices.pick(&[
                    "pass",
                    "global data",
                    "del x",
                    "assert x",
                    "import time",
                    "raise ValueError from None",
                    "from threading import *",
                ]);
                // A star is for modules only.
                let line = if line.ends_with('*') && self.depth > 0 { "pass" } else { line };
                // A global name must not have been used before.
                let line = if line.starts_with("global") { "print()" } else { line };
                self.line(line);
            }
            _ => {
                let call = self.choices.pick(CALLS);
                self.filled(call);
            }
        }
    }

    fn filled(&mut self, pattern: &str) {
        let text = self.fill(pattern, 0);
        self.line(&text);
    }

    fn fill(&mut self, pattern: &str, depth: usize) -> String {
        let mut text = pattern.to_string();
        while let Some(at) = text.find("{e}") {
            let value = self.expression(depth + 1);
            text.replace_range(at..at + 3, &value);
        }
        while let Some(at) = text.find("{f}") {
            let value = self.callable();
            text.replace_range(at..at + 3, &value);
        }
        while let Some(at) = text.find("{n}") {
            text.replace_range(at..at + 3, self.choices.pick(&["1", "5", "10 ** 7", "0.1", "len(data)", "2 ** 40"]));
        }
        text
    }

    fn callable(&mut self) -> String {
        match self.choices.below(8) {
            0 => "lambda *a: x".to_string(),
            1 => "time.sleep".to_string(),
            2 => "self.run".to_string(),
            3 => "partial(work, 1)".to_string(),
            4 => "json.dumps".to_string(),
            _ if self.functions.is_empty() => "print".to_string(),
            _ => self.functions[self.choices.below(self.functions.len())].clone(),
        }
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth > 3 {
            return "x".to_string();
        }
        let patterns: &[&str] = &[
            "x",
            "data",
            "10 ** 7",
            "1_000",
            "'text'",
            "[1, 2, 3]",
            "{'a': {e}}",
            "({e}, {e})",
            "range({n})",
            "[{e} for x in {e}]",
            "{x: {e} for x in {e} if {e}}",
            "sum(x * x for x in range({n}))",
            "{e} + {e}",
            "{e} if {e} else {e}",
            "not {e}",
            "{e} < {e} <= 3",
            "{e} and {e} or None",
            "(lambda x=1: {e})({e})",
            "f'{x!r:>{data}} {len(data)}'",
            "x[{n}:{e}]",
            "data[{e}]",
            "self.x",
            "x.step().load",
            "[*{e}, *data]",
            "{**data, 'b': {e}}",
            "(y := {e})",
            "b'bytes' * {n}",
            "-1.5e10",
            "1j",
            "...",
        ];
        let pattern = match self.choices.below(6) {
            0 => self.choices.pick(CALLS),
            _ => self.choices.pick(patterns),
        };
        format!("({})", self.fill(pattern, depth))
    }
}

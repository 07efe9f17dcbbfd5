//! The fuzz targets on bytes of a fixed seed: quick, and the same on every run.
//!
//! `GILCHECK_FUZZ=target:seed:count cargo test --test it fuzz` looks at one run of them, or at more of them.

#[path = "../fuzz/src/lib.rs"]
mod shared;

use shared::choices::bytes_of;
use shared::targets::{ALL, clean_up};
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

/// Runs a target on so many inputs; says with which it fails and how to see that again.
fn run(name: &str, count: u64) {
    let (mut first, mut count) = (0, count);
    if let Ok(asked) = std::env::var("GILCHECK_FUZZ") {
        let mut parts = asked.split(':');
        if parts.next() != Some(name) {
            return;
        }
        first = parts.next().map_or(0, |part| part.parse().unwrap());
        count = parts.next().map_or(1, |part| part.parse().unwrap());
    }
    let target = ALL.iter().find(|(other, _)| *other == name).unwrap().1;
    for seed in first..first + count {
        let bytes = bytes_of(seed, 40 + (seed as usize * 37) % 1400);
        let start = Instant::now();
        let done = catch_unwind(|| on_big_stack(target, &bytes));
        assert!(done.is_ok(), "to see it again: GILCHECK_FUZZ={name}:{seed} cargo test --test it fuzz::{name}");
        let taken = start.elapsed();
        assert!(taken < Duration::from_secs(30), "{name}:{seed} took {taken:?}");
    }
}

/// As the program itself does.
fn on_big_stack(target: fn(&[u8]), bytes: &[u8]) {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(64 << 20);
        builder.spawn_scoped(scope, || target(bytes)).unwrap().join().unwrap();
    });
}

#[test]
fn facts() {
    run("facts", 300);
}

#[test]
fn project() {
    run("project", 60);
}

#[test]
fn fixes() {
    run("fixes", 40);
}

#[test]
fn edits() {
    run("edits", 40);
}

#[test]
fn configuration() {
    run("configuration", 200);
}

#[test]
fn suppressions() {
    run("suppressions", 150);
}

#[test]
fn messages() {
    run("messages", 60);
    clean_up();
}

/// Programs that are made up parse, but for a few that the grammar does not know, so what is found in them means
/// something.
#[test]
fn made_up_programs_parse() {
    let (mut count, mut broken) = (0, Vec::new());
    for seed in 0..200 {
        let bytes = bytes_of(seed, 600);
        let mut choices = shared::choices::Choices::new(&bytes);
        for (path, text) in shared::programs::project(&mut choices, 3) {
            count += 1;
            let (_, spans) = gilcheck::facts::extract(&text);
            if let Some(error) = spans.errors.first() {
                broken.push(format!("{seed} {path}: {:?}\n{text}", error.of(&text)));
            }
        }
    }
    let first = broken.first().map_or("", String::as_str);
    assert!(broken.len() * 20 <= count, "{} of {count} do not parse, the first:\n{first}", broken.len());
}

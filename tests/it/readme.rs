//! The README's examples of output are what the program prints.

use std::path::Path;
use std::process::{Command, Stdio};

/// Each block behind `<!-- $ gilcheck … -->` holds the output of that command.
/// `GILCHECK_UPDATE=1 cargo test readme` writes them.
#[test]
fn readme_shows_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let old = std::fs::read_to_string(&path).unwrap();
    let new = with_outputs(&old);
    if new != old && std::env::var_os("GILCHECK_UPDATE").is_some() {
        std::fs::write(&path, &new).unwrap();
    } else {
        assert_eq!(old, new, "run `GILCHECK_UPDATE=1 cargo test readme`");
    }
}

fn with_outputs(text: &str) -> String {
    let mut result = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        result.push_str(line);
        result.push('\n');
        let Some(command) = line.strip_prefix("<!-- $ gilcheck ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        assert_eq!(lines.next(), Some("```text"), "a block follows the command `{command}`");
        lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        result.push_str(&format!("```text\n{}\n```\n", output(command)));
    }
    result
}

fn output(command: &str) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_gilcheck"))
        .args(command.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS")
        .env("GILCHECK_NO_CACHE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_ne!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
}

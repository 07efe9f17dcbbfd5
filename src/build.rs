//! Gives the engine a name that changes whenever it does: what it found before holds only for the same engine.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

fn main() {
    let mut files = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    println!("cargo::rerun-if-changed=src");
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    collect(Path::new("src"), &mut files);
    files.sort();
    // It differs between releases of Rust, as may what they compile.
    let mut hasher = DefaultHasher::new();
    for file in files {
        // A package has no `Cargo.lock`, perhaps.
        let Ok(bytes) = fs::read(&file) else { continue };
        hasher.write(file.to_string_lossy().replace('\\', "/").as_bytes());
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    for name in ["TARGET", "PROFILE", "OPT_LEVEL"] {
        hasher.write(std::env::var(name).unwrap_or_default().as_bytes());
    }
    println!("cargo::rustc-env=GILCHECK_ENGINE={:016x}", hasher.finish());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

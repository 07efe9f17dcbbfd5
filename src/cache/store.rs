//! A folder of files that only who wrote them can have written: what is in it is sealed with a secret of the user's.

use crate::walk;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What the files begin with.
const MAGIC: &[u8] = b"gilcheck\n";
/// What their names end in.
const EXTENSION: &str = "cached";
/// What the names of unfinished ones end in.
const UNFINISHED: &str = "part";
/// The bytes of a seal, and of a secret.
const SEAL: usize = blake3::OUT_LEN;
/// A larger file is neither written nor read.
const MOST_BYTES: usize = 64 << 20;
/// So much may be in the folder; the oldest go first.
const MOST_FILES: usize = 32;
const MOST_BYTES_IN_ALL: u64 = 128 << 20;
/// Whoever wrote it is gone.
const ABANDONED: Duration = Duration::from_secs(600);

/// The folder, and the secret.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    secret: [u8; SEAL],
}

impl Store {
    /// A store in `folder`, which is made when something is put in. An error says why there can be none.
    ///
    /// `tree` is what is analysed: a secret in there would be one that its author may know. So may a link be one that
    /// the author laid, unless the folder `is_said`: named by whoever runs gilcheck.
    pub fn open(folder: &Path, tree: &Path, is_said: bool) -> Result<Store, String> {
        if !is_said && fs::symlink_metadata(folder).is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(format!("{} is no folder; remove it, or give another one", folder.display()));
        }
        let place = secret_place().ok_or("no folder for the user's caches; set `XDG_CACHE_HOME`")?;
        let secret = secret_at(&place)?;
        if fs::canonicalize(&place).is_ok_and(|place| place.starts_with(tree)) {
            let place = place.display();
            return Err(format!("{place} lies in what is checked, so that its author may know it; move one of them"));
        }
        Ok(Store { folder: folder.to_path_buf(), secret })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A hash that nobody without the secret can foresee.
    pub fn hash(&self, bytes: &[u8]) -> [u8; SEAL] {
        *blake3::keyed_hash(&self.secret, bytes).as_bytes()
    }

    /// What was put in under this name, if it is whole and was put in with the same secret.
    pub fn get(&self, name: &[u8; SEAL]) -> Option<Vec<u8>> {
        let mut bytes = walk::bytes_up_to(&self.place(name), MOST_BYTES).ok()?;
        let sealed = bytes.strip_prefix(MAGIC)?;
        let (seal, content) = sealed.split_at_checked(SEAL)?;
        // The comparison of hashes takes the same time wherever they differ.
        let is_whole = self.seal(name, content) == blake3::Hash::from_slice(seal).ok()?;
        is_whole.then(|| bytes.split_off(MAGIC.len() + SEAL))
    }

    /// Puts something in, in one step. What is there already under the name gives way.
    pub fn put(&self, name: &[u8; SEAL], content: &[u8]) -> io::Result<()> {
        if content.len() + MAGIC.len() + SEAL > MOST_BYTES {
            return Err(io::Error::other("too large"));
        }
        make_folder(&self.folder)?;
        let mut own = [0; 8];
        random(&mut own)?;
        let unfinished = self.folder.join(format!("{}.{UNFINISHED}", hex(&own)));
        let write = || {
            let mut file = create_new(&unfinished)?;
            file.write_all(MAGIC)?;
            file.write_all(self.seal(name, content).as_bytes())?;
            file.write_all(content)?;
            drop(file);
            fs::rename(&unfinished, self.place(name))
        };
        let written = write();
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        self.tidy();
        written
    }

    fn seal(&self, name: &[u8; SEAL], content: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(name).update(content).finalize()
    }

    fn place(&self, name: &[u8; SEAL]) -> PathBuf {
        self.folder.join(format!("{}.{EXTENSION}", hex(name.get(..16).unwrap_or(name))))
    }

    /// Removes what is too much.
    fn tidy(&self) {
        let now = SystemTime::now();
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for (path, is_unfinished) in own_files(&self.folder) {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if !is_unfinished {
                files.push((modified, metadata.len(), path));
            } else if now.duration_since(modified).is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(path);
            }
        }
        files.sort_by(|a, b| b.cmp(a));
        let mut sum = 0;
        for (index, (_, size, path)) in files.into_iter().enumerate() {
            sum += size;
            if index >= MOST_FILES || (index > 0 && sum > MOST_BYTES_IN_ALL) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Removes what stores left in a folder, and the folder if nothing else is in it. True if there was something.
pub fn remove(folder: &Path) -> io::Result<bool> {
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir());
    if !is_folder {
        return Ok(false);
    }
    let own: Vec<PathBuf> = own_files(folder).map(|(path, _)| path).collect();
    let marks = [folder.join(TAG.0), folder.join(IGNORED.0)];
    let mut found = false;
    for path in own.iter().chain(&marks) {
        match fs::remove_file(path) {
            Ok(()) => found = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    // What else lies there is somebody else's.
    let _ = fs::remove_dir(folder);
    Ok(found)
}

/// The files of stores in a folder, and whether they are unfinished.
fn own_files(folder: &Path) -> impl Iterator<Item = (PathBuf, bool)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let path = entry.path();
        let stem = path.file_stem()?.to_str()?;
        let is_hex = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        let extension = path.extension()?.to_str()?;
        let is_own = is_hex && (extension == EXTENSION || extension == UNFINISHED);
        let is_unfinished = extension == UNFINISHED;
        is_own.then_some((path, is_unfinished))
    })
}

/// By these, backups leave the folder out: https://bford.info/cachedir/
const TAG: (&str, &str) = (
    "CACHEDIR.TAG",
    "Signature: 8a477f597d28d172789f06886806bc55\n# What gilcheck found, to be found again; it may be removed.\n",
);
/// And Git.
const IGNORED: (&str, &str) = (".gitignore", "*\n");

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    for (name, text) in [TAG, IGNORED] {
        create_new(&folder.join(name))?.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// A new file that nobody else may read; no link is followed.
fn create_new(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Where the user's secret lies: not in any tree, for whoever knows it can write what gilcheck believes.
fn secret_place() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = set("XDG_CACHE_HOME");
    let folder = folder.or_else(|| if cfg!(windows) { set("LOCALAPPDATA") } else { None });
    let of_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let folder = folder.or_else(|| {
        std::env::home_dir().filter(|home| home.is_absolute() && home.is_dir()).map(|home| home.join(of_home))
    })?;
    Some(folder.join("gilcheck").join("key"))
}

/// The secret, made if there is none.
fn secret_at(place: &Path) -> Result<[u8; SEAL], String> {
    if let Some(secret) = read_secret(place) {
        return Ok(secret);
    }
    make_secret(place).map_err(|error| format!("{}: {error}", place.display()))?;
    read_secret(place).ok_or_else(|| format!("{}: it cannot be read back", place.display()))
}

fn read_secret(place: &Path) -> Option<[u8; SEAL]> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What others may read is no secret, and what Git lays somewhere they may.
        if fs::metadata(place).ok()?.permissions().mode() & 0o077 != 0 {
            return None;
        }
    }
    walk::bytes_up_to(place, SEAL).ok()?.try_into().ok()
}

fn make_secret(place: &Path) -> io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    fs::create_dir_all(folder)?;
    let (mut secret, mut own) = ([0; SEAL], [0; 8]);
    random(&mut secret)?;
    random(&mut own)?;
    // Of several that begin at once the first one's stays: the others must not take away what it seals with it.
    let unfinished = folder.join(format!("{}.{UNFINISHED}", hex(&own)));
    let written = create_new(&unfinished).and_then(|mut file| file.write_all(&secret));
    let made = written.and_then(|()| match fs::hard_link(&unfinished, place) {
        Err(_) if read_secret(place).is_some() => Ok(()),
        // There is one that is no good, or links are not known here.
        Err(_) => fs::rename(&unfinished, place),
        linked => linked,
    });
    let _ = fs::remove_file(&unfinished);
    made
}

fn random(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_begins_at_once_shares_a_secret() {
        let folder = std::env::temp_dir().join(format!("gilcheck-secrets-{}", std::process::id()));
        for round in 0..50 {
            let place = folder.join(round.to_string()).join("key");
            let barrier = std::sync::Barrier::new(8);
            let begin = || {
                barrier.wait();
                secret_at(&place).unwrap()
            };
            let secrets: Vec<_> = std::thread::scope(|scope| {
                let all: Vec<_> = (0..8).map(|_| scope.spawn(begin)).collect();
                all.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(secrets.iter().all(|secret| Some(*secret) == read_secret(&place)));
            assert_eq!(fs::read_dir(place.parent().unwrap()).unwrap().count(), 1, "nothing unfinished is left");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

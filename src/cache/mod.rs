//! What an earlier run over the same files found, so that it need not be worked out again.
//!
//! A run is named by the engine, the settings of all folders, and what was given ([`Question`]). What is kept of it
//! holds as long as the same files are there and each has the same text, which its size, times and inode tell, or
//! else its content: a verdict may rest on any file. Nothing here is needed, so nothing here fails a run.

pub mod store;

use crate::analysis::{Analysis, Looks, Verdicts};
use crate::config::Settings;
use crate::id::FileId;
use crate::project::scan::import_lines;
use crate::walk::{self, Listed, Listing, Trouble};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::Store;

/// What this engine is: it changes with the sources that it is compiled from.
const ENGINE: &str = concat!(env!("CARGO_PKG_VERSION"), " ", env!("GILCHECK_ENGINE"));

/// A file that changed so shortly before it was read may change again without its times telling.
const UNSETTLED: Duration = Duration::from_secs(2);

type Hash = [u8; blake3::OUT_LEN];
/// As much of a hash as tells texts apart.
type Short = [u8; 16];

/// What a run is asked.
#[derive(Debug)]
pub struct Question {
    /// The name under which the answer is kept.
    name: Hash,
    /// Of the files, without their texts.
    files: Hash,
    /// As the files were before they were read.
    stamps: Vec<Option<Stamp>>,
}

/// What an earlier run answered.
#[derive(Debug)]
pub struct Answer {
    /// What it found.
    pub verdicts: Verdicts,
    /// For each file that can be read, in path order: its place in the listing.
    pub files: Vec<usize>,
    /// The texts that are needed to show what was found, by the places in `files`.
    pub texts: Vec<(usize, Arc<str>)>,
    /// The files that cannot be read.
    pub troubles: Vec<Trouble>,
    /// What is to be kept in place of the old answer, where files are not what they seemed.
    renewed: Option<(Vec<Kept>, Vec<u8>)>,
}

/// What tells that a file has not been written since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    /// No program can set this one; where there is none, zero.
    changed: (i64, i64),
    inode: u64,
    /// It was written so long before that another write would show.
    settled: bool,
}

/// What is kept of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    stamp: Option<Stamp>,
    /// `None` where it could not be read.
    text: Option<Short>,
    /// For a file on which nothing rests.
    spare: Option<Spare>,
}

/// See [`Analysis::rests_on`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Spare {
    /// Its import statements.
    imports: Short,
    bytes: u32,
}

impl Spare {
    fn of(store: &Store, text: &str) -> Spare {
        let lines: Vec<&[u8]> = import_lines(text.as_bytes()).collect();
        Spare { imports: short(store, &lines.join(&b'\n')), bytes: u32::try_from(text.len()).unwrap_or(u32::MAX) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    question: Hash,
    files: Vec<Kept>,
    verdicts: Verdicts,
    /// The [`Looks`], encoded: most runs have no need of them.
    looks: Vec<u8>,
}

/// What decides about the answer besides the files.
#[derive(Debug)]
pub struct Terms<'a> {
    /// What holds, and what holds in which folder.
    pub settings: &'a Settings,
    /// See [`crate::analysis::AnalysisHost::set_scopes`].
    pub scopes: &'a [(String, Settings)],
    /// Fixes are wanted.
    pub fixes: bool,
    /// Where the run began, and the paths that it was given: by these an answer gives way to a later one.
    pub given: &'a [&'a Path],
}

impl Question {
    /// `None` where answers are not kept: of texts that are no files.
    pub fn new(store: &Store, listing: &Listing, terms: &Terms<'_>) -> Option<Question> {
        let mut later = listing.files.iter().skip(1);
        let is_odd = |file: &Listed| file.text.is_some();
        if listing.files.iter().any(is_odd)
            || listing.files.iter().any(|a| later.next().is_some_and(|b| a.path == b.path))
        {
            return None;
        }
        let Terms { settings, scopes, fixes, given } = terms;
        // All fields of the settings count, also those that are still to come.
        let asked = format!("{ENGINE}\n{fixes}\n{given:?}\n{settings:?}\n{scopes:?}");
        let mut files = Vec::with_capacity(listing.files.len() * 128);
        for file in &listing.files {
            files.extend_from_slice(file.path.as_bytes());
            files.extend_from_slice(&[0, u8::from(file.reported)]);
            // A link may lead elsewhere today than yesterday.
            files.extend_from_slice(file.place.as_os_str().as_encoded_bytes());
            files.push(b'\n');
        }
        let now = SystemTime::now();
        let stamps = listing.files.par_iter().map(|file| Stamp::of(&fs::metadata(&file.place).ok()?, now)).collect();
        Some(Question { name: store.hash(asked.as_bytes()), files: store.hash(&files), stamps })
    }

    /// What was answered before, if it still holds.
    pub fn recall(&self, store: &Store, listing: &Listing) -> Option<Answer> {
        let mut entry: Entry = postcard::from_bytes(&store.get(&self.name)?).ok()?;
        if entry.question != self.files || entry.files.len() != listing.files.len() {
            return None;
        }
        let files = listing.files.par_iter().zip(&self.stamps).zip(&entry.files);
        let seen: Option<Vec<Seen>> = files.map(|((file, stamp), kept)| Seen::of(store, file, *stamp, kept)).collect();
        let seen = seen?;
        if let Some(looks) = looks_after(&entry, listing, &seen)? {
            entry.looks = looks;
        }
        let mut answer = Answer {
            verdicts: entry.verdicts,
            files: Vec::new(),
            texts: Vec::new(),
            troubles: Vec::new(),
            renewed: None,
        };
        for (index, (seen, listed)) in seen.iter().zip(&listing.files).enumerate() {
            match seen {
                Seen::Unreadable(reason) if listed.reported => {
                    answer.troubles.push(Trouble { shown: listed.shown.clone(), reason: reason.clone() });
                }
                Seen::Unreadable(_) => {}
                Seen::Same | Seen::Read(_) | Seen::Other(..) => answer.files.push(index),
            }
        }
        for FileId(file) in answer.verdicts.files() {
            let place = file as usize;
            let index = *answer.files.get(place)?;
            let text = match seen.get(index)? {
                Seen::Read(text) => Arc::clone(text),
                Seen::Other(..) | Seen::Unreadable(_) => return None,
                Seen::Same => {
                    let text = walk::read_file(&listing.files.get(index)?.place).ok()?;
                    if entry.files.get(index)?.text != Some(short(store, text.as_bytes())) {
                        return None;
                    }
                    text
                }
            };
            answer.texts.push((place, text));
        }
        if seen.iter().any(|seen| matches!(seen, Seen::Read(_) | Seen::Other(..))) {
            let renew = |((kept, stamp), seen): ((Kept, &Option<Stamp>), Seen)| match seen {
                Seen::Other(_, kept) => Kept { stamp: *stamp, ..kept },
                Seen::Same | Seen::Read(_) | Seen::Unreadable(_) => Kept { stamp: *stamp, ..kept },
            };
            let files = entry.files.into_iter().zip(&self.stamps).zip(seen).map(renew).collect();
            answer.renewed = Some((files, entry.looks));
        }
        Some(answer)
    }

    /// Keeps what was found. `texts` are the hashes of the files that could be read, by their paths, in path order.
    ///
    /// An error says why it cannot be kept.
    pub fn keep(&self, store: &Store, paths: &[String], texts: &[TextHash], analysis: &Analysis) -> Result<(), String> {
        // Asked for before it is asked what they rest on.
        let verdicts = analysis.verdicts();
        let spare = |text: &TextHash| {
            let file = analysis.file_at(&text.path).filter(|file| !analysis.rests_on(*file))?;
            Some(Spare::of(store, analysis.glance(file)))
        };
        let spares: Vec<Option<Spare>> = texts.par_iter().map(spare).collect();
        let mut texts = texts.iter().zip(spares).peekable();
        let kept = |(path, stamp): (&String, &Option<Stamp>)| {
            let text = texts.next_if(|(text, _)| text.path == *path);
            let spare = text.as_ref().and_then(|(_, spare)| *spare);
            Kept { stamp: *stamp, text: text.map(|(text, _)| text.hash), spare }
        };
        let files = paths.iter().zip(&self.stamps).map(kept).collect();
        let looks = postcard::to_stdvec(&analysis.looks()).map_err(|error| error.to_string())?;
        self.write(store, &Entry { question: self.files, files, verdicts, looks })
    }

    /// Keeps an answer that was recalled, if that makes the next run cheaper.
    pub fn renew(&self, store: &Store, answer: &mut Answer) -> Result<(), String> {
        let Some((files, looks)) = answer.renewed.take() else { return Ok(()) };
        self.write(store, &Entry { question: self.files, files, verdicts: answer.verdicts.clone(), looks })
    }

    fn write(&self, store: &Store, entry: &Entry) -> Result<(), String> {
        let bytes = postcard::to_stdvec(entry).map_err(|error| error.to_string())?;
        store.put(&self.name, &bytes).map_err(|error| error.to_string())
    }
}

/// What tells one text of a file from another.
#[derive(Debug)]
pub struct TextHash {
    path: String,
    hash: Short,
}

impl TextHash {
    /// Of the file at the engine's `path`.
    pub fn new(store: &Store, path: &str, text: &str) -> TextHash {
        TextHash { path: path.to_string(), hash: short(store, text.as_bytes()) }
    }
}

/// A file, compared with what was kept of it.
#[derive(Debug)]
enum Seen {
    /// Its stamp says that nobody wrote it.
    Same,
    /// It had to be read, and is the same.
    Read(Arc<str>),
    /// It is another one, but nothing rests on it, and as far as it alone tells, nothing would.
    Other(Arc<str>, Kept),
    /// It could not be read, and cannot be now.
    Unreadable(String),
}

impl Seen {
    /// `None` where it is another one that may matter.
    fn of(store: &Store, file: &Listed, stamp: Option<Stamp>, kept: &Kept) -> Option<Seen> {
        let is_same = |old: Stamp, new: Stamp| old.settled && old == new;
        match kept.text {
            Some(_) if kept.stamp.zip(stamp).is_some_and(|(old, new)| is_same(old, new)) => Some(Seen::Same),
            Some(hash) => {
                let text = walk::read_file(&file.place).ok()?;
                let new = short(store, text.as_bytes());
                if new == hash {
                    return Some(Seen::Read(text));
                }
                let spare = Spare::of(store, &text);
                let is_spare = kept.spare.is_some_and(|old| old.imports == spare.imports);
                is_spare.then_some(Seen::Other(text, Kept { stamp, text: Some(new), spare: Some(spare) }))
            }
            None => walk::read_file(&file.place).err().map(Seen::Unreadable),
        }
    }
}

impl Stamp {
    #[cfg(unix)]
    fn of(metadata: &Metadata, now: SystemTime) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let limit = now.checked_sub(UNSETTLED)?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        Some(Stamp {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            settled: u64::try_from(metadata.ctime()).is_ok_and(|changed| changed < limit),
        })
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata, now: SystemTime) -> Option<Stamp> {
        let modified = metadata.modified().ok()?;
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Stamp {
            size: metadata.len(),
            modified: (i64::try_from(since.as_secs()).ok()?, i64::from(since.subsec_nanos())),
            changed: (0, 0),
            inode: 0,
            settled: modified < now.checked_sub(UNSETTLED)?,
        })
    }
}

/// The looks that are to be kept, if they are others than before; `None` if one finds something in a text that is
/// another one.
fn looks_after(entry: &Entry, listing: &Listing, seen: &[Seen]) -> Option<Option<Vec<u8>>> {
    let others = listing.files.iter().zip(&entry.files).zip(seen);
    let others = others.filter_map(|((file, kept), seen)| match (seen, kept.spare) {
        (Seen::Other(text, _), Some(spare)) => Some((&*file.path, &**text, file.reported, spare.bytes as usize)),
        _ => None,
    });
    let others: Vec<(&str, &str, bool, usize)> = others.collect();
    if others.is_empty() {
        return Some(None);
    }
    let mut looks: Looks = postcard::from_bytes(&entry.looks).ok()?;
    if !looks.say_nothing_of(&others) {
        return None;
    }
    postcard::to_stdvec(&looks).ok().map(Some)
}

fn short(store: &Store, bytes: &[u8]) -> Short {
    let mut short = Short::default();
    short.iter_mut().zip(store.hash(bytes)).for_each(|(to, from)| *to = from);
    short
}

//! `gilcheck report`: pages for people.

use super::check::{Progress, count, load};
use super::settings::{self, BaselineChoice};
use super::{Exit, Failure, Report, say};
use crate::config::Target;
use crate::discover::{current_folder, engine_folder};
use crate::render::{self, Context};
use crate::walk::Given;
use std::fs::File;
use std::io::{self, BufWriter, Write};

pub(super) fn report(arguments: &Report) -> Result<Exit, Failure> {
    let run = settings::find(&arguments.options, &arguments.choice, &BaselineChoice::default(), &arguments.paths)?;
    let given: Vec<Given> = arguments.paths.iter().cloned().map(Given::Path).collect();
    let progress = Progress::new(false);
    let loaded = load(&given, &run, &progress)?;
    progress.working();
    let findings = loaded.analysis.all_diagnostics();
    let target = loaded.settings.target;
    let free = Target { minor: target.minor.max(Target::NEWEST.minor), free_threaded: true, ..target };
    let free_threaded = loaded.host.with_target(free).analysis().all_diagnostics();
    let sites = loaded.analysis.sites();
    progress.done();
    let here = current_folder();
    let name = loaded.base.file_name().or(here.file_name()).map(|name| name.to_string_lossy().into_owned());
    let title = arguments.title.clone().or(name).unwrap_or_else(|| "the project".to_string());
    let current = engine_folder(&here);
    let context = Context { analysis: &loaded.analysis, shown: &loaded.shown, current: &current };
    let report = render::report::Report {
        title: &title,
        target: target.to_string(),
        sites: &sites,
        findings: &findings,
        free_threaded: &free_threaded,
        free_threaded_target: free.to_string(),
        files: loaded.analysis.reported_files().count(),
    };
    let file = &arguments.html;
    let wrong = |error: io::Error| Failure::Message(format!("{}: cannot write the report: {error}", file.display()));
    let mut out = BufWriter::new(File::create(file).map_err(wrong)?);
    render::report::write(&mut out, &context, &report).and_then(|()| out.flush()).map_err(wrong)?;
    say(&format!(
        "Wrote {}: {}, {}.",
        file.display(),
        count(sites.len(), "hand-over"),
        count(findings.len(), "finding")
    ));
    Ok(Exit::Clean)
}

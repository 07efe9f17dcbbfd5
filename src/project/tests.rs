//! Files in memory, names resolved.

use std::sync::Arc;

use super::{Entity, Project, SourceInput};
use crate::facts::ir::BindingValue;
use crate::id::FileId;

fn project(files: &[(&str, &str)]) -> Project {
    let input =
        |&(path, text): &(&str, &str)| SourceInput { path: path.to_owned(), text: Arc::from(text), reported: true };
    Project::new(files.iter().map(input).collect())
}

fn file(project: &Project, path: &str) -> FileId {
    project.files().find(|&file| project.path(file) == path).expect("a file of the project")
}

fn show(project: &Project, entity: &Entity) -> String {
    match entity {
        Entity::Module(file) => format!("module {}", project.path(*file)),
        Entity::Namespace(name) => format!("namespace {name}"),
        Entity::Binding(file, index) => {
            let facts = &project.parsed(*file).facts;
            let binding = &facts.bindings[*index as usize];
            let kind = match binding.value {
                BindingValue::Function(_) => "def",
                BindingValue::Class(_) => "class",
                _ => "value",
            };
            format!("{kind} {}:{}", project.path(*file), facts.names[binding.name.index()])
        }
        Entity::Library(name) => format!("library {name}"),
        Entity::Unknown => "unknown".to_owned(),
    }
}

/// Resolves `a.b.c` at module level of a file.
#[track_caller]
fn check(project: &Project, path: &str, dotted: &str, expected: &str) {
    let mut parts = dotted.split('.');
    let first = parts.next().expect("a name");
    let mut entities = project.global(file(project, path), first);
    for part in parts {
        entities = entities.iter().flat_map(|entity| project.member(entity, part)).collect();
    }
    let shown: Vec<String> = entities.iter().map(|entity| show(project, entity)).collect();
    assert_eq!(shown.join(", "), expected, "{dotted} in {path}");
}

#[test]
fn absolute_imports_relative_imports_and_aliases() {
    let project = project(&[
        ("pkg/__init__.py", "from .a import f as g, missing\nfrom . import b\nimport pkg.sub.deep\n"),
        ("pkg/a.py", "def f(): pass\nimport os.path\nimport os.path as p\nx = 1\nfrom .sub import deep as d\n"),
        (
            "pkg/b.py",
            "from .a import f\nfrom .. import up\nfrom ..pkg.a import x\nfrom .nowhere import z\nfrom pkg import sub\n",
        ),
        ("pkg/sub/__init__.py", ""),
        ("pkg/sub/deep.py", "from ...pkg import a\nfrom ..b import f as h\nclass C: pass\n"),
        (
            "main.py",
            "import pkg\nimport pkg.sub.deep as deep\nfrom pkg import g, sub, b\nimport requests\nfrom requests import get as r\nfrom pkg import nothing\n",
        ),
    ]);
    for (path, name, expected) in [
        ("main.py", "pkg", "module pkg/__init__.py"),
        ("main.py", "pkg.a.f", "def pkg/a.py:f"),
        ("main.py", "pkg.g", "def pkg/a.py:f"),
        ("main.py", "pkg.pkg.sub.deep.C", "class pkg/sub/deep.py:C"),
        ("main.py", "pkg.missing", ""),
        ("main.py", "deep.C", "class pkg/sub/deep.py:C"),
        ("main.py", "deep.h", "def pkg/a.py:f"),
        ("main.py", "deep.a.x", "value pkg/a.py:x"),
        ("main.py", "g", "def pkg/a.py:f"),
        ("main.py", "sub", "module pkg/sub/__init__.py"),
        ("main.py", "b.f", "def pkg/a.py:f"),
        ("main.py", "requests.sessions.Session", "library requests.sessions.Session"),
        ("main.py", "r", "library requests.get"),
        ("main.py", "nothing", "unknown"),
        ("main.py", "unbound", ""),
        ("pkg/__init__.py", "missing", "unknown"),
        ("pkg/a.py", "os", "library os"),
        ("pkg/a.py", "p", "library os.path"),
        ("pkg/a.py", "d.C", "class pkg/sub/deep.py:C"),
        ("pkg/b.py", "x", "value pkg/a.py:x"),
        ("pkg/b.py", "up", "unknown"),
        ("pkg/b.py", "z", "unknown"),
        ("pkg/b.py", "sub.deep", "module pkg/sub/deep.py"),
    ] {
        check(&project, path, name, expected);
    }
}

#[test]
fn a_name_bound_several_times() {
    let project = project(&[
        ("a.py", "try:\n    import ujson as json\nexcept ImportError:\n    import json\n"),
        ("b.py", "def f(): pass\ndef f(): pass\nif x:\n    def f(): pass\n"),
        ("c.py", "import x\nimport y as x\nx += 1\n"),
        ("d.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from b import f\n"),
        ("f.py", "from d import f\n"),
        ("p/__init__.py", ""),
        ("p/a.py", "def f(): pass\nfrom p.a import f\n"),
        ("e.py", "def g():\n    global pool\n    pool = f()\npool = None\n"),
    ]);
    check(&project, "a.py", "json.dumps", "library ujson.dumps, library json.dumps");
    check(&project, "b.py", "f", "def b.py:f, def b.py:f");
    check(&project, "c.py", "x", "library y, value c.py:x");
    check(&project, "d.py", "f", "");
    check(&project, "e.py", "pool", "value e.py:pool, value e.py:pool");
    check(&project, "f.py", "f", "def b.py:f, def b.py:f");
    check(&project, "p/a.py", "f", "def p/a.py:f");
    let typing = project.typing_global(file(&project, "d.py"), "f");
    assert_eq!(typing.len(), 2);
}

#[test]
fn stars() {
    let project = project(&[
        ("main.py", "from a import *\nfrom tkinter import *\nfrom b import *\ndef own(): pass\n"),
        ("a.py", "__all__ = ['f', '_g', 'sub']\ndef f(): pass\ndef _g(): pass\ndef hidden(): pass\n"),
        ("b.py", "from c import *\ndef _private(): pass\n"),
        ("c.py", "from b import *\ndef h(): pass\ndef own(): pass\n"),
        ("only.py", "from a import *\nfrom c import *\n"),
    ]);
    check(&project, "main.py", "h", "def c.py:h");
    check(&project, "main.py", "own", "def main.py:own");
    check(&project, "only.py", "f", "def a.py:f");
    check(&project, "only.py", "_g", "def a.py:_g");
    check(&project, "only.py", "hidden", "");
    check(&project, "only.py", "_private", "");
    check(&project, "main.py", "Button", "library tkinter.Button");
    check(&project, "main.py", "print", "");
    check(&project, "b.py", "nowhere", "");
}

#[test]
fn cycles_end() {
    let project = project(&[
        ("p/__init__.py", "from .a import x\nfrom . import a\n"),
        ("p/a.py", "from . import x, a\nfrom p import y\n"),
        ("m.py", "from n import q\n"),
        ("n.py", "from m import q\n"),
    ]);
    check(&project, "p/__init__.py", "x", "unknown");
    check(&project, "p/__init__.py", "a", "module p/a.py");
    check(&project, "p/a.py", "a", "module p/a.py");
    check(&project, "m.py", "q", "unknown");
}

#[test]
fn star_cycles_and_long_chains_end() {
    let modules = 40;
    let stars = |of| -> String { (0..modules).filter(|&n| n != of).map(|n| format!("from m{n} import *\n")).collect() };
    let mut files: Vec<(String, String)> = (0..modules).map(|n| (format!("m{n}.py"), stars(n))).collect();
    files.push(("last.py".into(), "def here(): pass\n".into()));
    files.extend((0..10_000).map(|n| (format!("c{n}.py"), format!("from c{} import x\n", n + 1))));
    if let Some((_, text)) = files.get_mut(7) {
        text.push_str("from last import here\n");
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let project = project(&files);
    check(&project, "m0.py", "here", "def last.py:here");
    check(&project, "m0.py", "nowhere", "");
    check(&project, "c0.py", "x", "unknown");
    check(&project, "c9990.py", "x", "library c10000.x");
}

#[test]
fn projects_side_by_side_do_not_see_each_other() {
    let project = project(&[
        ("A/json.py", "def dumps(): pass\n"),
        ("A/main.py", "import json\nimport helpers\n"),
        ("A/helpers.py", ""),
        ("A/pkg/__init__.py", ""),
        ("A/pkg/json.py", ""),
        ("A/pkg/x.py", "import json\n"),
        ("B/main.py", "import json\nimport helpers\nimport A.helpers\n"),
        ("B/random.py", "import random\n"),
        ("B/deep/er/x.py", "import random\nimport main\n"),
        ("C/json/x.py", ""),
        ("C/main.py", "import json\nimport x\n"),
    ]);
    check(&project, "A/main.py", "json", "module A/json.py");
    check(&project, "A/main.py", "helpers", "module A/helpers.py");
    check(&project, "A/pkg/x.py", "json", "module A/json.py");
    check(&project, "B/main.py", "json.dumps", "library json.dumps");
    check(&project, "B/main.py", "helpers", "library helpers");
    check(&project, "B/main.py", "A.helpers", "module A/helpers.py");
    check(&project, "B/random.py", "random", "library random");
    check(&project, "B/deep/er/x.py", "random", "library random");
    check(&project, "B/deep/er/x.py", "main", "module B/main.py");
    check(&project, "C/main.py", "json", "library json");
    check(&project, "C/main.py", "x", "library x");
}

#[test]
fn source_folders_and_namespaces() {
    let project = project(&[
        ("r/src/app/__init__.py", ""),
        ("r/src/app/core.py", "def f(): pass\nfrom plain.mod import g\n"),
        ("r/src/plain/mod.py", "def g(): pass\n"),
        ("r/src/plain/two.py", "from . import mod\nfrom .mod import g\nfrom ..app import core\nfrom . import gone\n"),
        ("r/tests/test_core.py", "from app.core import f\nimport app\nimport plain.mod\nimport tools.run as t\n"),
        ("r/tools/run.py", "import app.core\nimport google.cloud.storage\n"),
        ("r/google/own/x.py", ""),
    ]);
    check(&project, "r/tests/test_core.py", "f", "def r/src/app/core.py:f");
    check(&project, "r/tests/test_core.py", "app.core", "module r/src/app/core.py");
    check(&project, "r/tests/test_core.py", "plain", "namespace r/src|plain");
    check(&project, "r/tests/test_core.py", "plain.mod.g", "def r/src/plain/mod.py:g");
    check(&project, "r/tests/test_core.py", "t", "module r/tools/run.py");
    check(&project, "r/src/app/core.py", "g", "def r/src/plain/mod.py:g");
    check(&project, "r/src/plain/two.py", "mod", "module r/src/plain/mod.py");
    check(&project, "r/src/plain/two.py", "g", "def r/src/plain/mod.py:g");
    check(&project, "r/src/plain/two.py", "core", "module r/src/app/core.py");
    check(&project, "r/src/plain/two.py", "gone", "unknown");
    check(&project, "r/tools/run.py", "google.cloud.storage.Client", "library google.cloud.storage.Client");
    check(&project, "r/tools/run.py", "google.own.x", "module r/google/own/x.py");
}

#[test]
fn module_names() {
    let project = project(&[
        ("/home/me/r/src/app/__init__.py", ""),
        ("/home/me/r/src/app/sub/x.py", ""),
        ("/home/me/r/src/app/sub/__init__.py", ""),
        ("/home/me/r/scripts/run.py", ""),
        ("/home/me/r/tools/build.py", ""),
        ("/home/me/r/main.py", "from tools import build\nimport cloud.store.thing\n"),
        ("/home/me/r/cloud/store/__init__.py", ""),
        ("/home/me/r/cloud/store/thing.py", ""),
    ]);
    let names: Vec<(&str, &str)> =
        project.files().map(|file| (project.path(file), project.module_name(file))).collect();
    assert_eq!(
        names,
        [
            ("/home/me/r/cloud/store/__init__.py", "cloud.store"),
            ("/home/me/r/cloud/store/thing.py", "cloud.store.thing"),
            ("/home/me/r/main.py", "main"),
            ("/home/me/r/scripts/run.py", "run"),
            ("/home/me/r/src/app/__init__.py", "app"),
            ("/home/me/r/src/app/sub/__init__.py", "app.sub"),
            ("/home/me/r/src/app/sub/x.py", "app.sub.x"),
            ("/home/me/r/tools/build.py", "tools.build"),
        ]
    );
}

#[test]
fn files_are_parsed_on_demand() {
    let project = project(&[
        ("a.py", "from b import f\nimport c\n"),
        ("b.py", "def f(): pass\n"),
        ("c.py", "x = 1\n"),
        ("d.py", "x = 1\n"),
    ]);
    assert_eq!(project.import(file(&project, "a.py"), "b", 0), Entity::Module(file(&project, "b.py")));
    assert_eq!(project.parsed_count(), 0);
    check(&project, "a.py", "f", "def b.py:f");
    check(&project, "a.py", "c", "module c.py");
    check(&project, "a.py", "f", "def b.py:f");
    assert_eq!(project.parsed_count(), 2);
}

#[test]
fn a_project_is_shared_between_threads() {
    fn shared<T: Sync + Send>(_: &T) {}
    shared(&project(&[]));
}

//! Python in, facts out.

use super::dump;
use super::extract;
use super::ir::{Expression, Facts};

fn facts(python: &str) -> Facts {
    let (facts, spans) = extract(python);
    assert_eq!(facts.expressions.len(), spans.expressions.len());
    assert_eq!(facts.statements.len(), spans.statements.len());
    assert_eq!(facts.functions.len(), spans.functions.len());
    assert_eq!(facts.functions.len(), spans.function_names.len());
    assert_eq!(facts.classes.len(), spans.classes.len());
    assert_eq!(facts.classes.len(), spans.class_names.len());
    facts
}

#[track_caller]
fn check(python: &str, expected: &str) {
    assert_eq!(dump::dump(&facts(python)).trim_end(), expected.trim_matches('\n'), "{python}");
}

#[track_caller]
fn check_bindings(python: &str, expected: &str) {
    let facts = facts(python);
    let found = dump::bindings(&facts, &facts.bindings);
    assert_eq!(found.trim_end(), expected.trim_matches('\n'), "{python}");
}

#[test]
fn expressions() {
    let table = [
        ("a.b(c)[d] + e", "(a.b(c)[d] + e)"),
        ("f(1, *a, k=2, **d)", "f(1, *a, k=2, **d)"),
        ("f(x for x in y if x if z)", "f(iter<x for x in y if x if z>)"),
        ("{k: v for k, v in d.items()}", "dict<(k, v,) for (k, v,) in d.items()>"),
        ("[x for row in m if row for x in row]", "list<x for row in m if row for x in row>"),
        ("{x async for x in y}", "set<x async for x in y>"),
        ("a and b and c or d and (e or f)", "((a and b and c) or (d and (e or f)))"),
        ("a < b <= c not in d is not e", "(a < b <= c not in d is not e)"),
        ("not -x ** ~y", "(not (-(x ** (~y))))"),
        ("a if b else c if d else e", "(a if b else (c if d else e))"),
        ("x[1:2, ::3, ...]", "x[(1:2:, ::3, ...,)]"),
        ("x[1,]", "x[(1,)]"),
        ("x[a:]", "x[a::]"),
        ("(a, *b), [], {1, 2}, {}, ()", "((a, *b,), [], {1, 2}, {}, (,),)"),
        ("{'a': 1, **b}", r#"{"a"1: 1, **b}"#),
        ("lambda a, *b, c=1, **d: a + z", "(lambda a, *b, +c=1, **d: (a + z) [a b c d])"),
        ("((((a))))", "a"),
        ("await f(x)", "(await f(x))"),
        ("(await f)(x)", "(await f)(x)"),
        ("(y := f(x))", "(y := f(x))"),
        ("(yield)", "(yield )"),
        ("print(a, file=b)", "print(a, file=b)"),
        ("a @ b << 3 // 2", "((a @ b) << (3 // 2))"),
        ("a, b", "(a, b,)"),
        ("match.group(type)", "match.group(type)"),
    ];
    for (python, expected) in table {
        check(python, expected);
    }
}

#[test]
fn literals() {
    let table = [
        ("1_000", "1000"),
        ("0xFF", "255"),
        ("0o17", "15"),
        ("017", "15"),
        ("0b1_01", "5"),
        ("10L", "10"),
        ("99999999999999999999", "BIG"),
        ("3j", "0.0"),
        ("1e-3", "0.001"),
        ("1_0.5", "10.5"),
        (".5", "0.5"),
        ("'a' \"b\" r'\\n'", r#""ab\\n"4"#),
        (r"'\x41\u00e9\n\'\\\N{BULLET}\z'", r#""Aé\n'\\�\\z"8"#),
        ("'''it's'''", r#""it's"4"#),
        ("''", r#"""0"#),
        ("''''''", r#"""0"#),
        ("'é𝄞'", r#""é𝄞"2"#),
        (r"b'\x00ab'", "b3"),
        ("f'a{b}c{{d}} {e!r:>{w}}'", "f6<b, e, w>"),
        ("'x' f'{y}'", "f1<y>"),
        ("rb'\\x'", "b2"),
        ("'''a\r\nb\rc'''", r#""a\nb\nc"5"#),
        ("r'''a\\n\r\n'''", r#""a\\n\n"4"#),
        ("'a\\\r\nb'", r#""ab"2"#),
        ("True, None, ...", "(True, None, ...,)"),
    ];
    for (python, expected) in table {
        check(python, expected);
    }
    check(&format!("'{}'", "x".repeat(200)), &format!("{:?}200", "x".repeat(200)));
    check(&format!("'{}'", "x".repeat(201)), "str201");
    check(&format!("'{}' 'y'", "x".repeat(200)), "str201");
}

#[test]
fn statements() {
    let table = [
        ("a = b.c = d, *e = f()", "a = b.c = (d, *e,) = f()"),
        ("a: int = 1; b: list[str]; c.d: X | None = None", "a: int = 1\nb: list[str]\nc.d: (X | None) = None"),
        ("a //= 2\nb[0] **= 3", "a //= 2\nb[0] **= 3"),
        ("raise E(1) from e\nraise\nraise F", "raise E(1) from e\nraise\nraise F"),
        ("assert a, b", "assert a, b"),
        ("del a, b[0]", "del a, b[0]"),
        ("while a:\n    b = 1\n    break\nelse:\n    continue", "while a: # [b]\n  b = 1\n  break\nelse:\n  continue"),
        (
            "for a, b in c:\n    if a: d = 1\n    def f(): e = 1\nelse:\n    g = 1",
            "for (a, b,) in c: # [a b d f]\n  if a:\n    d = 1\n  def f(): # [e]\n    e = 1\nelse:\n  g = 1",
        ),
        (
            "if a:\n    b\nelif c:\n    d\nelif e: f\nelse:\n    g",
            "if a:\n  b\nelse:\n  if c:\n    d\n  else:\n    if e:\n      f\n    else:\n      g",
        ),
        ("with a as b, c() as (d, e), f: g", "with a as b, c() as (d, e,), f:\n  g"),
        ("with (a as b, c as d): e", "with a as b, c as d:\n  e"),
        ("with (a): e", "with a:\n  e"),
        (
            "try:\n    a\nexcept (B, C) as d:\n    e\nexcept* F:\n    g\nexcept:\n    h\nelse: i\nfinally: j",
            "try:\n  a\nexcept (B, C,) as d:\n  e\nexcept F:\n  g\nexcept:\n  h\nelse:\n  i\nfinally:\n  j",
        ),
        ("try:\n    a\nexcept B, C:\n    d", "try:\n  a\nexcept (B, C,):\n  d"),
        ("try:\n    a\nexcept B, c:\n    d", "try:\n  a\nexcept B as c:\n  d"),
        (
            "match a, b:\n    case Point(x=0, y=yy) | m.Line([q, *r]) if yy: c\n    case {'k': v, **rest} as w: d\n    case A.B | _: e\n    case str(): f",
            "match (a, b,):\n  case Point(x==0, y=yy) | m.Line([q, *r]) if yy\n    c\n  case {\"k\"1: v} as w\n    d\n  case =A.B | _\n    e\n  case str()\n    f",
        ),
        (
            "match a:\n    case b, -1: c\n    case b,: d\n    case ('e') | (None): f\n    case P(-2, *_, x=-3.5): g\n    case []: h\n    case {-1: [i, *j], **k}: l",
            "match a:\n  case [b, =(-1)]\n    c\n  case [b]\n    d\n  case =\"e\"1 | =None\n    f\n  case P(=(-2), *_, x==(-3.5))\n    g\n  case []\n    h\n  case {(-1): [i, *j]}\n    l",
        ),
        ("P = namedtuple('P', 'x y')\nq = a.NamedTuple('Q', [('x', int)])", "P = class P\nq = class Q"),
        ("P = namedtuple(name, 'x y')", "P = namedtuple(name, \"x y\"3)"),
        ("pass\nglobal x\nreturn 1, 2\nreturn", "pass\npass\nreturn (1, 2,)\nreturn"),
        ("type A[T] = list[T]", "pass"),
        ("type(a).b = c", "type(a).b = c"),
        ("type(a, b).c[0] = d", "type(a, b).c[0] = d"),
        ("a: dict[str: int]", "a: dict[str:int:]"),
    ];
    for (python, expected) in table {
        check(python, expected);
    }
}

#[test]
fn imports() {
    check("import a.b, c.d as e", "import a from a.b\nimport e is c.d");
    check("from ..a.b import (c, d as e,)", "import c is ..a.b:c\nimport e is ..a.b:d");
    check("from . import x\nfrom ... import y", "import x is .:x\nimport y is ...:y");
    check("from a import *", "import  * a");
    check("from __future__ import annotations", "import annotations is __future__:annotations");
    check("import a . \\\n  b", "import a from a.b");
}

#[test]
fn functions() {
    let table = [
        (
            "@d\n@e(1)\nasync def f(a, /, b: int, *args: str, c=1, **kw) -> None:\n    await a\n    yield b",
            "@d\n@e(1)\nasync def f(/a, b: int, *args: str, +c=1, **kw) -> None: # [a b args c kw] yields awaits\n  (await a)\n  (yield b)",
        ),
        ("def f(*, a): pass", "def f(+a): # [a]\n  pass"),
        (
            "def f(a):\n    global g\n    g = 1\n    x = [y for y in a]\n    def h():\n        nonlocal x\n        x = 2; z = 3\n    import p.q\n    if (w := a): del v\n    with a as t: pass\n    try: pass\n    except E as e: pass\n    class C: m = 1\n    x += 1\n    o[0] = o.p = 1",
            "def f(a): # [a y x h p w v t e C] global [g]\n  pass\n  g = 1\n  x = list<y for y in a>\n  def h(): # [z] nonlocal [x]\n    pass\n    x = 2\n    z = 3\n  import p from p.q\n  if (w := a):\n    del v\n  with a as t:\n    pass\n  try:\n    pass\n  except E as e:\n    pass\n  class C(): # []\n    m = 1\n  x += 1\n  o[0] = o.p = 1",
        ),
        (
            "async def f():\n    async with a as b: pass\n    async for c in d: pass",
            "async def f(): # [b c] awaits\n  async with a as b:\n    pass\n  async for c in d: # [c]\n    pass",
        ),
        ("def f():\n    g = lambda: (yield)", "def f(): # [g]\n  g = (lambda : (yield ) [])"),
        ("def f[T: int, *U](x: T): pass", "def f(x: T): # [x]\n  pass"),
    ];
    for (python, expected) in table {
        check(python, expected);
    }
}

#[test]
fn classes() {
    check(
        "@d\nclass A(B, c.D[E], metaclass=M):\n    x: int = 1\n    if y:\n        def m(self): pass\n    else:\n        async def n(self): pass\n    class I: pass",
        "@d\nclass A(B, c.D[E], metaclass=M): # [m n]\n  x: int = 1\n  if y:\n    def m(self): # [self] method\n      pass\n  else:\n    async def n(self): # [self] method\n      pass\n  class I(): # []\n    pass",
    );
    let facts = facts("class A:\n    x = 1\n    y: int\n    import z\n    def f(self): pass\n    class B: pass\n");
    assert_eq!(dump::bindings(&facts, &facts.classes[0].bindings), "x = 1\ny : int\nz from z\nB class\n");
    assert_eq!(facts.classes[1].outer, Some(crate::id::ClassId(0)));
}

#[test]
fn module_bindings() {
    check_bindings(
        "a = b, (c, *d, e) = f()\ng: int\nh += 1\nfor i in j: k = 1\nfor l, m in n: pass\nwith o as p: pass\n",
        "a = f()\nb = f()[0]\nc = f()[1, 0]\nd ?\ne ?\ng : int\nh op= 1\ni in j maybe\nk = 1 maybe\nl ? maybe\nm ? maybe\np with o maybe",
    );
    check_bindings(
        "try:\n    import a as b\nexcept ImportError as e:\n    b = None\ndef f(): x = 1\nclass C: pass\n[y for y in z]\n(w := 1)\ndel f",
        "b is a maybe\ne ? maybe\nb = None maybe\nf def\nC class\nw = 1\nf ?",
    );
    check_bindings(
        "if TYPE_CHECKING:\n    import a\nelse:\n    import b\nif not t.TYPE_CHECKING:\n    import c\nelse:\n    import d\nif x:\n    import e\nelif typing.TYPE_CHECKING:\n    import f\nif False:\n    import g",
        "a from a typing\nb from b\nc from c\nd from d typing\ne from e maybe\nf from f typing\ng from g typing",
    );
    check_bindings("def f():\n    global pool\n    pool = P()\npool = None", "f def\npool = None\npool = P() maybe");
}

#[test]
fn exports() {
    let exports = |python: &str| {
        let facts = facts(python);
        facts.exports.map(|names| names.iter().map(|name| facts.names[name.index()].to_string()).collect::<Vec<_>>())
    };
    let some = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    assert_eq!(exports("__all__ = ['a', 'b']"), some(&["a", "b"]));
    assert_eq!(exports("__all__: list[str] = ('a',)\n__all__ += ['b']"), some(&["a", "b"]));
    assert_eq!(exports("__all__ = ['a']\n__all__ += x.__all__"), None);
    assert_eq!(exports("__all__ = ['a']\n__all__.extend(x.__all__)"), None);
    assert_eq!(exports("def f():\n    __all__ = ['a']"), None);
}

#[test]
fn attribute_stores() {
    let facts = facts(
        "class A:\n    def m(self, q):\n        self.a = 1\n        self.b: int = 2\n        self.c += 1\n        (self.d, [self.e, q.no]) = q\n        with q as self.f: pass\n        for self.g in q: pass\n        def n(): self.h = 1\n        def o(self): self.no = 1\n        self.x.no = 1\n        del self.no\n    @staticmethod\n    def s(self): self.no = 1\n    @classmethod\n    def c(cls): cls.i = 1\ndef f(self): self.no = 1\n",
    );
    let stores: Vec<String> = facts
        .attribute_stores
        .iter()
        .map(|store| {
            let function = &facts.functions[store.function.index()];
            format!("{}.{}", facts.names[function.name.index()], facts.names[store.attribute.index()])
        })
        .collect();
    assert_eq!(stores, ["m.a", "m.b", "m.c", "m.d", "m.e", "m.f", "m.g", "m.h", "c.i"]);
}

#[test]
fn facts_know_nothing_of_places() {
    let plain = "import a\ndef f(x):\n    return [x, 'y' 'z']\nclass C(a.B):\n    def m(self): self.n = 1\n";
    let spread = "# note\n\nimport a  # note\n\n\ndef f( x ):\n\n    # note\n    return [\n        x,  # note\n        'y'\n        # note\n        'z'\n    ]\nclass C(a.B):\n    # note\n    def m(self):\n        self.n = 1\n";
    assert_eq!(facts(plain), facts(spread));
}

#[test]
fn main_guard() {
    assert!(facts("if __name__ == '__main__':\n    main()").has_main_guard);
    assert!(facts("if \"__main__\" == __name__: main()").has_main_guard);
    assert!(!facts("if __name__ != '__main__': main()").has_main_guard);
}

#[test]
fn unreadable_code_keeps_its_readable_parts() {
    let table = [("print >>f, g(x)", "?<?<f>, g(x)>"), ("print g(x)", "?<g(x)>"), ("exec code in ns", "?<code, ns>")];
    for (python, expected) in table {
        check(python, expected);
    }
    for python in [
        "%matplotlib inline\nf(x)\n",
        "!ls -l\nf(x)\n",
        "x = `y`\nf(x)\n",
        "lazy import json\nf(x)\n",
        "def g[T = int](x: T): return 1\nf(x)\n",
        "class A(:\n    def m(self):\n        f(x)\n",
        "f(x) = = 3\nf(x)\n",
        "f(x)\n)))\n\0\0\n'''unclosed",
    ] {
        let text = dump::dump(&facts(python));
        assert!(text.contains("f(x)"), "{python:?} became\n{text}");
    }
}

#[test]
fn nothing_is_too_deep_or_too_long() {
    let deep = 10_000;
    let nested = |open: &str, close: &str, n: usize| format!("x = {}y{}\n", open.repeat(n), close.repeat(n));
    let blocks: String = (0..1000).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect();
    let inputs = [
        nested("(", ")", deep),
        nested("[", "]", deep),
        nested("f(", ")", deep),
        nested("{1:", "}", deep),
        nested("a[", "]", deep),
        nested("not ", "", deep),
        nested("lambda: ", "", deep),
        nested("a ** ", "", deep),
        nested("-", "", deep),
        nested("(yield ", ")", deep),
        nested("[a for a in ", "]", deep),
        nested("(", "", deep),
        nested("[(", "", deep),
        nested("{", "}}}", deep),
        format!("{} = 1", "(".repeat(deep) + "a" + &")".repeat(deep)),
        format!("x = {}", "f'{".repeat(deep)),
        format!("for {} in x: pass", "[".repeat(deep) + "a" + &"]".repeat(deep)),
        format!("{blocks}{}pass\n", " ".repeat(1000)),
        "if a:".repeat(100_000),
        "if a:\n".repeat(10_000),
        "def f(a=lambda:".repeat(deep),
        "class A:".repeat(deep),
        "match a:\n case [".repeat(1000),
    ];
    for input in &inputs {
        facts(input);
    }
    assert!(facts(&format!("x = {}", vec!["a"; deep].join(" + "))).expressions.len() >= 2 * deep);
    assert!(facts(&format!("x = a{}", ".b()".repeat(deep))).expressions.len() > 2 * deep);
    let all = facts(&format!("x = {}", vec!["a"; deep].join(" and ")));
    assert!(all.expressions.iter().any(|e| matches!(e, Expression::And(items) if items.len() == deep)));
    assert!(facts(&format!("x = {}b", "a if c else ".repeat(deep))).expressions.len() > 3 * deep);
    let chain: String = (0..deep).map(|n| format!("elif a == {n}: f()\n")).collect();
    assert!(facts(&format!("if a: pass\n{chain}")).statements.len() > 2 * deep);
    assert!(facts(&format!("{}1", "a = ".repeat(deep))).expressions.len() > deep);
    assert!(facts(&format!("x = {}", "'a' ".repeat(deep))).expressions.len() == 2);
}

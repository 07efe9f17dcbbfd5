"""Inputs that nobody wishes for, made when they are asked for: programs that are deep, long, round or exponential.

Each is a function that gives a project, `{path: text or bytes}`, registered with `@hostile`. A number in a name is
what the input is about; `scale` makes all of them smaller, for quick looks.
"""

from collections.abc import Callable

Files = dict[str, "str | bytes"]
INPUTS: dict[str, Callable[[int], Files]] = {}

# What makes the engine look: a hand-over of the file's own `work`, and a stall that must still be found.
LOOK = "\n\nimport threading\nfor _ in range(4):\n    threading.Thread(target=work).start()\n"
FOUND = "\n\nimport time\nasync def nap():\n    time.sleep(1)\n"


def hostile(make: Callable[[int], "Files | str"]) -> Callable[[int], "Files | str"]:
    """Registers an input; one that is a text is a single file with something to look at and something to find."""

    def files(scale: int) -> Files:
        made = make(scale)
        return {"hostile.py": made + FOUND} if isinstance(made, str) else made

    INPUTS[make.__name__] = files
    return make


def deep(name: str, before: str, middle: str, after: str, count: int = 100_000) -> None:
    """Registers an expression that is nested `count` times, as what a worker computes."""

    def make(scale: int) -> str:
        times = max(count // scale, 1)
        return f"def work():\n    x = {before * times}{middle}{after * times}\n    return x\n{LOOK}"

    make.__name__ = name
    hostile(make)


deep("deep_parentheses", "(", "1", ")")
deep("deep_lists", "[", "1", "]")
deep("deep_dictionaries", "{1: ", "1", "}")
deep("deep_sets", "{", "1", "}")
deep("deep_tuples", "(", "1", ",)")
deep("deep_calls", "sum(", "1", ")")
deep("deep_method_calls", "x.f(", "1", ")")
deep("deep_subscripts", "x[", "1", "]")
deep("deep_not", "not ", "1", "")
deep("deep_minus", "-", "1", "")
deep("deep_await", "await ", "x", "")
deep("deep_lambda", "lambda: ", "1", "")
deep("deep_lambda_default", "lambda a=", "1", ": 1")
deep("deep_power", "2 ** ", "2", "")
deep("deep_plus", "1 + ", "1", "")
deep("deep_plus_right", "1 + (", "1", ")")
deep("deep_and", "a and ", "1", "")
deep("deep_comparison", "1 < ", "2", "")
deep("deep_conditional", "1 if a else ", "2", "")
deep("deep_conditional_left", "(", "2", " if a else 1)")
deep("deep_attributes", "", "x", ".a")
deep("deep_call_chain", "", "x", "()")
deep("deep_method_chain", "", "x", ".f(1)")
deep("deep_subscript_chain", "", "x", "[0]")
deep("deep_comprehensions", "[", "1", " for a in b]")
deep("deep_generators", "sum(", "1", " for a in b)")
deep("deep_walrus", "(a := ", "1", ")")
deep("deep_stars", "[*", "[]", "]")
deep("deep_strings", "'a' ", "'b'", "")
deep("deep_format_strings", "f'{", "1", "}'", 20_000)
deep("deep_yield", "(yield ", "1", ")")
deep("deep_slices", "x[", "1", ":]")
deep("open_parentheses", "(", "1", "")
deep("open_brackets", "[", "1", "")
deep("open_braces", "{", "1", "")
deep("open_calls", "f(", "1", "")
deep("open_lambdas", "lambda x, ", "1", "")
deep("open_mixed", "([{", "1", "")
deep("closed_brackets", "", "1", ")]}")
deep("many_assignments", "a = ", "1", "")
deep("many_quotes", "'''\"", "", "")
deep("many_backslashes", "\\\n", "1", "")
deep("many_semicolons", "", "1", ";a=1")


@hostile
def deep_blocks(scale: int) -> str:
    # One blank more in each line: 10,000 levels are 100 MB.
    times = max(10_000 // scale, 1)
    return "def work():\n" + "".join(f"{' ' * (i + 1)}if a:\n" for i in range(times)) + " " * (times + 1) + "pass\n" + LOOK


@hostile
def deep_loops(scale: int) -> str:
    times = max(3_000 // scale, 1)
    lines = "".join(f"{' ' * (i + 1)}for x{i} in range(10 ** 9):\n" for i in range(times))
    return "def work():\n" + lines + " " * (times + 1) + "pass\n" + LOOK


@hostile
def deep_functions(scale: int) -> str:
    times = max(3_000 // scale, 1)
    return "".join(f"{' ' * i}def work():\n" for i in range(times)) + " " * times + "pass\n" + LOOK


@hostile
def deep_classes(scale: int) -> str:
    times = max(3_000 // scale, 1)
    return "".join(f"{' ' * i}class A:\n" for i in range(times)) + " " * times + "pass\n\ndef work():\n    A.A.A()\n" + LOOK


@hostile
def deep_try(scale: int) -> str:
    times = max(2_000 // scale, 1)
    lines = "".join(f"{' ' * (i + 1)}try:\n" for i in range(times)) + " " * (times + 1) + "f()\n"
    return "def work():\n" + lines + "".join(f"{' ' * (i + 1)}finally: g()\n" for i in reversed(range(times))) + LOOK


@hostile
def deep_with(scale: int) -> str:
    times = max(2_000 // scale, 1)
    lines = "".join(f"{' ' * (i + 1)}with a as b{i}:\n" for i in range(times))
    return "def work():\n" + lines + " " * (times + 1) + "pass\n" + LOOK


@hostile
def long_elif(scale: int) -> str:
    lines = "".join(f"    elif x == {i}:\n        y = {i}\n" for i in range(100_000 // scale))
    return f"def work(x=0):\n    if x:\n        pass\n{lines}    return y\n{LOOK}"


@hostile
def long_else_if(scale: int) -> str:
    times = max(5_000 // scale, 1)
    lines = "".join(f"{' ' * (i + 1)}if x == {i}:\n{' ' * (i + 2)}y = {i}\n{' ' * (i + 1)}else:\n" for i in range(times))
    return f"def work(x=0):\n{lines}{' ' * (times + 1)}pass\n{LOOK}"


@hostile
def long_match(scale: int) -> str:
    lines = "".join(f"        case {i}:\n            y = {i}\n" for i in range(100_000 // scale))
    return f"def work(x=0):\n    match x:\n{lines}    return y\n{LOOK}"


@hostile
def deep_pattern(scale: int) -> str:
    times = 100_000 // scale
    return f"def work(x=0):\n    match x:\n        case {'[' * times}a{']' * times}:\n            pass\n{LOOK}"


@hostile
def deep_or_pattern(scale: int) -> str:
    return f"def work(x=0):\n    match x:\n        case {'1 | ' * (100_000 // scale)}2:\n            pass\n{LOOK}"


@hostile
def deep_annotation(scale: int) -> str:
    times = 100_000 // scale
    return f"def work(x: {'list[' * times}int{']' * times} = None):\n    x.append(1)\n{LOOK}"


@hostile
def deep_annotation_text(scale: int) -> str:
    times = 100_000 // scale
    return f"def work(x: '{'list[' * times}int{']' * times}' = None):\n    x.append(1)\n{LOOK}"


@hostile
def wide_annotation(scale: int) -> str:
    return f"class A: pass\ndef work(x: {'A | ' * (100_000 // scale)}None = None):\n    x.append(1)\n{LOOK}"


@hostile
def deep_target(scale: int) -> str:
    times = 100_000 // scale
    return f"def work(v=0):\n    {'(' * times}a,{'),' * times} = v\n    for {'[' * times}a{']' * times} in v: pass\n{LOOK}"


@hostile
def many_targets(scale: int) -> str:
    return f"def work():\n    {'a, ' * (1_000_000 // scale)} = b\n{LOOK}"


@hostile
def many_decorators(scale: int) -> str:
    lines = "@f\n" * (100_000 // scale)
    return f"def f(g):\n    return lambda *a: g(*a)\n{lines}def work():\n    pass\n{LOOK}"


@hostile
def many_parameters(scale: int) -> str:
    names = ", ".join(f"a{i}=1" for i in range(100_000 // scale))
    return f"def work({names}):\n    return a1\n{LOOK}"


@hostile
def many_arguments(scale: int) -> str:
    given = ", ".join(f"a{i}=1" for i in range(100_000 // scale))
    return f"def g(*a, **k):\n    for x in a: f(x)\ndef work():\n    g({'1, ' * (100_000 // scale)}{given})\n{LOOK}"


@hostile
def file_of_100_mb(scale: int) -> str:
    one = "def f{0}(n):\n    total = 0\n    for i in range(n):\n        total += i * {0}\n    return total\n\n\n"
    size = 100_000_000 // scale
    parts, have, i = [], 0, 0
    while have < size:
        parts.append(one.format(i))
        have += len(parts[-1])
        i += 1
    return "".join(parts) + "def work():\n    f1(10 ** 7)\n" + LOOK


@hostile
def comments_of_100_mb(scale: int) -> str:
    return "# gilcheck and threads, of which nothing is said here\n" * (2_000_000 // scale) + "def work():\n    pass\n" + LOOK


@hostile
def string_of_100_mb(scale: int) -> str:
    return "def work():\n    '''" + "threading and asyncio\n" * (5_000_000 // scale) + "'''\n" + LOOK


@hostile
def file_of_blank_lines(scale: int) -> str:
    return "\n" * (100_000_000 // scale) + "def work():\n    pass\n" + LOOK


@hostile
def line_of_50_mb_statements(scale: int) -> str:
    return "def work():\n    " + "x = f(1);" * (5_000_000 // scale) + "\n" + LOOK


@hostile
def line_of_50_mb_string(scale: int) -> str:
    return "def work():\n    x = '" + "y" * (50_000_000 // scale) + "'\n    " + "import time; time.sleep(1)\n" + LOOK


@hostile
def line_of_50_mb_with_finding(scale: int) -> str:
    return "import time\nasync def a(): x = '" + "y" * (50_000_000 // scale) + "'; time.sleep(1)\n"


@hostile
def line_of_50_mb_with_findings(scale: int) -> str:
    return "import time\nasync def a(): " + "time.sleep(1); " * (3_500_000 // scale) + "\n"


@hostile
def line_of_50_mb_name(scale: int) -> str:
    return "def work():\n    " + "y" * (50_000_000 // scale) + "()\n" + LOOK


@hostile
def line_of_50_mb_number(scale: int) -> str:
    return "def work():\n    for i in range(" + "9" * (50_000_000 // scale) + "): pass\n" + LOOK


def just_read(make: Callable[[int], "Files | str"], smaller: int) -> None:
    """Registers what is too large to be read once more, as large as it may be."""

    def make_smaller(scale: int) -> "Files | str":
        return make(smaller * scale)

    make_smaller.__name__ = f"just_read_{make.__name__}"
    hostile(make_smaller)


for large in (file_of_100_mb, comments_of_100_mb, string_of_100_mb, file_of_blank_lines):
    just_read(large, 12)
for large in (line_of_50_mb_statements, line_of_50_mb_string, line_of_50_mb_with_finding, line_of_50_mb_with_findings):
    just_read(large, 6)
for large in (line_of_50_mb_name, line_of_50_mb_number):
    just_read(large, 6)


@hostile
def comments_between_statements(scale: int) -> str:
    return "def work():\n    x = 1\n" + ("    # nothing\n" * 50 + "    x = 2\n") * (13_000 // scale) + LOOK


@hostile
def comments_of_every_depth(scale: int) -> str:
    return "def work():\n    x = 1\n" + "".join(f"{' ' * (i % 40)}#\n\n" for i in range(400_000 // scale)) + "    x = 2\n" + LOOK


@hostile
def comments_in_a_string(scale: int) -> str:
    return "def work():\n    x = '''\n" + "# no comment\n" * (700_000 // scale) + "'''\n" + LOOK


@hostile
def literal_of_a_million_numbers(scale: int) -> str:
    return "DATA = [" + ", ".join(map(str, range(1_000_000 // scale))) + "]\ndef work():\n    for x in DATA: x * x\n" + LOOK


@hostile
def literal_of_a_million_pairs(scale: int) -> str:
    pairs = ", ".join(f"'k{i}': {i}" for i in range(1_000_000 // scale))
    return "DATA = {" + pairs + "}\ndef work():\n    for x in DATA.items(): f(x)\n    DATA['k7'].x()\n" + LOOK


@hostile
def literal_of_a_million_calls(scale: int) -> str:
    calls = ", ".join("f(1)" for i in range(1_000_000 // scale))
    return "def f(x): return [x]\ndef work():\n    for x in [" + calls + "]: x()\n" + LOOK


@hostile
def literal_of_a_million_lambdas(scale: int) -> str:
    calls = ", ".join("lambda: 1" for i in range(1_000_000 // scale))
    return "ALL = [" + calls + "]\ndef work():\n    for x in ALL: x()\n" + LOOK


@hostile
def literal_of_a_million_rows(scale: int) -> str:
    rows = ",\n".join(f"    ('n{i}', {i}, [1, 2])" for i in range(1_000_000 // scale))
    return "ALL = (\n" + rows + ",\n)\ndef work():\n    for x, y, z in ALL: x.split()\n" + LOOK


for large in (literal_of_a_million_pairs, literal_of_a_million_lambdas, literal_of_a_million_rows):
    just_read(large, 4)


@hostile
def cycle_of_100_000_functions(scale: int) -> str:
    n = 100_000 // scale
    return "".join(f"def f{i}():\n    f{(i + 1) % n}()\n" for i in range(n)) + "def work():\n    f0()\n" + LOOK


@hostile
def cycle_of_100_000_coroutines(scale: int) -> str:
    n = 100_000 // scale
    return "".join(f"async def f{i}():\n    await f{(i + 1) % n}()\n" for i in range(n)) + "def work():\n    f0()\n" + LOOK


@hostile
def cycle_with_arguments(scale: int) -> str:
    n = 100_000 // scale
    lines = "".join(f"def f{i}(x, k):\n    return f{(i + 1) % n}((x, k), x) + f{(i * 7) % n}(k, x)\n" for i in range(n))
    return lines + "def work():\n    f0(1, 2)\n" + LOOK


@hostile
def cycle_of_workers(scale: int) -> str:
    n = 20_000 // scale
    lines = "".join(f"def f{i}():\n    threading.Thread(target=f{(i + 1) % n}).start()\n" for i in range(n))
    return "import threading\n" + lines + "def work():\n    f0()\n" + LOOK


@hostile
def chain_of_100_000_functions(scale: int) -> str:
    n = 100_000 // scale
    lines = "".join(f"def f{i}(x):\n    return f{i + 1}(x)\n" for i in range(n))
    return f"{lines}def f{n}(x):\n    return x\ndef work():\n    f0(1).y()\n{LOOK}"


@hostile
def chain_of_doubling_calls(scale: int) -> str:
    n = 10_000 // scale
    lines = "".join(f"def f{i}(x):\n    return f{i + 1}(x), f{i + 1}(x + 1)\n" for i in range(n))
    return f"{lines}def f{n}(x):\n    return x\ndef work():\n    f0(1)\n{LOOK}"


@hostile
def chain_of_names(scale: int) -> str:
    n = 100_000 // scale
    lines = "".join(f"f{i + 1} = f{i}\n" for i in range(n))
    return f"def f0():\n    pass\n{lines}def work():\n    f{n}()\n{LOOK}"


@hostile
def chain_of_sums(scale: int) -> str:
    n = 100_000 // scale
    lines = "".join(f"n{i + 1} = n{i} + n{i}\n" for i in range(n))
    return f"n0 = 1\n{lines}def work():\n    for i in range(n{n}): pass\n{LOOK}"


@hostile
def chain_of_products(scale: int) -> str:
    lines = "    n = n * n\n" * (10_000 // scale)
    return f"def work(n=10):\n{lines}    for i in range(n): pass\n{LOOK}"


@hostile
def chain_of_attributes(scale: int) -> str:
    n = 10_000 // scale
    lines = "".join(f"class C{i}:\n    def __init__(self):\n        self.x = C{i + 1}()\n" for i in range(n))
    return f"{lines}class C{n}: pass\ndef work():\n    C0().x.x.x.x()\n{LOOK}"


@hostile
def chain_of_bases(scale: int) -> str:
    n = 100_000 // scale
    lines = "".join(f"class C{i + 1}(C{i}): pass\n" for i in range(n))
    return f"class C0:\n    def run(self): pass\n{lines}def work():\n    C{n}().run()\n    C{n}().other()\n{LOOK}"


@hostile
def ring_of_bases(scale: int) -> str:
    n = 1_000 // scale
    return "".join(f"class C{i}(C{(i + 1) % n}): pass\n" for i in range(n)) + f"def work():\n    C0().run()\n{LOOK}"


@hostile
def diamond_of_1000(scale: int) -> str:
    n = 1_000 // scale
    lines = "".join(f"class C{i}(A):\n    def m{i}(self): self.m{(i + 1) % n}()\n" for i in range(n))
    bases = ", ".join(f"C{i}" for i in range(n))
    return f"class A:\n    def run(self): self.m0()\n{lines}class D({bases}): pass\ndef work():\n    D().run()\n    D().no()\n{LOOK}"


@hostile
def diamond_of_diamonds(scale: int) -> str:
    n = 300 // scale
    lines = "".join(f"class L{i}(A{i}): pass\nclass R{i}(A{i}): pass\nclass A{i + 1}(L{i}, R{i}): pass\n" for i in range(n))
    return f"class A0:\n    def run(self): pass\n{lines}def work():\n    A{n}().run()\n    A{n}().no()\n{LOOK}"


@hostile
def bases_by_all_before(scale: int) -> str:
    n = 500 // scale
    lines = "".join(f"class C{i}({', '.join(f'C{j}' for j in reversed(range(i)))}): pass\n" for i in range(1, n))
    return f"class C0: pass\n{lines}def work():\n    C{n - 1}().run()\n{LOOK}"


@hostile
def doubling_tuples(scale: int) -> str:
    return f"def work(x=1):\n{'    x = (x, x)' + chr(10) + '    x = [x, x, x]' + chr(10)}" + "    x = (x, x)\n" * (1_000 // scale) + LOOK


@hostile
def doubling_dictionaries(scale: int) -> str:
    return "def work(x=None):\n" + "    x = {'a': x, 'b': x, **x}\n" * (1_000 // scale) + "    x['a']['b']['a'].run()\n" + LOOK


@hostile
def doubling_lists(scale: int) -> str:
    return "def work(x=[1]):\n" + "    x = x + x\n    x += x\n" * (1_000 // scale) + "    for y in x: y\n" + LOOK


@hostile
def doubling_strings(scale: int) -> str:
    return "def work(x='aaaaaaaaaa'):\n" + "    x = x + x\n    x = f'{x}{x}'\n" * (1_000 // scale) + "    for y in x: y\n" + LOOK


@hostile
def doubling_lambdas(scale: int) -> str:
    return "def work(f=len):\n" + "    f = (lambda g: lambda x: g(g(x)))(f)\n" * (1_000 // scale) + "    f(1)\n" + LOOK


@hostile
def doubling_partials(scale: int) -> str:
    lines = "    f = partial(f, f, f)\n" * (1_000 // scale)
    return f"from functools import partial\ndef g(*a): a[0](*a)\ndef work(f=g):\n{lines}    f(1)\n{LOOK}"


@hostile
def doubling_objects(scale: int) -> str:
    lines = "    a = P(a, a)\n" * (1_000 // scale)
    return f"class P:\n    def __init__(self, l, r):\n        self.l = l; self.r = r\ndef work(a=1):\n{lines}    a.l.r.l.r.go()\n{LOOK}"


@hostile
def doubling_types(scale: int) -> str:
    n = 200 // scale
    lines = "".join(f"def f{i}(x):\n    if x: return [f{i + 1}(x)]\n    return (f{i + 1}(x), x)\n" for i in range(n))
    return f"{lines}def f{n}(x): return x\ndef work():\n    f0(1)\n{LOOK}"


@hostile
def doubling_branches(scale: int) -> str:
    n = 2_000 // scale
    classes = "".join(f"class C{i}:\n    def go(self): return C{(i * 7 + 1) % 50}()\n" for i in range(50))
    lines = "".join(f"    if a{i}: x = C{i % 50}()\n    else: x = x.go()\n" for i in range(n))
    return f"{classes}def work():\n    x = C0()\n{lines}    x.go().go().go()\n{LOOK}"


@hostile
def doubling_aliases(scale: int) -> str:
    n = 200 // scale
    lines = "".join(f"type T{i + 1} = dict[T{i}, T{i}]\nU{i + 1} = dict[U{i}, U{i}]\n" for i in range(n))
    return f"T0 = int\nU0 = int\n{lines}def work(x: T{n} = None, y: U{n} = None):\n    x.run(); y.items()\n{LOOK}"


@hostile
def towers_of_powers(scale: int) -> str:
    return (
        "def work():\n    for i in range(10 ** 10 ** 10 ** 10): pass\n    for i in range(1 << 10 ** 12): pass\n"
        "    for c in 'x' * 10 ** 15: c\n    for c in [0] * 10 ** 15 * 10 ** 15: c\n    x = 9 ** 9 ** 9 % 7\n"
        "    for i in range(int('9' * 10 ** 9)): pass\n    for i in range(-10 ** 400, 10 ** 400, 0): pass\n"
        "    for i in range(1e400): pass\n    for i in range(0, 5, 1e-320): pass\n" + LOOK
    )


@hostile
def recursion_of_every_kind(scale: int) -> str:
    return (
        "def ack(m, n):\n    if m == 0: return n + 1\n    if n == 0: return ack(m - 1, 1)\n    return ack(m - 1, ack(m, n - 1))\n"
        "def tak(x, y, z):\n    return tak(tak(x-1, y, z), tak(y-1, z, x), tak(z-1, x, y)) if y < x else z\n"
        "def y(f): return (lambda x: f(lambda v: x(x)(v)))(lambda x: f(lambda v: x(x)(v)))\n"
        "def omega(f=None): return (f or omega)(f or omega)\ndef grow(x): return grow([x, x])\n"
        "def more(f): return more(lambda: f() + f())\ndef args(*a): return args(*a, *a)\n"
        "def keys(**k): return keys(**k, **{'a': k})\ndef kids(t): return [kids(c) for c in t for d in t.x if kids(d)]\n"
        "def hanoi(n, a, b, c):\n    if n: hanoi(n-1, a, c, b); hanoi(n-1, c, b, a)\n"
        "class N:\n    def __getattr__(self, n): return N()\n    def __call__(self, *a): return self(*a, self)\n"
        "    @property\n    def p(self): return self.p.p\n    def __iter__(self): return self\n    def __next__(self): return self\n"
        "    def __enter__(self): return self\n    def __add__(self, o): return self + o\n    def __len__(self): return len(self)\n"
        "def work():\n    ack(4, 4); tak(30, 20, 10); y(y)(y); omega(); grow(1); more(len); args(1, 2); keys(b=1)\n"
        "    kids([[[]]]); hanoi(64, 1, 2, 3); n = N(); n.a.b.c(); n(n); n.p; len(n); n + n\n    for i in n:\n        for j in i: pass\n"
        "    while n: n = n.next(n)\n" + LOOK
    )


@hostile
def loops_of_loops(scale: int) -> str:
    n = 90
    lines = "".join(f"{' ' * (i + 1)}for i{i} in range(len(str(i{i - 1})) if {i} else 9):\n" for i in range(n))
    return f"def work():\n{lines}{' ' * (n + 1)}f()\n" + LOOK


@hostile
def comprehension_of_1000_clauses(scale: int) -> str:
    n = 1_000 // scale
    return "def work():\n    x = [1 " + " ".join(f"for i{i} in range(i{i - 1})" for i in range(n)) + "]\n" + LOOK


@hostile
def many_spawns(scale: int) -> str:
    n = 20_000 // scale
    lines = "".join(f"    threading.Thread(target=work, args=({i},)).start()\n" for i in range(n))
    return f"import threading\ndef work(n=1):\n    for i in range(n): n * n\ndef main():\n{lines}\n{LOOK}"


@hostile
def many_findings(scale: int) -> str:
    return "import time\n" + "".join(f"async def f{i}():\n    time.sleep({i})\n" for i in range(20_000 // scale))


@hostile
def many_callers(scale: int) -> str:
    n = 20_000 // scale
    return "import time\ndef helper(x):\n    time.sleep(x)\n" + "".join(f"async def f{i}():\n    helper({i})\n" for i in range(n))


@hostile
def many_methods(scale: int) -> str:
    n = 20_000 // scale
    lines = "".join(f"    def m{i}(self):\n        self.x{i} = self.m{i + 1}()\n" for i in range(n))
    return f"class A:\n{lines}def work():\n    A().m0()\n{LOOK}"


@hostile
def many_same_methods(scale: int) -> str:
    n = 5_000 // scale
    classes = "".join(f"class C{i}:\n    def run(self, other):\n        other.run(self)\n" for i in range(n))
    made = ", ".join(f"C{i}()" for i in range(n))
    return f"{classes}ALL = [{made}]\ndef work(x=None):\n    for it in ALL: it.run(it)\n    x.run(x)\n{LOOK}"


@hostile
def many_globals(scale: int) -> str:
    n = 50_000 // scale
    lines = "".join(f"    global g{i}\n    g{i} = g{(i + 1) % n}\n" for i in range(n))
    return f"def work():\n{lines}    g0.run()\n{LOOK}"


@hostile
def many_rebindings(scale: int) -> str:
    n = 50_000 // scale
    return "x = None\n" + "".join(f"def f{i}(): pass\nx = f{i}\n" for i in range(n)) + f"def work():\n    x()\n{LOOK}"


@hostile
def many_redefinitions(scale: int) -> str:
    n = 50_000 // scale
    return "".join("def f(): f()\n" for i in range(n)) + f"def work():\n    f()\n{LOOK}"


@hostile
def many_suppressions(scale: int) -> str:
    n = 100_000 // scale
    return "".join(f"x = 1  # gilcheck: ignore[GIL302] {i}\n" for i in range(n)) + "".join("# gilcheck: ignore\n" for _ in range(n))


@hostile
def suppression_of_10_mb(scale: int) -> str:
    n = 500_000 // scale
    return f"x = 1  # gilcheck: ignore[{'GIL302, x, ' * n}]\ny = 1  # noqa: {'GIL101 ' * n}\n"


@hostile
def many_fallbacks(scale: int) -> str:
    clause = "    try:\n        save(path)\n    except OSError:\n        time.sleep(1)\n"
    one = f"async def work{{}}():\n{clause * 1000}"
    return "import time\n" + "".join(one.replace("{}", str(i)) for i in range(100 // scale)) + LOOK


@hostile
def many_imports(scale: int) -> str:
    n = 100_000 // scale
    return "".join(f"import m{i}\nfrom n{i} import a{i} as b{i}\n" for i in range(n)) + f"def work():\n    b1()\n{LOOK}"


@hostile
def import_of_100_000_dots(scale: int) -> str:
    n = 100_000 // scale
    return f"from {'.' * n} import a\nfrom {'.' * n}b import *\nimport {'a.' * n}b\nfrom {'a.' * n}b import c\ndef work():\n    c(); a()\n{LOOK}"


@hostile
def stars_in_a_ring(scale: int) -> Files:
    n = max(2_000 // scale, 2)
    files: Files = {f"m{i}.py": f"from m{(i + 1) % n} import *\ndef own{i}(): other{i}()\n" for i in range(n)}
    files["main.py"] = f"from m0 import *\ndef work():\n    own{n - 1}(); missing(); also_missing()\n{LOOK}{FOUND}"
    return files


@hostile
def stars_of_everything(scale: int) -> Files:
    n = max(200 // scale, 2)
    lines = "".join(f"from m{i} import *\n" for i in range(n))
    files: Files = {f"m{i}.py": f"{lines}def own{i}(): missing()\n" for i in range(n)}
    files["main.py"] = f"{lines}def work():\n    own{n - 1}(); missing(); also_missing()\n{LOOK}{FOUND}"
    return files


@hostile
def chain_of_imports(scale: int) -> Files:
    n = max(5_000 // scale, 2)
    files: Files = {f"m{i}.py": f"from m{i + 1} import f\n" for i in range(n)}
    files[f"m{n}.py"] = "def f(): pass\n"
    files["main.py"] = f"from m0 import f\ndef work():\n    f()\n{LOOK}{FOUND}"
    return files


@hostile
def chain_of_calls_over_files(scale: int) -> Files:
    n = max(3_000 // scale, 2)
    files: Files = {f"m{i}.py": f"import m{(i + 1) % n}\ndef f(x): return m{(i + 1) % n}.f([x])\n" for i in range(n)}
    files["main.py"] = f"import m0\ndef work():\n    m0.f(1)\n{LOOK}{FOUND}"
    return files


@hostile
def chain_of_bases_over_files(scale: int) -> Files:
    n = max(3_000 // scale, 2)
    files: Files = {f"m{i}.py": f"from m{(i + 1) % n} import C as B\nclass C(B):\n    def m{i}(self): self.go()\n" for i in range(n)}
    files["main.py"] = f"from m0 import C\ndef work():\n    C().m7()\n{LOOK}{FOUND}"
    return files


@hostile
def deep_packages(scale: int) -> Files:
    n = max(1_000 // scale, 2)
    files: Files = {"/".join(["p"] * i) + "/__init__.py": "from .p import *\nfrom ... import *\n" for i in range(1, n)}
    files["main.py"] = f"import {'.'.join(['p'] * (n - 1))} as q\ndef work():\n    q.f()\n{LOOK}{FOUND}"
    return files


@hostile
def many_files(scale: int) -> Files:
    n = max(30_000 // scale, 2)
    return {
        f"p{i // 1000}/m{i}.py": f"import time, p{(i * 7 % n) // 1000}.m{i * 7 % n} as other\n"
        f"def f(x):\n    return other.f(x)\nasync def nap():\n    f(1)\n    time.sleep(1)\n"
        for i in range(n)
    }


@hostile
def notebook_of_50_mb(scale: int) -> Files:
    cell = '{"cell_type": "code", "source": ["import time\\n", "async def f():\\n", "    time.sleep(1)"]}'
    return {"n.ipynb": '{"cells": [' + ",".join([cell] * (50_000 // scale)) + '], "metadata": {}}', "f.py": FOUND}


@hostile
def deep_notebook(scale: int) -> Files:
    n = 100_000 // scale
    return {"n.ipynb": '{"cells": ' + "[" * n + "]" * n + "}", "f.py": FOUND}


@hostile
def odd_characters(scale: int) -> str:
    odd = "\u202e\u2028\x0c\x1a\x7f\ufeff\u0301é𝄞\r\x0b\x85"
    return "".join(f"def f{i}():{c}  pass{c}\nx{c} = {c}'{c}'\n" for i, c in enumerate(odd)) * 50 + f"def work():\n    f1()\n{LOOK}"


@hostile
def arbitrary_bytes(scale: int) -> Files:
    import random

    some = random.Random(1)
    words = ["def ", "async ", "(", ")", ":", "\n", "    ", "await ", "'", '"""', "x", "=", "import ", "\\", "#", "lambda ", "\t", "["]
    files: Files = {f"b{i}.py": bytes(some.randrange(1, 256) for _ in range(2000)) for i in range(20)}
    for i in range(20):
        files[f"w{i}.py"] = "".join(some.choices(words, k=50_000 // scale))
    files["f.py"] = FOUND
    return files

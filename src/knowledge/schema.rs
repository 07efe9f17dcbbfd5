//! What one knowledge file says, as plain data: the schema of the cited TOML.
//!
//! A file describes one library. It is read by [`super`], written by hand, and
//! held to order and citations by the knowledge test.
//!
//! ```toml
//! library = "requests"                     # the name that a message shows
//!
//! [aliases]                                # other dotted names of the same object
//! "requests.api.get" = "requests.get"
//! "requests.sessions.Session" = "requests.Session"
//!
//! [types."requests.Session"]               # what is known of an instance
//! bases = []                               # qualified names, nearest first
//! attributes = { headers = "dict[str, str]" }
//!
//! [[call]]
//! names = ["requests.get", "requests.Session.get"]
//! source = "urllib3 blocks on the socket; flake8-async ASYNC210"
//! clock = "wait"
//! wait = "network"
//! seconds = 0.2
//! returns = "requests.Response"
//! ```

use serde::Deserialize;
use std::collections::BTreeMap;

/// One knowledge file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The library's name as users know it.
    pub library: String,
    /// Other dotted names under which a canonical name can be reached: `alias = canonical`.
    /// A key ending in `.*` maps a whole name space (`"os.path.*" = "posixpath.*"`).
    #[serde(default)]
    pub aliases: BTreeMap<String, String>,
    /// Classes, by qualified name.
    #[serde(default)]
    pub types: BTreeMap<String, Type>,
    /// Callables: functions, methods and constructors.
    #[serde(default)]
    pub call: Vec<Call>,
}

/// What is known of the instances of a library class.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Type {
    /// Base classes by qualified name, nearest first; their methods and attributes are inherited.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Attribute name to type expression (see [`Call::returns`] for the grammar). Properties too.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Presumed lengths of attributes that are texts, bytes or collections (`text` of a response).
    #[serde(default)]
    pub lengths: BTreeMap<String, f64>,
    /// Attributes that give the height and the width of something with as many parts as the instance is long, and
    /// those that give both as a tuple.
    #[serde(default)]
    pub sides: Vec<String>,
    /// Type expression of what iteration yields.
    pub item: Option<String>,
    /// Type expression of what `x[key]` gives (default: `item`).
    pub subscript: Option<String>,
    /// Type expression of what `with x as y` binds (default: `x` itself).
    pub enter: Option<String>,
    /// Presumed number of elements of an instance whose size nothing tells.
    pub prior: Option<f64>,
    /// For pools, executors and thread or process classes: what runs the work.
    pub vehicle: Option<Vehicle>,
    /// For pools: the argument of the constructor that limits the workers, as a selector.
    pub workers: Option<String>,
    /// Selectors of the constructor's arguments that an instance remembers, for conditions on `self.NAME`.
    #[serde(default)]
    pub remembers: Vec<String>,
    /// As a key, an instance stands for an instance of the class that this argument of its constructor names.
    pub key_of: Option<String>,
    /// Packages whose importers share one instance: what one stores in it under a name, the others find there.
    #[serde(default)]
    pub shared: Vec<String>,
    /// What parameters go by this name without an annotation, where the module of this class is imported, are an
    /// instance: frameworks pass it to all that they call.
    pub parameter: Option<String>,
    /// What `put` puts into an instance, `get` gives: queues.
    #[serde(default)]
    pub carries: bool,
    /// For classes like `threading.Thread`: the method that a subclass overrides to be the target.
    pub run: Option<String>,
    /// For classes like `threading.Thread`: the method that starts the worker.
    pub start: Option<String>,
    /// The methods of subclasses that an event loop calls itself.
    #[serde(default)]
    pub on_loop: Vec<String>,
    /// True where awaiting, `async with` or `async for` is how an instance is used, so that its
    /// unlisted methods are not taken for blocking ones.
    #[serde(default)]
    pub asynchronous: bool,
    /// Where the entry's facts come from.
    pub source: Option<String>,
}

/// What runs the work that is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vehicle {
    /// An operating-system thread of this process.
    Thread,
    /// Another process.
    Process,
    /// The event loop of this thread.
    EventLoop,
    /// A sub-interpreter with a lock of its own (PEP 734).
    Interpreter,
    /// A cooperative green thread (gevent, eventlet).
    Green,
}

/// Where a call's time goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Python bytecode, or C code that lets other threads in every few milliseconds.
    Bytecode,
    /// One C call that holds the GIL throughout.
    Atomic,
    /// CPU time with the GIL released.
    Native,
    /// Waiting: the thread sleeps in the kernel.
    Wait,
    /// Nothing worth counting at any size.
    None,
}

/// What a waiting call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitKind {
    /// A peer on a network.
    Network,
    /// A database, local or remote.
    Database,
    /// The local file system.
    File,
    /// A child process.
    Child,
    /// The clock.
    Sleep,
    /// A lock, an event, another thread or process, a future.
    Lock,
    /// A queue between threads or processes.
    Queue,
    /// A person at a terminal.
    Terminal,
    /// A device: serial line, sound, camera, GPIO.
    Device,
}

/// A split of a call's time over clocks; the shares add up to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Split {
    /// Share on [`Clock::Bytecode`].
    pub bytecode: f64,
    /// Share on [`Clock::Atomic`].
    pub atomic: f64,
    /// Share on [`Clock::Native`].
    pub native: f64,
    /// Share on [`Clock::Wait`].
    pub wait: f64,
}

/// One group of callables with the same costs.
///
/// Several groups may name the same callable with different `when`; the first that
/// holds is taken, and a group without `when` always holds, so it comes last.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Qualified names: `package.module.function`, `package.Class.method`, or
    /// `package.Class` for the constructor. `builtins.` for built-ins. `package.sub.*` covers every
    /// name below it that nothing else names.
    pub names: Vec<String>,
    /// Where the fact comes from: C source and macro, documentation, a measurement. Never empty.
    pub source: String,
    /// Where the time goes, if all of it goes to one clock. Exactly one of `clock` and `split`.
    pub clock: Option<Clock>,
    /// Where the time goes, if several clocks share it.
    pub split: Option<Split>,
    /// What a wait waits for; required when `clock = "wait"` or `split.wait > 0`.
    pub wait: Option<WaitKind>,
    /// Seconds of one call, whatever its size (default 0). Typical, not best case.
    #[serde(default)]
    pub seconds: f64,
    /// Seconds per unit of size, on top of `seconds`.
    pub per: Option<f64>,
    /// What the units are counted on; required with `per`. A measure of a selector:
    /// `len(0:data)` the length of positional argument 0, also known as keyword `data`;
    /// `rows(0)` the rows of a table, of a dict those of a column; `deep(0)` the number of leaves in nested containers; `value(3:iterations)` the number
    /// itself; `len(self)` the receiver's length (bytes, elements, rows, pixels); `turns(...)` how many turns the loops
    /// of a template take that go through all lists among all arguments (`...`), rows by rows. Terms and numbers
    /// may be multiplied: `len(self) * 0.16`, `len(0) * len(1)`.
    pub size: Option<String>,
    /// Presumed number of units when the size is not known (default 1000).
    pub prior: Option<f64>,
    /// How many units are usual at most, where the size is not known exactly: templates and settings have some
    /// kilobytes, whatever may be presumed of the file that they come from.
    pub usual: Option<f64>,
    /// How many units there are at least, where the size is not known: who takes the trouble has as many (default: a
    /// hundredth of `prior`).
    pub least: Option<f64>,
    /// Exponent of the size (default 1.0): 1.5 for a matrix product by elements, 1.08 for a sort.
    pub power: Option<f64>,
    /// Below this many units the call is short and `below_clock` says where its time goes
    /// (hashlib keeps the GIL below 2,048 bytes).
    pub below: Option<f64>,
    /// See `below` (default: the main clock).
    pub below_clock: Option<Clock>,
    /// The time is not spent in the call but when the result is consumed (`map`, a cursor, `glob`).
    #[serde(default)]
    pub lazy: bool,
    /// The call returns an awaitable, does not block, and lets the event loop run when awaited.
    #[serde(default)]
    pub suspends: bool,
    /// It runs, until the program or a window ends, what others registered with it: handlers of requests, slots, jobs. What
    /// these take is not known.
    #[serde(default)]
    pub serves: bool,
    /// What the call returns, as a type expression:
    /// `str`, `bytes`, `int`, `float`, `bool`, `None`, `list[T]`, `tuple[A, B]`, `set[T]`,
    /// `dict[K, V]`, `iterator[T]`, `awaitable[T]`, `callable`, `A | B`, a qualified class name, or
    /// `self` (the receiver), `arg(0)` (that argument), `element(0)` (an element of it),
    /// `result(0)` (what calling that argument returns), `decorator` (a decorator that returns the
    /// function unchanged), `future[T]`. A constructor's default is an instance of its class.
    /// `'text'` is that very string. `T & word`: a T that is known to be so, for conditions on `self.word` (`element(0) & done`).
    pub returns: Option<String>,
    /// How long the result is: a number, or a measure like `size`.
    pub length: Option<Length>,
    /// A callable argument that the call runs itself, in the same thread, before it returns
    /// (or, where `lazy`, when the result is consumed).
    pub calls: Option<Callback>,
    /// Methods of the receiver that the call runs in place, where a class of the project has them.
    pub overrides: Option<Overrides>,
    /// A callable argument that the call hands to a vehicle.
    pub spawn: Option<Spawn>,
    /// Which file it opens or reads, by path or as a `Path`: `0:file`, `self`. What the program wrote there before gives its size.
    pub opens: Option<String>,
    /// What it writes into a file.
    pub writes: Option<Writes>,
    /// Conditions on arguments: selector to requirement; all must hold. Requirements: `given`,
    /// `absent`, `true`, `false`, `none`, `not none`, `positive`, `zero`, or `=TEXT` for equality
    /// with a string literal or `=4` with a number, `ends .jpg|.jpeg` for a string with one of these endings (in lower
    /// case), `first localhost|::1` for a tuple that begins with one of these texts, `has NAME` for a library's constant, alone or among or-ed flags,
    /// `is CLASS` for a class that is this one or derives from it, or an instance of one, `own` for a class of the
    /// project or an instance of one. An argument whose value is unknown meets only `given`. The selector `self.NAME` asks what the receiver is known for: an argument that it
    /// `remembers`, what a call `sets`, what an answer told.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// What the receiver (where there is none, the first argument) is known for after the call: `{ nonblocking = true }`.
    #[serde(default)]
    pub sets: BTreeMap<String, bool>,
    /// What a true answer tells of the receiver, where the code asks: `if future.done():`.
    #[serde(default)]
    pub if_true: BTreeMap<String, bool>,
    /// What a false answer tells of the receiver: `while not queue.empty():`.
    #[serde(default)]
    pub if_false: BTreeMap<String, bool>,
    /// Names behaviour that the cost model implements (`range`, `partial`, `contextmanager`,
    /// `gather`, `jit` …); see `estimate::intrinsics`.
    pub intrinsic: Option<String>,
    /// What was measured, where the probe did: `hold 0.98, 33 ms for 20,000 ints, CPython 3.11.7`.
    pub measured: Option<String>,
    /// A word for users: when it does not block, what to take instead on an event loop.
    pub note: Option<String>,
    /// The asynchronous counterpart, by qualified name (`asyncio.sleep`), for messages and fixes.
    pub instead: Option<String>,
}

/// What a call writes into a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writes {
    /// The file: a path, an open file, or what writes to one.
    pub to: String,
    /// How many lines, as a measure (default: as many as so many bytes have).
    pub lines: Option<String>,
    /// How many bytes, as a measure (default: as many as so many lines have).
    pub bytes: Option<String>,
    /// A text that is written as it is, or an object that is written as JSON.
    pub object: Option<String>,
}

/// A result's length.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Length {
    /// So many units.
    Units(f64),
    /// A measure of an argument, like [`Call::size`].
    Measure(String),
}

/// Methods that subclasses give a library's class, for it to call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    /// By name (`handle_data`; `visit_*` for all that begin so), the types of what they are called with.
    pub methods: BTreeMap<String, Vec<String>>,
    /// Each runs once for so many units of the call's size.
    pub every: f64,
}

/// A callable argument that is run in place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// Selector of the callable: `0:func`, `key`.
    pub target: String,
    /// How often it runs: absent for once, otherwise a measure like [`Call::size`].
    pub times: Option<String>,
    /// What it is called with: `none` (default), `element(0)` an element of that argument,
    /// `rest` the following arguments, `row` something of unknown type.
    pub with: Option<String>,
    /// What it waits for is awaited on its behalf, so that it does not block: SQLAlchemy's `run_sync`.
    pub awaits: Option<WaitKind>,
}

/// A callable argument that is handed to a vehicle.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spawn {
    /// The vehicle; absent where the receiver's type, or `executor`, decides.
    pub vehicle: Option<Vehicle>,
    /// Selector of the callable.
    pub target: String,
    /// How the target gets its arguments.
    #[serde(default)]
    pub arguments: Arguments,
    /// With `arguments = "tuple"`: selector of the tuple (`3:args`); with `each` and `star`: selector of
    /// the (first) iterable.
    pub from: Option<String>,
    /// Selector of the keyword arguments' dict (`kwargs`).
    pub keywords: Option<String>,
    /// Selector of an executor argument that decides the vehicle (`run_in_executor(pool, f)`);
    /// `None` there means the loop's default thread pool.
    pub executor: Option<String>,
    /// True where one piece of work is moved off an event loop and awaited (`asyncio.to_thread`).
    #[serde(default)]
    pub offload: bool,
    /// True where nothing runs until the object's `start` method is called.
    #[serde(default)]
    pub deferred: bool,
    /// Selector of an argument that limits the workers (`max_workers`).
    pub workers: Option<String>,
}

/// How a target gets its arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arguments {
    /// `submit(f, a, b, k=c)`: the arguments behind the target.
    #[default]
    Rest,
    /// `Thread(target=f, args=(a, b))`: a tuple.
    Tuple,
    /// `map(f, xs, ys)`: called once for each element.
    Each,
    /// `starmap(f, pairs)`: called once for each element, unpacked.
    Star,
    /// `task.add_done_callback(f)`: what the method belongs to.
    Receiver,
    /// Called with nothing.
    None,
}

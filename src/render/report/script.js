"use strict";
// Draws the page from the data beside it. All text goes in as text, never as HTML.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const CLOCKS = ["bytecode", "atomic", "native", "wait", "unknown"];

function element(tag, properties = {}, ...children) {
  const it = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") it.className = value;
    else if (name in it) it[name] = value;
    else it.setAttribute(name, value);
  }
  it.append(...children.filter((child) => child !== null && child !== undefined));
  return it;
}

function drawn(tag, attributes, ...children) {
  const it = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) it.setAttribute(name, value);
  it.append(...children);
  return it;
}

function time(seconds) {
  if (seconds >= 1e11) return "endless";
  if (seconds >= 120) return `${Math.round(seconds / 60).toLocaleString("en")} min`;
  if (seconds >= 1) return `${seconds.toPrecision(2) * 1} s`;
  if (seconds >= 1e-3) return `${(seconds * 1e3).toPrecision(2) * 1} ms`;
  return "less than 1 ms";
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

function overview() {
  byId("about").textContent =
    `${plural(data.files, "file")}, judged for Python ${data.target} by gilcheck ${data.version}. Times are estimates.`;
  const bad = data.findings.filter((it) => it.severity === "error").length;
  const tile = (number, words) => element("div", {}, element("b", {}, String(number)), words);
  byId("tiles").append(
    tile(data.findings.length, "findings"),
    tile(bad, "of them errors"),
    tile(data.sites.length, "hand-overs"),
    tile(data.sites.filter((it) => !it.known).length, "with a target that could not be resolved"),
    tile(data.freeThreaded.gone.length, "findings gone without the GIL"),
  );
  matrix();
}

// Which vehicle fits which load.
const FIT = {
  thread: { cpu: "bad", native: "good", io: "good" },
  process: { cpu: "good", io: "bad" },
  "event-loop": { cpu: "bad", native: "bad" },
  interpreter: { cpu: "good" },
};

function matrix() {
  const loads = ["cpu", "native", "io", "mixed", "unknown"];
  const vehicles = [...new Set(["thread", "process", "event-loop", ...data.sites.map((it) => it.vehicle)])];
  const head = element("tr", {}, element("th", { scope: "col" }, "runs on"), ...loads.map((load) => element("th", { scope: "col" }, load)));
  const rows = vehicles.map((vehicle) => {
    const cells = loads.map((load) => {
      const count = data.sites.filter((it) => it.vehicle === vehicle && it.workload === load).length;
      const cell = element("td", { class: (count && FIT[vehicle]?.[load]) || "" });
      if (count) {
        const choose = element("button", { type: "button" }, String(count));
        choose.setAttribute("aria-label", `${plural(count, "hand-over")} of ${load} work to ${vehicle}`);
        choose.addEventListener("click", () => {
          filter.vehicle = vehicle;
          filter.load = load;
          list();
          byId("sites").scrollIntoView();
        });
        cell.append(choose);
      } else cell.append("·");
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, vehicle), ...cells);
  });
  byId("matrix").append(element("thead", {}, head), element("tbody", {}, ...rows));
}

const where = (at) => element("span", { class: "path" }, `${at.path}:${at.place}`);

function finding(it) {
  const chain = it.evidence.map((link) =>
    element("li", {}, where(link.at), ` ${link.what}`, element("pre", {}, link.at.line),
      link.knowledge ? element("div", { class: "soft" }, link.knowledge) : null));
  const body = element("div", {},
    element("pre", {}, it.at.line),
    it.note ? element("p", {}, it.note) : null,
    element("p", {}, element("b", {}, "What to do: "), it.help),
    chain.length ? element("p", {}, "It rests on:") : null,
    chain.length ? element("ol", {}, ...chain) : null,
    element("p", { class: "soft" }, `Confidence ${it.confidence}. `, element("a", { href: it.url, rel: "noreferrer" }, `About ${it.name}`)));
  const head = element("summary", {}, element("span", { class: "tag" }, it.code), element("span", { class: "tag" }, it.severity), it.message, " ", where(it.at));
  return element("details", {}, head, body);
}

function findings() {
  const list = byId("finding-list");
  if (!data.findings.length) list.append(element("p", {}, "Nothing was found."));
  list.append(...data.findings.map(finding));
}

const filter = { vehicle: null, load: null, words: "" };

function list() {
  const wanted = data.sites.filter((it) =>
    (!filter.vehicle || it.vehicle === filter.vehicle) &&
    (!filter.load || it.workload === filter.load) &&
    `${it.at.path} ${it.scope} ${it.target} ${it.construct}`.toLowerCase().includes(filter.words));
  byId("shown").textContent = `${wanted.length} of ${data.sites.length} shown`;
  byId("site-list").replaceChildren(...wanted.map(site));
}

function site(it) {
  const total = CLOCKS.reduce((sum, clock) => sum + it.cost[clock], 0);
  const bar = element("div", { class: "bar", role: "img" });
  bar.setAttribute("aria-label", CLOCKS.filter((clock) => it.cost[clock] > 0).map((clock) => `${clock} ${time(it.cost[clock])}`).join(", ") || "no cost known");
  for (const clock of CLOCKS) {
    if (it.cost[clock] > 0) bar.append(element("i", { class: clock, style: `flex:${it.cost[clock] / total}`, title: `${clock}: ${time(it.cost[clock])}` }));
  }
  const head = element("summary", {},
    element("span", { class: "tag" }, it.vehicle), element("span", { class: "tag" }, it.known ? it.workload : "not resolved"),
    element("code", {}, it.target || "?"), ` by ${it.construct}, ${it.endless ? "never ends" : `${time(total)} a task`} `, where(it.at), bar);
  const body = element("div", {});
  const details = element("details", {}, head, body);
  details.addEventListener("toggle", () => {
    if (!details.open || body.childNodes.length) return;
    const facts = [`in ${it.scope}`, `tasks: ${it.tasks}`, it.many ? "several workers" : null, ...it.intents.map((intent) => `meant as: ${intent}`)];
    body.append(element("pre", {}, it.at.line), element("p", { class: "soft" }, facts.filter(Boolean).join("; ")));
    if (it.calls.length) body.append(picture(it));
    else body.append(element("p", {}, it.known ? "It calls nothing that takes time." : "What it runs could not be resolved, so nothing is said of it."));
  });
  return details;
}

// The calls below a target, from left to right. A box with a sign opens and closes what is below it.
function picture(it) {
  const root = { what: it.target || "?", at: it.at, seconds: it.calls.reduce((sum, call) => sum + call.seconds, 0), clock: null, calls: it.calls };
  // The hand-over itself is the first call; once is enough.
  const [first] = it.calls;
  if (it.calls.length === 1 && !first.clock && first.at.path === it.at.path && first.at.place === it.at.place) root.calls = first.calls;
  const closed = new Set();
  const frame = element("div", { class: "picture" });
  const draw = (focused) => {
    const boxes = [];
    let row = 0;
    const put = (call, depth, parent) => {
      const box = { call, depth, row, parent };
      boxes.push(box);
      if (closed.has(call) || !call.calls.length) row += 1;
      else call.calls.forEach((child) => put(child, depth + 1, box));
      return box;
    };
    put(root, 0, null);
    const [width, height, gap] = [250, 46, 40];
    const deepest = Math.max(...boxes.map((box) => box.depth));
    const x = (box) => 10 + box.depth * (width + gap);
    const y = (box) => 10 + box.row * (height + 12);
    const svg = drawn("svg", { width: 20 + (deepest + 1) * (width + gap), height: 20 + row * (height + 12), role: "group" });
    svg.setAttribute("aria-label", `Calls below ${root.what}`);
    for (const box of boxes) {
      if (!box.parent) continue;
      const [fromX, fromY, toX, toY] = [x(box.parent) + width, y(box.parent) + height / 2, x(box), y(box) + height / 2];
      svg.append(drawn("path", { d: `M${fromX} ${fromY}C${fromX + gap / 2} ${fromY} ${toX - gap / 2} ${toY} ${toX} ${toY}`,
        "stroke-width": Math.max(1, Math.min(8, (8 * box.call.seconds) / (root.seconds || 1))) }));
    }
    for (const box of boxes) {
      const { call } = box;
      const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
      const sign = call.calls.length ? (closed.has(call) ? "+ " : "− ") : "";
      const group = drawn("g", { transform: `translate(${x(box)} ${y(box)})` },
        drawn("rect", { width, height, rx: 6 }),
        drawn("rect", { width: 6, height, rx: 3, class: `clock ${call.clock || ""}`, visibility: call.clock ? "visible" : "hidden" }),
        drawn("text", { x: 14, y: 19 }, sign + cut(call.what, 31)),
        drawn("text", { x: 14, y: 36, class: "sub" }, cut(`${time(call.seconds)}  ${call.at.path.split("/").pop()}:${call.at.place}`, 36)),
        drawn("title", {}, [call.what, `${call.at.path}:${call.at.place}`, call.at.line, call.knowledge].filter(Boolean).join("\n")));
      if (call.calls.length) {
        group.setAttribute("role", "button");
        group.setAttribute("tabindex", "0");
        group.setAttribute("aria-expanded", String(!closed.has(call)));
        const turn = () => {
          if (!closed.delete(call)) closed.add(call);
          draw(call);
        };
        group.addEventListener("click", turn);
        group.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            turn();
          }
        });
      }
      box.group = group;
      svg.append(group);
    }
    frame.replaceChildren(svg);
    boxes.find((box) => box.call === focused)?.group.focus();
  };
  draw(null);
  return frame;
}

function freeThreaded() {
  const { target, gone, fresh } = data.freeThreaded;
  const place = byId("free-threaded-list");
  const part = (title, some) => some.length ? [element("h3", {}, title), ...some.map(finding)] : [];
  const threads = data.sites.filter((it) => it.vehicle === "thread" && it.workload === "cpu").length;
  place.append(element("p", {}, `On a free-threaded Python (${target}) threads run Python code side by side. ` +
    `${plural(threads, "hand-over")} of work that holds the GIL would run on all cores as it stands.`));
  place.append(...part("Findings that would be gone", gone), ...part("Findings that would come", fresh));
  if (!gone.length && !fresh.length) place.append(element("p", {}, "No finding would change."));
}

overview();
findings();
list();
freeThreaded();
byId("search").addEventListener("input", (event) => {
  filter.words = event.target.value.trim().toLowerCase();
  list();
});
byId("all").addEventListener("click", () => {
  Object.assign(filter, { vehicle: null, load: null, words: "" });
  byId("search").value = "";
  list();
});
byId("foot").textContent = "This page stands by itself: it loads nothing and sends nothing.";

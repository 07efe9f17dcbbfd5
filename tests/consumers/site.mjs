// Looks at the documentation in a browser: node site.mjs FOLDER_OF_NODE_MODULES CHROMIUM SITE SHOTS
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [modules, executablePath, site, shots] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, "x.js"))("playwright-core");
const pages = fs.readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".html") && !name.includes("404"));
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml" };
const server = http.createServer((request, response) => {
  const file = path.join(site, decodeURIComponent(new URL(request.url, "http://x").pathname));
  const found = file.startsWith(site) && fs.existsSync(file) && fs.statSync(file).isFile();
  response.writeHead(found ? 200 : 404, { "content-type": types[path.extname(file)] ?? "application/octet-stream" });
  response.end(found ? fs.readFileSync(file) : "");
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${server.address().port}/`;
const url = (name) => base + name.split(path.sep).map(encodeURIComponent).join("/");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const small = await browser.newPage({ viewport: { width: 360, height: 740 } });
  const troubles = [];
  small.on("console", (message) => message.type() === "error" && troubles.push(`${small.url()}: ${message.text()}`));
  small.on("pageerror", (error) => troubles.push(`${small.url()}: ${error}`));
  small.on("request", (request) => !request.url().startsWith(base) && !request.url().startsWith("data:") && troubles.push(`it loads ${request.url()}`));
  for (const page of pages) {
    await small.goto(url(page));
    const width = await small.evaluate(() => document.scrollingElement.scrollWidth);
    assert.ok(width <= 360, `${page}: ${width} pixels wide`);
    assert.ok((await small.title()).length > 0, page);
  }
  if (shots) {
    await small.goto(url("which.html"));
    await small.screenshot({ path: path.join(shots, "site-small.png") });
  }
  const wide = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await wide.goto(url("index.html"));
  await wide.locator(".md-search__input").click();
  await wide.keyboard.type("responsive");
  await wide.locator(".md-search-result__item a").first().waitFor({ timeout: 20000 });
  if (shots) await wide.screenshot({ path: path.join(shots, "site-search.png") });
  // Every link that leads to a file of the site leads to one that is there, with that anchor.
  const anchors = new Map();
  const links = [];
  for (const page of pages) {
    await wide.goto(url(page));
    anchors.set(url(page), new Set(await wide.evaluate(() => [...document.querySelectorAll("[id]")].map((it) => it.id))));
    for (const href of await wide.evaluate(() => [...document.querySelectorAll("a[href]")].map((it) => it.href))) links.push([page, href]);
  }
  let checked = 0;
  for (const [page, href] of links) {
    if (!href.startsWith(base)) continue;
    checked += 1;
    const [file, anchor] = href.split("#");
    const place = path.join(site, decodeURIComponent(file.slice(base.length)) || "index.html");
    assert.ok(fs.existsSync(place) && fs.statSync(place).isFile(), `${page} links to ${href}`);
    if (anchor && anchors.has(file)) assert.ok(anchors.get(file).has(decodeURIComponent(anchor)), `${page} links to ${href}`);
  }
  assert.ok(checked > 100, `${checked} links`);
  // The knowledge browser narrows down.
  await wide.goto(url("knowledge.html"));
  const box = wide.locator("#knowledge-browser");
  await box.locator("input").fill("time.sleep");
  const row = box.locator("tbody tr", { hasText: "pysleep" }).first();
  assert.match(await row.textContent(), /^time\.sleepio/);
  await box.locator("select").selectOption("cpu");
  assert.equal(await box.locator("tbody tr", { hasText: "pysleep" }).count(), 0);
  await box.locator("input").fill("no such name");
  assert.equal(await box.locator("[role=status]").textContent(), "0 names");
  if (shots) await wide.screenshot({ path: path.join(shots, "site-knowledge.png") });
  assert.deepEqual(troubles, []);
} finally {
  server.close();
  server.closeAllConnections();
  await browser.close();
}

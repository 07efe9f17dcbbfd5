// Looks at the HTML report in a browser: node report.mjs FOLDER_OF_NODE_MODULES CHROMIUM PAGE FINDINGS.json SHOTS
import fs from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, executablePath, page, findings, shots] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, "x.js"))("playwright-core");
const expected = JSON.parse(fs.readFileSync(findings, "utf8"));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const [name, viewport] of [["wide", { width: 1280, height: 900 }], ["small", { width: 360, height: 740 }]]) {
    const tab = await browser.newPage({ viewport });
    const troubles = [];
    const requests = [];
    tab.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
    tab.on("pageerror", (error) => troubles.push(String(error)));
    tab.on("request", (request) => requests.push(request.url()));
    await tab.goto(pathToFileURL(page).href);
    assert.equal(await tab.locator("#tiles b").first().textContent(), String(expected.length));
    assert.equal(await tab.locator("#finding-list > details").count(), expected.length);
    // A finding opens, and shows what it rests on.
    const finding = tab.locator("#finding-list > details").first();
    await finding.locator("summary").click();
    assert.match(await finding.textContent(), /What to do: /);
    assert.ok((await finding.textContent()).includes(expected[0].message));
    // A number of the table leads to these hand-overs only.
    const all = await tab.locator("#site-list > details").count();
    const choice = tab.locator("#matrix button").first();
    const count = Number(await choice.textContent());
    await choice.click();
    assert.equal(await tab.locator("#site-list > details").count(), count);
    assert.ok(count < all);
    await tab.locator("#all").click();
    await tab.locator("#search").fill("polling_station");
    // The picture opens, closes a call by mouse and opens it by key.
    const site = tab.locator("#site-list > details").first();
    await site.locator("summary").click();
    const boxes = site.locator("svg g");
    await boxes.first().waitFor();
    const open = await boxes.count();
    assert.ok(open > 1, "the picture has calls");
    await boxes.first().click();
    assert.equal(await boxes.count(), 1);
    assert.equal(await boxes.first().getAttribute("aria-expanded"), "false");
    await tab.keyboard.press("Enter");
    assert.equal(await boxes.count(), open);
    if (shots) await tab.screenshot({ path: path.join(shots, `report-${name}.png`), fullPage: true });
    await tab.locator("#all").click();
    assert.equal(await tab.locator("#site-list > details").count(), all);
    await tab.locator("#search").fill("no such thing");
    assert.equal(await tab.locator("#site-list > details").count(), 0);
    assert.match(await tab.locator("#free-threaded").textContent(), /Findings that would be gone/);
    const width = await tab.evaluate(() => document.scrollingElement.scrollWidth);
    assert.ok(width <= viewport.width, `${name}: ${width} pixels wide`);
    // Words that are too long are broken; code and pictures scroll.
    const clipped = await tab.evaluate(() => [...document.querySelectorAll("details[open] > div")]
      .filter((it) => it.scrollWidth > it.clientWidth + 1)
      .map((it) => it.textContent.slice(0, 80)));
    assert.deepEqual(clipped, [], `${name}: cut off`);
    assert.deepEqual(troubles, []);
    assert.deepEqual(requests, [pathToFileURL(page).href], "nothing is loaded");
    // Names that look like HTML are shown, not obeyed.
    assert.equal(await tab.evaluate(() => globalThis.pwned), undefined);
    await tab.close();
  }
} finally {
  await browser.close();
}

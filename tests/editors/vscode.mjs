// What a user of VS Code does, in a browser: open, look, hover, take the quick fix, save, restart the server.
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const { URL_OF_EDITOR, WORKSPACE, PICTURES, CHROMIUM, PROFILE } = process.env;
const began = Date.now();
const say = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${text}`);
const expect = (holds, text) => {
  if (!holds) {
    throw new Error(text);
  }
  say(text);
};

const context = await chromium.launchPersistentContext(PROFILE, {
  executablePath: CHROMIUM,
  headless: true,
  viewport: { width: 1400, height: 900 },
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
const page = context.pages()[0] ?? (await context.newPage());
const picture = (name) => page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
const problems = async () => (await page.locator(".markers-panel .monaco-list-row").allInnerTexts()).join("\n");
const until = async (text, done) => {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await done()) {
      say(text);
      return;
    }
    await page.waitForTimeout(200);
  }
  throw new Error(`not seen: ${text}; problems: ${await problems()}`);
};
const command = async (name) => {
  await page.keyboard.press("F1");
  await page.keyboard.type(name);
  await page.waitForTimeout(800);
  await page.keyboard.press("Enter");
};

try {
  await page.goto(`${URL_OF_EDITOR}/?folder=${WORKSPACE}`, { waitUntil: "domcontentloaded" });
  await page.getByRole("treeitem", { name: /demo\.py/ }).dblclick({ timeout: 90000 });
  await page.waitForSelector(".squiggly-warning", { timeout: 90000 });
  say("a squiggle");

  await page.keyboard.press("Control+Shift+M");
  await until("two problems", async () => {
    const text = await problems();
    return text.includes("threads do not speed up") && text.includes("time.sleep");
  });
  // The places that a finding rests on hang below it.
  expect((await problems()).includes("10,000,000 turns"), "the chain to the loop in the other file");
  await picture("problems");

  const squiggle = await page.locator(".squiggly-warning").first().boundingBox();
  const spot = [squiggle.x + squiggle.width / 2, squiggle.y + squiggle.height / 2 - 4];
  await page.mouse.move(spot[0] - 3, spot[1]);
  await page.mouse.move(...spot, { steps: 3 });
  await until("a hover with the finding and the workload", async () => {
    const text = (await page.locator(".monaco-hover-content").allInnerTexts()).join("\n");
    return text.includes("GIL101") && text.includes("handed to a thread");
  });
  await picture("hover");
  await page.keyboard.press("Escape");

  await page.mouse.click(...spot);
  await page.keyboard.press("Control+.");
  await page.waitForSelector(".action-widget .monaco-list-row", { timeout: 20000 });
  await page.waitForTimeout(500);
  await picture("quick-fix");
  await page.locator(".action-widget .monaco-list-row", { hasText: /Ignore GIL101/ }).first().click();
  await until("one problem left", async () => !(await problems()).includes("threads do not speed up"));
  await page.keyboard.press("Control+s");
  await until("the quick fix is on disk", async () =>
    fs.readFileSync(path.join(WORKSPACE, "demo.py"), "utf8").includes("# gilcheck: ignore[GIL101]"),
  );

  await command("gilcheck: Restart Server");
  await page.waitForTimeout(1500);
  await until("the problem is back after a restart", async () => (await problems()).includes("time.sleep"));
  await picture("restarted");

  await command("gilcheck: Show Debug Information");
  await until("debug information", async () =>
    (await page.locator(".view-lines").allInnerTexts()).join("\n").replaceAll("\u00a0", " ").includes("gilcheck 0."),
  );
} catch (error) {
  await picture("failed");
  console.error(String(error));
  process.exitCode = 1;
} finally {
  await context.close();
}

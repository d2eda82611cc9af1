// Opens an app's page in two tabs of Chromium, writes in one after the other, and prints as one JSON object what both showed
// and what their network did. Called by tests/e2e/test_browser.py: node two_tabs.mjs URL SCREENSHOT.png TEXT…
import { createRequire } from "node:module";

const { chromium } = createRequire(import.meta.url)("playwright-core"); // unlike import, require looks at NODE_PATH

// Root may not use Chromium's sandbox here, and without the last flags it calls its maker at each start.
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** A tab with cookies of its own: the affinity cookie would keep two tabs on one replica. */
async function openTab(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await context.newPage();
  const seen = { handshakes: [], foreign: [], complaints: [] };
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  network.on("Network.webSocketHandshakeResponseReceived", ({ response }) => seen.handshakes.push(response.status));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) seen.foreign.push(request.url());
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text());
  });
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  await page.goto(url);
  await page.getByText("WebSocket", { exact: true }).waitFor();
  return { page, seen };
}

const shown = ({ page }, id) => page.locator(`#${id}`).textContent();

async function write(from, to, text) {
  await from.page.getByLabel("Message", { exact: true }).fill(text);
  await from.page.getByRole("button", { name: "Send" }).click();
  for (const tab of [from, to]) await tab.page.getByText(text, { exact: true }).waitFor();
}

async function describe(tab) {
  const { page, seen } = tab;
  const messages = await page.getByRole("log").getByRole("listitem").evaluateAll((items) =>
    items.map((item) => ({ text: item.querySelector("p").textContent, origin: item.querySelector("small").textContent })));
  const latency = await page.locator("#latency").count() ? await shown(tab, "latency") : null; // not every page has one
  return { ...seen, messages, latency, state: await shown(tab, "state"), transport: await shown(tab, "transport"),
    replica: await shown(tab, "replica") };
}

const [url, screenshot, ...texts] = process.argv.slice(2);
const resolving = `--host-resolver-rules=MAP *.test ${process.env.TEST_NAMES_LEAD_TO}`; // see tests/support/names.py
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [...FLAGS, resolving] });
try {
  const tabs = [await openTab(browser, url), await openTab(browser, url)];
  while (await shown(tabs[0], "replica") === await shown(tabs[1], "replica")) {
    await tabs[1].page.context().close();
    tabs[1] = await openTab(browser, url);
  }
  for (const [number, text] of texts.entries()) await write(tabs[number % 2], tabs[1 - number % 2], text);
  await tabs[1].page.screenshot({ path: screenshot });
  await tabs[1].page.setViewportSize({ width: 360, height: 640 });
  const sideways = await tabs[1].page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  process.stdout.write(JSON.stringify({ tabs: [await describe(tabs[0]), await describe(tabs[1])], sideways }));
} finally {
  await browser.close();
}

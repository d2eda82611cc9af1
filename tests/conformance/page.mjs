// The demo page in tabs of Chromium, driven line by line: a command on standard input, a JSON object, is answered by one
// on standard output. Called by tests/conformance/test_page.py: node page.mjs URL.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const { chromium } = createRequire(import.meta.url)("playwright-core"); // unlike import, require looks at NODE_PATH

// Root may not use Chromium's sandbox here, and without the last flags it calls its maker at each start.
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const PHONE = { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const url = process.argv[2];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
const tabs = new Map();

const commands = {
  /** A tab with cookies of its own, on a phone. */
  async open({ tab, colorScheme }) {
    const context = await browser.newContext({ ...PHONE, colorScheme });
    const page = await context.newPage();
    const seen = { handshakes: [], asked: [], foreign: [], complaints: [] };
    const network = await context.newCDPSession(page);
    await network.send("Network.enable");
    network.on("Network.webSocketHandshakeResponseReceived", ({ response }) => seen.handshakes.push(response.status));
    page.on("request", (request) => {
      if (request.url().startsWith("data:")) return;
      const { origin, pathname } = new URL(request.url());
      seen.asked.push(pathname);
      if (origin !== new URL(url).origin) seen.foreign.push(request.url());
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text());
    });
    page.on("pageerror", (error) => seen.complaints.push(String(error)));
    tabs.set(tab, { page, seen });
    await page.goto(url);
  },

  async write({ tab, text }) {
    const { page } = tabs.get(tab);
    await page.getByLabel("Message", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Send" }).tap();
  },

  /** Until an element (state, transport, log …) contains a text. */
  async see({ tab, where, text }) {
    await tabs.get(tab).page.locator(`#${where}`).filter({ hasText: text }).waitFor({ timeout: 20_000 });
  },

  async screenshot({ tab, file }) {
    await tabs.get(tab).page.screenshot({ path: file });
  },

  async describe({ tab }) {
    const { page, seen } = tabs.get(tab);
    return { ...seen, ...await page.evaluate(() => {
      const shown = (id) => document.getElementById(id).textContent;
      const sizes = [...document.querySelectorAll("input, button")].map((target) => target.getBoundingClientRect().height);
      return {
        messages: [...document.querySelectorAll("[role=log] > li")].map((item) => ({
          text: item.querySelector("p").textContent, origin: item.querySelector("small").textContent })),
        state: shown("state"), transport: shown("transport"), replica: shown("replica"), latency: shown("latency"),
        notice: shown("notice"), ground: getComputedStyle(document.body).backgroundColor,
        isSideways: document.documentElement.scrollWidth > innerWidth, isBelow: document.documentElement.scrollHeight > innerHeight,
        smallestTarget: Math.min(...sizes),
      };
    }) };
  },
};

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: name, ...options } = JSON.parse(line);
    const answer = await commands[name](options).catch((error) => ({ failed: String(error) }));
    process.stdout.write(JSON.stringify(answer ?? {}) + "\n");
  }
} finally {
  await browser.close();
}

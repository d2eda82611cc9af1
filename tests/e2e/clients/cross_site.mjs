// Opens a page of one site in Chromium that talks to an app on another by long polling, with cookies and a header of its own,
// and prints as one JSON object what came of it. Called by tests/e2e/test_cross_site.py:
//   node cross_site.mjs PAGE_ORIGIN APP_URL ROUNDS
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(import.meta.url); // unlike import, it looks at NODE_PATH
const { chromium } = require("playwright-core");

// The last flag: to a browser, a cluster on this machine is a local network that a page on the internet may not use unasked.
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-features=LocalNetworkAccessChecks"];

/** In the page. Each round polls and posts, which reach any replica unless the ingress gets its cookie. */
async function talk({ url, rounds }) {
  const socket = io(url, { transports: ["polling"], withCredentials: true, reconnection: false,
    extraHeaders: { authorization: "Bearer abc" } });
  const outcome = { acknowledged: 0, errors: [] };
  socket.on("connect_error", (error) => outcome.errors.push(`${error.message}: ${error.description ?? ""}`));
  socket.on("disconnect", (reason) => outcome.errors.push(reason));
  await new Promise((resolve) => ["connect", "connect_error"].forEach((event) => socket.on(event, resolve)));
  for (let round = 0; round < rounds && socket.connected; round += 1) {
    try {
      if (await socket.timeout(5000).emitWithAck("ask", round) === round) outcome.acknowledged += 1;
    } catch (error) {
      outcome.errors.push(String(error));
    }
  }
  socket.removeAllListeners();
  socket.disconnect();
  return outcome;
}

const [origin, url, rounds] = process.argv.slice(2);
const resolving = `--host-resolver-rules=MAP *.test ${process.env.TEST_NAMES_LEAD_TO}`; // see tests/support/names.py
// Other contexts are incognito, where Chromium keeps no cookies of other sites at all; Debian's does so nowhere unless told.
const profile = mkdtempSync(join(tmpdir(), "cross-site-"));
mkdirSync(join(profile, "Default"));
writeFileSync(join(profile, "Default", "Preferences"),
  JSON.stringify({ profile: { block_third_party_cookies: false, cookie_controls_mode: 0 } }));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium", args: [...FLAGS, resolving], ignoreHTTPSErrors: true });
try {
  // The page's own site needs no server.
  await context.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body: "<title>Another site</title>" }));
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await page.addScriptTag({ path: require.resolve("socket.io-client/dist/socket.io.js") });
  const outcome = await page.evaluate(talk, { url, rounds: Number(rounds) });
  const cookies = (await context.cookies(url)).map(({ name, sameSite, secure }) => ({ name, sameSite, secure }));
  process.stdout.write(JSON.stringify({ ...outcome, cookies }));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}

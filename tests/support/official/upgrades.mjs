// Many socket.io-client clients that upgrade from polling to WebSocket while both sides send numbered messages without a
// pause; so many at once. Prints one JSON object: how many upgraded, and what was lost, doubled or out of order.
//   node upgrades.mjs URL CLIENTS AT_ONCE
// The server answers `message` with `message-back` to the sender, and `tick` by a broadcast of `tick`.
import { createRequire } from "node:module";

const { Manager } = createRequire(import.meta.url)("socket.io-client"); // unlike import, require looks at NODE_PATH

const [url, clients, atOnce] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
// How many messages are on their way at any time, and how many follow the upgrade.
const WINDOW = 10;
const AFTERWARDS = 20;
const TICKS = 5;

const result = { upgraded: 0, echoes: 0, ticks: 0, wrong: [] };

function wrong(client, what) {
  if (result.wrong.length < 20) result.wrong.push(`client ${client}: ${what}`);
}

/** Sends the next ticks when the last one has come back, until it is closed. */
function startTicking() {
  const socket = new Manager(url, { transports: ["polling"] }).socket("/");
  const send = (from) => {
    for (let i = 0; i < TICKS; i++) socket.emit("tick", from + i);
  };
  socket.on("connect", () => send(0));
  socket.on("tick", (number) => {
    if (number % TICKS === TICKS - 1) send(number + 1);
  });
  return socket;
}

function upgradeOne(client) {
  return new Promise((resolve) => {
    const manager = new Manager(url, { reconnection: false, upgrade: true });
    const socket = manager.socket("/");
    let sent = 0, echoed = 0, tick, last = Infinity;
    const send = () => socket.emit("message", sent++);
    const finish = () => {
      socket.off("disconnect");
      socket.close();
      resolve();
    };
    manager.on("open", () => {
      manager.engine.on("upgrade", () => {
        result.upgraded++;
        last = sent + AFTERWARDS;
      });
    });
    socket.on("connect", () => {
      for (let i = 0; i < WINDOW; i++) send();
    });
    socket.on("message-back", (number) => {
      if (number !== echoed) wrong(client, `echo ${number} instead of ${echoed}`);
      echoed = number + 1;
      result.echoes++;
      if (sent < last) send();
      else if (echoed === sent) finish();
    });
    socket.on("tick", (number) => {
      if (tick !== undefined && number !== tick + 1) wrong(client, `tick ${number} after ${tick}`);
      tick = number;
      result.ticks++;
    });
    const fail = (what) => {
      wrong(client, what);
      finish();
    };
    socket.on("disconnect", (reason) => fail(`disconnected: ${reason}`));
    manager.on("error", (error) => fail(`error: ${error.message}`));
  });
}

const ticking = startTicking();
let next = 0;
await Promise.all(Array.from({ length: atOnce }, async () => {
  while (next < clients) await upgradeOne(next++);
}));
ticking.close();
process.stdout.write(JSON.stringify(result) + "\n");

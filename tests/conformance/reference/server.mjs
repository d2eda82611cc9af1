// socket.io with the flags, the configuration (as JSON) and the log line of realtime-server, so that the conformance
// tests can be run against the peer: pytest --server=reference. It knows one process only: no Redis, no admin port.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { Server } = createRequire(import.meta.url)("socket.io"); // unlike import, require looks at NODE_PATH

const UNITS = { ms: 1, s: 1000, m: 60_000 };
const milliseconds = (text) =>
  [...text.matchAll(/([\d.]+)(ms|s|m)/g)].reduce((sum, [, number, unit]) => sum + number * UNITS[unit], 0);

const { values: flags } = parseArgs({
  options: Object.fromEntries(["listen", "config", "admin", "log-level"].map((name) => [name, { type: "string" }])),
});
const config = flags.config ? JSON.parse(readFileSync(flags.config, "utf8")) : {};
const protocol = {
  path: "/socket.io/", transports: ["polling", "websocket"], pingInterval: "25s", pingTimeout: "20s",
  upgradeTimeout: "10s", connectTimeout: "45s", maxPayload: 1_000_000, ...config.protocol,
};
const limits = { headerTimeout: "10s", bodyTimeout: "20s", ...config.limits };
const origins = config.allowedOrigins ?? [];

function isAllowed({ headers }) {
  const { origin, host } = headers;
  return !origin || origins.includes("*") || origins.includes(origin) ||
    (origins.length === 0 && origin.split("://")[1] === host);
}

/** The values of an action: `$1` and so on, `$args` in the place of all arguments, `$auth`. */
function filled(value, args, auth) {
  if (Array.isArray(value)) {
    return value.flatMap((item) => (item === "$args" ? args : [filled(item, args, auth)]));
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, args, auth)]));
  }
  if (value === "$auth") return auth;
  if (typeof value !== "string" || !value.startsWith("$")) return value;
  return value.startsWith("$$") ? value.slice(1) : (args[value.slice(1) - 1] ?? null);
}

function act(actions, namespace, socket, args, acknowledge) {
  for (const { type, event, args: template = [] } of actions ?? []) {
    const values = filled(template, args, socket.handshake.auth);
    if (type === "Emit") socket.emit(event, ...values);
    if (type === "Broadcast") namespace.emit(event, ...values);
    if (type === "Acknowledge") acknowledge?.(...values);
  }
}

const http = createServer({
  maxHeaderSize: 8192, headersTimeout: milliseconds(limits.headerTimeout), connectionsCheckingInterval: 100,
  requestTimeout: milliseconds(limits.headerTimeout) + milliseconds(limits.bodyTimeout),
});
const io = new Server(http, {
  path: protocol.path, transports: protocol.transports, maxHttpBufferSize: protocol.maxPayload, serveClient: false,
  pingInterval: milliseconds(protocol.pingInterval), pingTimeout: milliseconds(protocol.pingTimeout),
  upgradeTimeout: milliseconds(protocol.upgradeTimeout), connectTimeout: milliseconds(protocol.connectTimeout),
  allowRequest: (request, answer) => answer(isAllowed(request) ? null : "Forbidden", isAllowed(request)),
});
for (const [name, { onConnect, events = {} } = {}] of Object.entries(config.namespaces ?? { "/": {} })) {
  const namespace = io.of(name);
  namespace.on("connection", (socket) => {
    act(onConnect, namespace, socket, []);
    for (const [event, actions] of Object.entries(events)) {
      socket.on(event, (...args) => {
        const acknowledge = typeof args.at(-1) === "function" ? args.pop() : undefined;
        act(actions, namespace, socket, args, acknowledge);
      });
    }
  });
}

const [address, port] = (flags.listen ?? "0.0.0.0:8080").split(":");
http.listen(port, address, () => {
  const bound = http.address();
  process.stderr.write(JSON.stringify({ message: "listening", address: `${bound.address}:${bound.port}` }) + "\n");
});

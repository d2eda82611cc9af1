// Many socket.io-client clients in one process, told what to do over standard input and reporting over standard output,
// one JSON object a line; java/Clients.java does the same. The other side is tests/support/official/piped.py.
//   in:  {"do": "open", "client": NAME, "url": URL, "namespaces": ["/", …], "auth": {…}, "options": {…}}
//        | {"do": "emit", "client", "namespace", "event", "args": […], "ack": NUMBER or absent}
//        | {"do": "leave", "client", "namespace"} | {"do": "close", "client"}
//   out: {"client": NAME, "saw": "connect", "namespace", "sid"} | {…, "saw": "event", "namespace", "event", "args"}
//        | {…, "saw": "ack", "ack", "args"} | {…, "saw": "disconnect", "namespace", "reason"}
//        | {…, "saw": "error", "namespace", "message"} | {…, "saw": "transport", "name"} | {…, "saw": "close"}
// Bytes are {"$bytes": BASE64}. An event that wants to be acknowledged is, with "got" and its arguments.
import { createRequire } from "node:module";
import dns from "node:dns";
import { createInterface } from "node:readline";

const { Manager } = createRequire(import.meta.url)("socket.io-client"); // unlike import, require looks at NODE_PATH

const { lookup } = dns;
const testNames = process.env.TEST_NAMES_LEAD_TO; // see tests/support/names.py
if (testNames) dns.lookup = (name, ...rest) => lookup(name.endsWith(".test") ? testNames : name, ...rest);

const clients = new Map();
const report = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

function toWire(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString("base64") };
  if (Array.isArray(value)) return value.map(toWire);
  return isPlain(value) ? mapped(value, toWire) : value;
}

function fromWire(value) {
  if (Array.isArray(value)) return value.map(fromWire);
  if (!isPlain(value)) return value;
  return typeof value.$bytes === "string" ? Buffer.from(value.$bytes, "base64") : mapped(value, fromWire);
}

function open({ client, url, namespaces, auth, options }) {
  // Without withCredentials no cookie is kept in Node, and so no replica.
  const manager = new Manager(url, { withCredentials: true, ...options });
  const reportTransport = () => report({ client, saw: "transport", name: manager.engine.transport.name });
  manager.on("open", () => {
    reportTransport();
    manager.engine.once("upgrade", reportTransport);
  });
  // What happens before a namespace is connected is an error of the connection, and so of all of them.
  const sockets = new Map(namespaces.map((namespace) => [namespace, manager.socket(namespace, { auth })]));
  for (const [namespace, socket] of sockets) {
    const about = { client, namespace };
    socket.on("connect", () => report({ ...about, saw: "connect", sid: socket.id }));
    socket.on("disconnect", (reason) => report({ ...about, saw: "disconnect", reason }));
    socket.on("connect_error", ({ message, description }) =>
      report({ ...about, saw: "error", message: description ? `${message} (${description})` : message }));
    socket.onAny((event, ...args) => {
      const acknowledge = typeof args.at(-1) === "function" ? args.pop() : undefined;
      report({ ...about, saw: "event", event, args: toWire(args) });
      acknowledge?.("got", ...args);
    });
  }
  clients.set(client, sockets);
}

const commands = {
  open,
  emit({ client, namespace, event, args, ack }) {
    const acknowledged = (...values) => report({ client, saw: "ack", ack, args: toWire(values) });
    clients.get(client).get(namespace).emit(event, ...fromWire(args), ...(ack === undefined ? [] : [acknowledged]));
  },
  leave({ client, namespace }) {
    clients.get(client).get(namespace).close();
  },
  close({ client }) {
    for (const socket of clients.get(client).values()) socket.close();
    clients.delete(client);
    report({ client, saw: "close" });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command);
}
for (const sockets of clients.values()) for (const socket of sockets.values()) socket.close();

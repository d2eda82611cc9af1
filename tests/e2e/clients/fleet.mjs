// Many socket.io-client clients in one process, told what to do over standard input and reporting over standard output,
// one JSON object a line. The other side is tests/support/node_clients.py.
//   in:  {"do": "connect", "client": NAME, "url": URL, "options": {…}} | {"do": "emit", "client", "event", "data"}
//        | {"do": "close", "client"}
//   out: {"client": NAME, "saw": "connect" | "transport" | "event" | "disconnect" | "error" | "close", …}
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { io } = createRequire(import.meta.url)("socket.io-client"); // unlike import, require looks at NODE_PATH

const clients = new Map();
const report = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function connect({ client, url, options }) {
  // Without withCredentials no cookie is kept in Node, and so no replica.
  const socket = io(url, { withCredentials: true, forceNew: true, ...options });
  clients.set(client, socket);
  const reportTransport = () => report({ client, saw: "transport", name: socket.io.engine.transport.name });
  socket.on("connect", () => {
    report({ client, saw: "connect" });
    reportTransport();
    socket.io.engine.once("upgrade", reportTransport);
  });
  socket.on("disconnect", (reason) => report({ client, saw: "disconnect", reason }));
  socket.on("connect_error", (error) =>
    report({ client, saw: "error", message: `${error.message} (${error.description ?? "no status"})` }));
  socket.onAny((event, ...data) => report({ client, saw: "event", event, data }));
}

const commands = {
  connect,
  emit: ({ client, event, data }) => clients.get(client).emit(event, data),
  close: ({ client }) => {
    clients.get(client).close();
    clients.delete(client);
    report({ client, saw: "close" });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  commands[command.do](command);
}
for (const socket of clients.values()) socket.close();

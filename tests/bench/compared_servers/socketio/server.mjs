// The tutorial's app on socket.io, as its documentation writes it: `message` is broadcast as `response`, `ask` is acknowledged. Listens on
// 127.0.0.1 at the port of the environment. SOCKETIO_MODULES is the folder that holds the package, for an import finds
// packages next to its own file only.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Server } = createRequire(`${process.env.SOCKETIO_MODULES}/`)("socket.io");

const server = createServer();
const io = new Server(server, { serveClient: false });
io.on("connection", (socket) => {
  socket.on("message", (data) => io.emit("response", { echo: data }));
  socket.on("ask", (data, acknowledge) => acknowledge(data));
});
server.listen(Number(process.env.PORT), "127.0.0.1", 4096);

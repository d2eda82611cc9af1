"use strict";
// One tab of the chat: shows what the fleet broadcasts, and where in the fleet this tab and each message come from.

const element = (id) => document.getElementById(id);
const socket = io(); // polling first, then an upgrade to WebSocket, as every Socket.IO client does it by itself
const tab = Math.random().toString(36).slice(2);
let replica = null;

function show(state) {
  element("state").textContent = state;
  element("state").dataset.state = state;
  element("form").querySelector("button").disabled = state !== "connected";
}

function showTransport() {
  const names = { polling: "long polling", websocket: "WebSocket" };
  const transport = socket.connected ? socket.io.engine.transport.name : null;
  element("transport").textContent = transport ? names[transport] ?? transport : "–";
}

/** The same colour for the same replica in every tab. */
function colourOf(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) % 65_521;
  return `hsl(${(hash * 137) % 360} 65% 48%)`; // steps of the golden angle, so that similar names look different
}

function append(echo) {
  // Programs send plain texts; this page adds who and where from.
  const { text, from, author } = typeof echo === "object" && echo !== null ? echo : { text: echo };
  const log = element("log");
  const item = document.createElement("li");
  const words = document.createElement("p");
  const origin = document.createElement("small");
  words.textContent = typeof text === "string" ? text : JSON.stringify(text ?? echo);
  origin.textContent = author === tab ? `you, on ${from}` : from ? `from ${from}` : "from a program";
  item.classList.toggle("own", author === tab);
  if (from) item.style.setProperty("--replica", colourOf(String(from)));
  item.append(words, origin);
  log.append(item);
  log.scrollTop = log.scrollHeight;
}

socket.on("connect", () => {
  show("connected");
  showTransport();
  socket.io.engine.once("upgrade", showTransport);
});
socket.on("welcome", (welcome) => {
  replica = welcome.replica;
  element("replica").textContent = replica;
});
socket.on("response", (response) => append(response.echo));
socket.on("disconnect", () => {
  show(socket.active ? "reconnecting" : "offline");
  showTransport();
});
socket.on("connect_error", () => show(socket.active ? "reconnecting" : "offline"));

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value;
  if (!text.trim() || !socket.connected) return;
  socket.emit("message", { text, from: replica, author: tab });
  element("text").value = "";
});

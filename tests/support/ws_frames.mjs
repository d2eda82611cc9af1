// Frames as `ws` writes and reads them, for tests/conformance/test_frames.py.
//   node ws_frames.mjs make    a JSON list of streams on standard input, each a list of steps {kind, fragments: [HEX]}
//                              -> each stream's frames of a client, after their length as four bytes; between two
//                              fragments of a message are a ping and a pong
//   node ws_frames.mjs read    our frames -> events, as tests/support/frame_codec.cpp has them
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Receiver, Sender } = createRequire(import.meta.url)("ws"); // unlike import, require looks at NODE_PATH

const sized = (bytes) => {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(bytes.length);
  return Buffer.concat([head, bytes]);
};

function make(steps) {
  const written = [];
  const sender = new Sender({ write: (bytes) => written.push(Buffer.from(bytes)), cork() {}, uncork() {} });
  for (const { kind, fragments } of steps) {
    const parts = fragments.map((fragment) => Buffer.from(fragment, "hex"));
    const last = parts.length - 1;
    if (kind === "p") sender.ping(parts[0], true);
    else if (kind === "o") sender.pong(parts[0], true);
    else if (kind === "c") sender.close(parts[0].readUInt16BE(0), parts[0].subarray(2), true);
    else
      parts.forEach((part, i) => {
        if (i > 0) {
          sender.ping(Buffer.from("between"), true);
          sender.pong(Buffer.alloc(0), true);
        }
        sender.send(part, { binary: kind === "b", compress: false, fin: i === last, mask: true });
      });
  }
  return Buffer.concat(written);
}

function read(bytes) {
  const receiver = new Receiver({ isServer: false, maxPayload: 0 });
  const saw = (kind, payload) => process.stdout.write(Buffer.concat([Buffer.from(kind), sized(payload)]));
  receiver.on("message", (data, isBinary) => saw(isBinary ? "b" : "t", data));
  receiver.on("ping", (data) => saw("p", data));
  receiver.on("pong", (data) => saw("o", data));
  receiver.on("conclude", (code, reason) => {
    const status = Buffer.alloc(2);
    status.writeUInt16BE(code);
    saw("c", Buffer.concat([status, reason]));
  });
  receiver.on("error", (error) => saw("e", Buffer.from(error.code ?? String(error))));
  receiver.end(bytes);
}

const input = readFileSync(0);
if (process.argv[2] === "make") for (const steps of JSON.parse(input)) process.stdout.write(sized(make(steps)));
else read(input);

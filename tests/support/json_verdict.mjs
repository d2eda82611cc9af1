// Whether JSON.parse accepts a text: the counterpart of json_verdict.cpp, with the same input and output. Bytes that
// are no UTF-8 are refused, as there is no text to parse; a byte order mark stays, as JSON.parse is to see it.
import { readFileSync, writeSync } from "node:fs";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function accepts(bytes) {
  try {
    JSON.parse(decoder.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

const input = readFileSync(0);
const verdicts = [];
for (let at = 0; at < input.length; ) {
  const begin = at + 4;
  at = begin + input.readUInt32LE(at);
  verdicts.push(accepts(input.subarray(begin, at)) ? "1" : "0");
}
writeSync(1, verdicts.join(""));

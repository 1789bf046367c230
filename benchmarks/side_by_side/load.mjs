// One round of load: reads a round on standard input, prints what came of it.
//
// Raw sockets, each with one request in flight: a general load tool takes longer for a request than
// the faster of the servers takes to answer it, and would measure itself.
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const round = JSON.parse(readFileSync(0, "utf8"));
const { host, port, connections, seconds, requests, stamp } = round;
let asked = 0;
const times = [];
const statuses = {};

function render({ method, path, headers, body = "" }) {
  const given = { host, "content-length": Buffer.byteLength(body), ...headers };
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

// What bears a stamp is never the same twice: numbers of as many digits take the stamp's place.
const texts = requests.map(render);
const fixed = texts.map((text) => (text.includes(stamp.mark) ? null : Buffer.from(text)));
function next() {
  const place = asked++ % texts.length;
  if (fixed[place]) return fixed[place];
  stamp.next = stamp.next < stamp.last ? stamp.next + 1 : stamp.first;
  return texts[place].replace(stamp.mark, String(stamp.next));
}

function lengthOf(head, status) {
  if (status === "304") return 0;
  const found = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!found) throw new Error(`an answer without a length: ${head}`);
  return Number(found[1]);
}

function client(until) {
  return new Promise((ended, failed) => {
    const socket = connect(port, host);
    socket.setNoDelay(true);
    let [began, missing, parts] = [0, -1, []];
    const ask = () => {
      began = performance.now();
      if (began >= until) {
        socket.destroy();
        ended();
      } else {
        socket.write(next());
      }
    };
    socket.on("connect", ask);
    socket.on("error", failed);
    socket.on("end", () => failed(new Error("the server hung up")));
    socket.on("data", (chunk) => {
      if (missing < 0) {
        if (parts.length) chunk = Buffer.concat([...parts.splice(0), chunk]);
        const end = chunk.indexOf("\r\n\r\n");
        if (end < 0) {
          parts.push(chunk);
          return;
        }
        const head = chunk.latin1Slice(0, end);
        const status = head.slice(9, 12);
        statuses[status] = (statuses[status] ?? 0) + 1;
        missing = lengthOf(head, status) + end + 4;
      }
      missing -= chunk.length;
      if (missing > 0) return;
      times.push(performance.now() - began);
      missing = -1;
      ask();
    });
  });
}

const began = performance.now();
await Promise.all(Array.from({ length: connections }, () => client(began + seconds * 1000)));
const took = (performance.now() - began) / 1000;
times.sort((one, other) => one - other);
const [p50, p95] = [0.5, 0.95].map((share) => times[Math.floor(times.length * share)]);
console.log(JSON.stringify({ requests: times.length, seconds: took, p50, p95, statuses, stamp: stamp.next }));

// One round of load: reads {url, connections, seconds, requests} on standard input, prints what came of it.
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const { url, connections, seconds, requests } = JSON.parse(readFileSync(0, "utf8"));
const times = [];
const round = autocannon({ url, connections, duration: seconds, requests, timeout: 30 });
// autocannon's own histogram counts whole milliseconds.
round.on("response", (client, status, bytes, milliseconds) => times.push(milliseconds));
const result = await round;
times.sort((one, other) => one - other);
console.log(
  JSON.stringify({
    requests: result.requests.total,
    seconds: result.duration,
    p50: times[Math.floor(times.length * 0.5)],
    p95: times[Math.floor(times.length * 0.95)],
    statuses: Object.fromEntries(Object.entries(result.statusCodeStats).map(([code, { count }]) => [code, count])),
    errors: result.errors + result.mismatches,
  }),
);

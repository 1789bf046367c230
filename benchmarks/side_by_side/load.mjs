// One round of load: reads {url, connections, seconds, requests} on standard input, prints what came of it.
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const { url, connections, seconds, requests } = JSON.parse(readFileSync(0, "utf8"));
const result = await autocannon({ url, connections, duration: seconds, requests, timeout: 30 });
console.log(
  JSON.stringify({
    requests: result.requests.total,
    seconds: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    mean: result.latency.mean,
    statuses: result.statusCodeStats,
    errors: result.errors,
  }),
);

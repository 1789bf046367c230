// The audits of the GraphQL over HTTP specification, by the people who write it.
import { auditServer } from "graphql-http";

const [url] = process.argv.slice(2);
const results = await auditServer({ url, fetchFn: fetch });
const failed = results.filter((result) => result.status !== "ok");
for (const { status, id, name, reason } of failed) console.log(`${status} ${id} ${name}: ${reason ?? ""}`);
console.log(`graphql-http: ${results.length - failed.length} of ${results.length} audits`);
process.exit(failed.length || results.length < 61 ? 1 : 0);

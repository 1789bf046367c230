// What every client asks, tells, is refused and follows; and what it has to get.
import assert from "node:assert/strict";

export const QUERY = "query Title { ledger { title } }";
export const MUTATION = `mutation Register($id: UUID!, $input: RegisterUnitInput!) {
  registerUnit(commandId: $id, input: $input) {
    __typename
    ... on Recorded { position }
    ... on Refusal { code }
  }
}`;
export const SUBSCRIPTION = "subscription Follow($after: Position) { events(after: $after) { position type } }";

const unit = (name) => ({ unitId: name, nameZh: name, category: "DISTRICT", effectiveOn: "2018-01-01" });

/** Have one client, `{ ask(document, variables), follow(document, variables, onData) }`, do everything. */
export async function judge(name, client) {
  const asked = await client.ask(QUERY, {});
  assert.equal(typeof asked.ledger.title, "string");

  const recorded = await client.ask(MUTATION, { id: crypto.randomUUID(), input: unit(name) });
  assert.equal(recorded.registerUnit.__typename, "Recorded");
  const position = recorded.registerUnit.position;

  const refused = await client.ask(MUTATION, { id: crypto.randomUUID(), input: unit(name) });
  assert.deepEqual(refused.registerUnit, { __typename: "Refusal", code: "DUPLICATE_ID" });

  const first = await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("nothing was heard of the subscription")), 20_000).unref();
    client.follow(SUBSCRIPTION, { after: String(Number(position) - 1) }, resolve, reject);
  });
  const { __typename, ...event } = first.events;
  assert.deepEqual(event, { position, type: "UnitRegistered" });
  console.log(`${name}: a query, a mutation, a refusal and a subscription`);
}

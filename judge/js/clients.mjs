// Clients that nobody here wrote, over every transport.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSse } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

import { judge } from "./questions.mjs";

const [url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const socketUrl = url.replace(/^http/, "ws");

const socket = createSocket({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: headers });
const sse = createSse({ url, headers });

/** graphql-ws and graphql-sse have the same interface. */
const streaming = (client) => ({
  ask: async (query, variables) => {
    for await (const { data, errors } of client.iterate({ query, variables })) {
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    }
  },
  follow: (query, variables, resolve, reject) =>
    client.subscribe(
      { query, variables },
      { next: ({ data, errors }) => (errors ? reject(errors) : resolve(data)), error: reject, complete() {} },
    ),
});

const apollo = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: url, headers, fetch }),
  ),
});

const urql = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers },
  exchanges: [
    cacheExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
    fetchExchange,
  ],
});

/** urql by itself follows over server-sent events, with its fetch exchange. */
const urqlOverSse = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers },
  fetchSubscriptions: true,
  exchanges: [cacheExchange, fetchExchange],
});

const withUrql = (client) => ({
  ask: async (query, variables) => {
    const call = query.startsWith("mutation") ? client.mutation(query, variables) : client.query(query, variables);
    const { data, error } = await call.toPromise();
    if (error) throw error;
    return data;
  },
  follow: (query, variables, resolve, reject) =>
    client.subscription(query, variables).subscribe(({ data, error }) => (error ? reject(error) : resolve(data))),
});

const clients = {
  "graphql-ws": streaming(socket),
  "graphql-sse": streaming(sse),
  apollo: {
    ask: async (text, variables) => {
      const document = gql(text);
      const { data } = text.startsWith("mutation")
        ? await apollo.mutate({ mutation: document, variables })
        : await apollo.query({ query: document, variables });
      return JSON.parse(JSON.stringify(data));
    },
    follow: (text, variables, resolve, reject) =>
      apollo
        .subscribe({ query: gql(text), variables })
        .subscribe({ next: ({ data, error }) => (error ? reject(error) : resolve(data)), error: reject }),
  },
  urql: withUrql(urql),
  "urql-sse": withUrql(urqlOverSse),
};

let failed = 0;
for (const [name, client] of Object.entries(clients)) {
  try {
    await judge(name, client);
  } catch (error) {
    failed += 1;
    console.log(`${name}: FAILED`, error);
  }
}
process.exit(failed ? 1 : 0);

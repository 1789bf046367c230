"""GraphQL over HTTP: the schema, and the ASGI application that serves it."""

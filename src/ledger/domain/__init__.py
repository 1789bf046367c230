"""The rules of assessment, pure: facts, the states they add up to, and decisions.

The standard library only. No clock, no I/O, no randomness: time and ids come in as
arguments. Nothing here knows SQL, HTTP or GraphQL.
"""

"""Proof: what makes it known to others, and to us, when history is rewritten.

The signer keeps a key and a memory outside the database and signs the tree's head as long as
the tree only grows; witnesses remember what was signed. Formats are those of C2SP, so that
other people's verifiers can check every one of them.
"""

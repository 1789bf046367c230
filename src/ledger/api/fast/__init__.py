"""Hot reads and single mutations at speed: documents compiled once, and answers remembered as bytes.

Everything here may be switched off (`LEDGER_FAST=off`): then the ordinary executor answers, with
identical bytes, and a test compares both on generated documents. Whatever a plan does not
understand, and whatever goes wrong under one, is left to the executor.
"""

"""Reads: what each root field answers, in one thread, at one position, for one viewer."""

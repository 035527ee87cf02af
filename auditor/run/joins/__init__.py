"""Joins over the scopes of a snapshot while it is written: one module a join, all in `complete.Joins`."""

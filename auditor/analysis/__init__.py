"""Pure functions from collected facts to derived ones: no I/O, no clock."""

"""The vocabulary of the whole program: facts, records, names, the snapshot store."""

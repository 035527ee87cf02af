"""The use cases: collect, evaluate, report, audit. No printing; the only reader of the clock."""

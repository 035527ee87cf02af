"""The command line: one module a command; parse, call auditor.run, print, exit."""

"""Reports of results: one module a format, each a `Reporter` of `auditor.ports`."""

"""The client of registries without an SDK: bounded, polite, and silent about credentials."""

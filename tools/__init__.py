"""Generators of files that are kept in the repository; each has a check mode."""

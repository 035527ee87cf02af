"""Configuration files: read with line numbers, checked against JSON Schema, typed."""

"""Reads what is attached to images: statements, provenance, SBOMs, VEX. Pure: bytes in, facts out."""

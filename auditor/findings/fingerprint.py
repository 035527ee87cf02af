"""Stable ids of findings.

A fingerprint names (rule, resource) and nothing that may be renumbered, reordered or reworded: neither
position, message, evidence nor the auditor's version. Each resource gets one verdict per rule, so it is unique.
"""

from __future__ import annotations

import hashlib

LENGTH = 32


def fingerprint(rule: str, resource: str) -> str:
    """32 hex digits (128 bits) of SHA-256 over rule id and resource id."""
    material = f"registry-auditor/finding/1\0{rule}\0{resource}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(material).hexdigest()[:LENGTH]

"""Keyless signatures that hold and attacks on them, each with the state it must get and what cosign makes of it.

The cases stand in `keyless_cases_*.py` and put themselves into one list when they are imported.
"""

from __future__ import annotations

from tests.support import keyless_cases_proofs, keyless_cases_signers
from tests.support.keyless_case import CASES, OTHER, OURS, Attempt, Case, Image, simple

assert keyless_cases_proofs
assert keyless_cases_signers

__all__ = ["CASES", "OTHER", "OURS", "Attempt", "Case", "Image", "simple"]

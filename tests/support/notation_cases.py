"""Signatures that hold and attacks on them, each with the state it must get and what notation-go makes of it.

The cases stand in `notation_cases_*.py` and put themselves into one list when they are imported.
"""

from __future__ import annotations

from tests.support import notation_cases_certificates, notation_cases_envelopes, notation_cases_signers
from tests.support.notation_case import CASES, MIDDLE, ROOT, Attempt, Case, attempt
from tests.support.notation_cases_time import TSA, TSA_ROOT

assert notation_cases_certificates
assert notation_cases_envelopes
assert notation_cases_signers

__all__ = ["CASES", "MIDDLE", "ROOT", "TSA", "TSA_ROOT", "Attempt", "Case", "attempt"]

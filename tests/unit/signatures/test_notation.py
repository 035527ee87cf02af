"""notation signatures: every attack has its own state, and the reference implementation agrees or the note says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.signatures.notation import Trust, verify_notation
from auditor.signatures.notation_policy import parse_trust_policy
from auditor.signatures.notation_store import read_trust_store
from auditor.signatures.outcome import Outcome
from tests.support.certificates import NOW
from tests.support.notation import MEDIA_TYPES, policy, write_store
from tests.support.notation_cases import CASES, Attempt, Case

NOWHERE = "http://127.0.0.1:1"


def ours(form: str, attempt: Attempt, store: Path) -> Outcome:
    document = parse_trust_policy(policy(*attempt.statements))
    trust = Trust(document, read_trust_store(store, document), tuple(attempt.served.values()))
    return verify_notation(attempt.content, MEDIA_TYPES[form], target=attempt.target, trust=trust, now=NOW)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.form}")
def test_each_case_has_its_state(case: Case, tmp_path: Path) -> None:
    attempt = case.make(case.form, NOWHERE)

    outcome = ours(case.form, attempt, write_store(tmp_path, attempt.stores))

    assert (outcome.state, case.says in outcome.detail) == (case.state, True), outcome

"""Findings: sorted in bounded memory, with ids that survive."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.findings.fingerprint import fingerprint
from auditor.findings.inert import inert
from auditor.findings.model import Finding, RemediationRef, Resource, Severity, Status
from auditor.findings.spool import FindingSpool


def finding(severity: str, rule: str, resource: str) -> Finding:
    return Finding(
        fingerprint(rule, resource), rule, Status.FAIL, Severity(severity), Resource(resource, "image"), "m\n\x00", [], None, "",
        RemediationRef("a", "manual"),
    )  # fmt: skip


@pytest.mark.parametrize("run_length", [1, 7, 10_000])
def test_order_does_not_depend_on_how_it_was_spilled(run_length: int) -> None:
    findings = [finding(s, r, f"urn:{n}") for s in Severity for r in ("A", "B") for n in range(20)]
    random.Random(1).shuffle(findings)

    with FindingSpool(run_length) as spool:
        for item in findings:
            spool.add(item)
        out = [msgspec.json.decode(content, type=Finding) for content in spool.sorted()]

    ranks = list(Severity)
    assert out == sorted(findings, key=lambda f: (ranks.index(f.severity), f.rule, f.resource.id))


def test_fingerprint_names_rule_and_resource_only() -> None:
    assert fingerprint("REG-A-001", "urn:x") == fingerprint("REG-A-001", "urn:x")
    assert len({fingerprint(r, x) for r in ("a", "b") for x in ("1", "2")}) == 4


@given(st.text())
def test_inert_text_has_no_controls(text: str) -> None:
    assert not any(ord(c) < 32 or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069 for c in inert(text))

"""Envelopes of the reference implementation verify, and no change of a byte does; nothing hostile raises or hangs."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.signatures.notation import COSE, JWS, Trust, read_trust, verify_notation
from auditor.signatures.notation_policy import parse_trust_policy
from auditor.signatures.notation_store import TrustStore
from auditor.signatures.notation_timestamp import BadTimestampError, read_timestamp
from auditor.signatures.outcome import Outcome
from tests.support.certificates import DAY, NOW, leaf, timestamp
from tests.support.notation import (
    COSE_ALGORITHMS,
    MEDIA_TYPES,
    TARGET,
    TIMESTAMP,
    Reference,
    policy,
    reference,
    statement,
)
from tests.support.notation_cases import MIDDLE, ROOT, TSA, TSA_ROOT, Attempt, attempt

FIXTURES = Path(__file__).parents[3] / "fixtures" / "signatures" / "notation"
TRUST = read_trust(FIXTURES / "trustpolicy.json", FIXTURES / "truststore")
WHEN = datetime(2026, 11, 24, 12, tzinfo=UTC)
HELD = Trust(parse_trust_policy(policy(statement())), TrustStore({"ca:acme": (ROOT.certificate,)}))
ENVELOPES = sorted(path for path in FIXTURES.iterdir() if path.suffix in (".json", ".cbor") and "policy" not in path.name)  # fmt: skip


def recorded(name: str, now: datetime = WHEN, trust: Trust = TRUST) -> Outcome:
    media_type = JWS if name.endswith(".json") else COSE
    return verify_notation((FIXTURES / name).read_bytes(), media_type, target=TARGET, trust=trust, now=now)


def held(form: str, content: bytes) -> Outcome:
    return verify_notation(content, MEDIA_TYPES[form], target=TARGET, trust=HELD, now=NOW)


@pytest.mark.parametrize("path", ENVELOPES, ids=lambda path: path.name)
def test_recorded_signatures_verify_until_they_expire(path: Path) -> None:
    outcome = recorded(path.name)

    assert outcome.state == "verified", outcome
    assert outcome.signer.startswith("CN=Fixture ")
    assert (outcome.signed_at, outcome.expires) == ("2026-06-01T12:00:00Z", "2028-01-01T00:00:00Z")
    assert recorded(path.name, datetime(2028, 1, 1, tzinfo=UTC)).state == "expired"
    assert recorded(path.name, datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)).state == "verified"


def test_recorded_revocation() -> None:
    trust = read_trust(FIXTURES / "trustpolicy.json", FIXTURES, [FIXTURES / "issuer.crl.pem"])

    assert recorded("P-384.json", trust=trust).state == "revoked"
    assert recorded("P-384.cbor", trust=trust).state == "revoked"
    assert recorded("P-256.json", trust=trust).state == "verified"


def test_an_envelope_is_no_other_format() -> None:
    content = (FIXTURES / "P-256.json").read_bytes()

    assert verify_notation(content, COSE, target=TARGET, trust=TRUST, now=WHEN).state == "invalid"
    assert verify_notation(content, "application/json", target=TARGET, trust=TRUST, now=WHEN).state == "not_checked"
    elsewhere = replace(TARGET, repository="registry.example.com/other")
    assert verify_notation(content, JWS, target=elsewhere, trust=TRUST, now=WHEN).state == "not_checked"


def test_media_type_and_size_are_compared_where_they_are_known() -> None:
    content = (FIXTURES / "P-256.json").read_bytes()

    assert verify_notation(content, JWS, target=replace(TARGET, media_type="", size=None), trust=TRUST, now=WHEN).state == "verified"  # fmt: skip
    assert verify_notation(content, JWS, target=replace(TARGET, size=0), trust=TRUST, now=WHEN).state == "invalid"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "P-521"])
def test_what_the_reference_signs_now_verifies(kind: str, notation_go: Reference) -> None:
    for form in ("jws", "cose"):
        for expiry in ({}, {"expiry": (NOW + DAY).isoformat()}):
            content = notation_go.sign(form, leaf(MIDDLE, kind=kind), **expiry)
            assert held(form, content).state == "verified"


@pytest.fixture(scope="module")
def notation_go() -> Iterator[Reference]:
    with reference() as process:
        yield process


@pytest.mark.parametrize("form", ["jws", "cose"])
def test_no_changed_byte_is_verified(form: str) -> None:
    """Every bit that is signed, or leads to the root, counts; only the letters of unread names do not."""
    content = attempt(form).content
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 7
        outcome = held(form, bytes(changed))
        assert outcome.state in ("invalid", "untrusted"), (position, outcome)


@pytest.mark.parametrize("form", ["jws", "cose"])
def test_no_truncated_envelope_is_verified(form: str) -> None:
    content = attempt(form).content

    assert {held(form, content[:length]).state for length in range(0, len(content), 7)} == {"invalid"}


@pytest.mark.parametrize("form", ["jws", "cose"])
def test_garbage_is_invalid_and_raises_nothing(form: str) -> None:
    source = random.Random(7)
    content = attempt(form).content
    for _ in range(400):
        changed = bytearray(content)
        for _ in range(source.randrange(1, 9)):
            start = source.randrange(len(changed))
            changed[start : start + source.randrange(5)] = source.randbytes(source.randrange(5))
        assert held(form, bytes(changed)).state != "verified" or bytes(changed) == content
        assert held(form, source.randbytes(source.randrange(300))).state == "invalid"


def test_hostile_cbor_costs_nothing() -> None:
    start = time.process_time()
    for content in (
        b"\xd2" + b"\x81" * 100_000,  # nested
        b"\xd2\x9b\x00\x00\x00\x7f\xff\xff\xff\xff",  # an array of half a trillion
        b"\xd2\x84\x5b\x00\x00\x00\x7f\xff\xff\xff\xff",  # a string of half a terabyte
        b"\xd2\x84\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01\xa0\x41a\x41a",  # 2 to a huge power
        b"\xd2\x84\xd8\x23\x69(a+)+(b+)+\xa0\x41a\x41a",  # a regular expression
        b"\xd2" * 500_000,
    ):
        assert held("cose", content).state == "invalid"
    assert time.process_time() - start < 2
    assert set(COSE_ALGORITHMS.values()) == {-7, -35, -36, -37, -38, -39}


def test_no_changed_byte_of_a_timestamp_counts() -> None:
    """The token's certificates beyond its own chain may be anything; what it says may not."""
    token = timestamp(TSA, b"signature", NOW - 60 * DAY)
    good = read_timestamp(token, b"signature", [TSA_ROOT.certificate])
    for position in range(0, len(token), 3):
        changed = bytearray(token)
        changed[position] ^= 1 << position % 8
        try:
            found = read_timestamp(bytes(changed), b"signature", [TSA_ROOT.certificate])
        except BadTimestampError:
            continue
        assert (found.time, found.accuracy, found.chain) == (good.time, good.accuracy, good.chain), position


def test_a_token_that_is_too_large_is_not_read() -> None:
    found: Attempt = attempt("jws")
    document = json.loads(found.content)
    document["header"][TIMESTAMP] = base64.b64encode(bytes(200_000)).decode()

    assert held("jws", json.dumps(document).encode()).state == "invalid"

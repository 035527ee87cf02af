"""Revocation lists: which count, for how long, and what they cannot tell."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from auditor.signatures.x509_revocation import RevocationList, revocation_of
from tests.support.certificates import DAY, NOW, authority, key, leaf, revocation_list

URL = "http://crl.example.com/root.crl"
ROOT = authority()
MIDDLE = authority("Middle", ROOT, crl_url=URL)
SIGNER = leaf(MIDDLE, crl_url=URL)
PLAIN = leaf(ROOT)


def status(party: Any, *lists: Any, now: Any = NOW, signed_at: Any = None) -> str:
    return revocation_of(party.chain, [RevocationList(one) for one in lists], now=now, signed_at=signed_at).status


def test_every_certificate_below_the_root_needs_a_list() -> None:
    assert status(SIGNER) == "unknown"
    assert status(SIGNER, revocation_list(MIDDLE)) == "unknown"
    assert status(SIGNER, revocation_list(ROOT)) == "unknown"
    assert status(SIGNER, revocation_list(ROOT), revocation_list(MIDDLE)) == "good"
    assert status(ROOT, revocation_list(ROOT, (ROOT,))) == "good"


def test_a_certificate_that_names_no_list_is_revoked_only_by_one() -> None:
    assert status(PLAIN) == "good"
    assert status(PLAIN, revocation_list(ROOT, (PLAIN,))) == "revoked"
    assert status(PLAIN, revocation_list(ROOT, (SIGNER,))) == "good"
    assert status(leaf(ROOT, ocsp_url="http://ocsp.example.com")) == "unknown"


def test_an_outdated_list_tells_who_was_revoked_but_not_who_was_not() -> None:
    signer = leaf(ROOT, crl_url=URL)
    assert status(signer, revocation_list(ROOT, (signer,), start=NOW - 9 * DAY, end=NOW - DAY)) == "revoked"
    assert status(signer, revocation_list(ROOT, start=NOW - 9 * DAY, end=NOW - DAY)) == "unknown"
    assert status(signer, revocation_list(ROOT), now=NOW - 2 * DAY) == "unknown"


def test_a_delta_alone_proves_nothing_good() -> None:
    signer = leaf(ROOT, crl_url=URL)
    assert status(signer, revocation_list(ROOT, delta=True)) == "unknown"
    assert status(signer, revocation_list(ROOT, (signer,), delta=True)) == "revoked"
    taken_back = revocation_list(ROOT, (signer,), reason=x509.ReasonFlags.remove_from_crl, delta=True)
    assert status(signer, revocation_list(ROOT), taken_back) == "good"


@pytest.mark.parametrize(
    ("part", "below", "above"),
    [
        ({}, "good", "good"),
        ({"only_contains_user_certs": True}, "good", "unknown"),
        ({"only_contains_ca_certs": True}, "unknown", "good"),
        ({"only_contains_attribute_certs": True}, "unknown", "unknown"),
        ({"indirect_crl": True}, "unknown", "unknown"),
        ({"only_some_reasons": frozenset([x509.ReasonFlags.key_compromise])}, "unknown", "unknown"),
        ({"full_name": [x509.UniformResourceIdentifier(URL)]}, "good", "good"),
        ({"full_name": [x509.UniformResourceIdentifier(URL + "/2")]}, "unknown", "unknown"),
    ],
    ids=str,
)
def test_a_part_of_a_list_clears_only_what_it_is_about(part: dict[str, Any], below: str, above: str) -> None:
    values = {"full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False}  # fmt: skip
    point = x509.IssuingDistributionPoint(**{**values, **({"full_name": [x509.UniformResourceIdentifier(URL)]} if not part else {}), **part})  # fmt: skip
    signer = leaf(ROOT, crl_url=URL)

    assert status(signer, revocation_list(ROOT, point=point)) == below
    assert status(MIDDLE, revocation_list(ROOT, point=point)) == above
    assert status(signer, revocation_list(ROOT, (signer,), point=point)) == "revoked"


def test_only_the_issuer_revokes() -> None:
    twin = authority("Root", kind="P-384")
    no_lists = authority("No lists", ROOT, bits=("key_cert_sign",))
    below = leaf(no_lists)
    assert status(PLAIN, revocation_list(twin, (PLAIN,))) == "good"
    assert status(PLAIN, revocation_list(ROOT, (PLAIN,), signer=key("P-256", "thief"))) == "good"
    assert status(below, revocation_list(no_lists, (below,))) == "good"


@pytest.mark.parametrize(
    ("signed_at", "expected"),
    [(None, "revoked"), (NOW - 2 * DAY, "good"), (NOW - DAY, "revoked"), (NOW, "revoked")],
    ids=["not known", "before", "at the moment", "after"],
)
def test_a_key_lost_later_does_not_undo_an_authentic_signature(signed_at: Any, expected: str) -> None:
    lost = revocation_list(ROOT, (PLAIN,), since=NOW - DAY)

    assert status(PLAIN, lost, signed_at=signed_at) == expected

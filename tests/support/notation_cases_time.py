"""notation signatures: expiry and timestamps."""

from __future__ import annotations

from typing import Any

from tests.support.certificates import (
    BASELINE_POLICY,
    DAY,
    NOW,
    Party,
    authority,
    leaf,
    timestamp,
    timestamper,
)
from tests.support.notation import (
    EXPIRY,
    Recipe,
    statement,
)
from tests.support.notation_case import (
    OTHER_ROOT,
    ROOT,
    SIGNER,
    Attempt,
    attempt,
    case,
)


# ---------------------------------------------------------------- time
@case("expired", says="it expired at")
def an_expired_signature(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={EXPIRY: NOW - DAY / 2}))


@case("verified", says="logged only: it expired")
def an_expired_signature_at_level_permissive(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={EXPIRY: NOW - DAY / 2}), statements=[statement(level="permissive")])


@case("expired", says="it expired at")
def an_expired_signature_that_permissive_is_told_to_refuse(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={EXPIRY: NOW - DAY / 2}), statements=[statement(level="permissive", override={"expiry": "enforce"})])  # fmt: skip


def expired(parent: Party = ROOT) -> Party:
    return leaf(parent, start=NOW - 80 * DAY, end=NOW - 40 * DAY)


@case("expired", says="no timestamp shows")
def an_expired_certificate(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(expired(), signed_at=NOW - 60 * DAY))


@case("expired", says="certificate of")
def an_expired_authority(form: str, _: str) -> Attempt:
    middle = authority("Old", ROOT, start=NOW - 80 * DAY, end=NOW - 40 * DAY)
    return attempt(form, Recipe(leaf(middle)))


@case("invalid", says="not valid yet")
def a_certificate_of_tomorrow(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, start=NOW + DAY)))


@case("invalid", says="not valid when it signed")
def a_signing_authority_outside_its_validity(form: str, _: str) -> Attempt:
    statements = [statement(trustStores=["signingAuthority:acme"])]
    return attempt(form, Recipe(SIGNER, authority=True, signed_at=NOW - 60 * DAY), statements=statements, stores={"signingAuthority:acme": [ROOT]})  # fmt: skip


TSA_ROOT = authority("Time root")
TSA = timestamper(TSA_ROOT, start=NOW - 300 * DAY, end=NOW - 30 * DAY)
STAMPED = [statement(trustStores=["ca:acme", "tsa:time"])]


def stamped(form: str, stamp: Any, *, signer: Party | None = None, statements: Any = None, root: Party = TSA_ROOT, **rest: Any) -> Attempt:  # fmt: skip
    recipe = Recipe(signer or expired(), signed_at=NOW - 60 * DAY, stamp=stamp)
    return attempt(form, recipe, statements=statements or STAMPED, stores={"ca:acme": [ROOT], "tsa:time": [root]}, **rest)  # fmt: skip


@case("verified")
def a_timestamp_while_the_certificate_was_valid(form: str, _: str) -> Attempt:
    return stamped(form, lambda signature: timestamp(TSA, signature, NOW - 60 * DAY))


@case("verified")
def a_timestamp_of_an_ecdsa_authority(form: str, _: str) -> Attempt:
    tsa = timestamper(TSA_ROOT, kind="P-256", start=NOW - 300 * DAY)
    return stamped(form, lambda signature: timestamp(tsa, signature, NOW - 60 * DAY))


@case("verified")
def a_timestamp_through_an_intermediate(form: str, _: str) -> Attempt:
    tsa = timestamper(authority("Time middle", TSA_ROOT), start=NOW - 300 * DAY)
    return stamped(form, lambda signature: timestamp(tsa, signature, NOW - 60 * DAY))


@case("verified")
def a_timestamp_that_is_not_needed_yet(form: str, _: str) -> Attempt:
    late = [statement(trustStores=["ca:acme", "tsa:time"], verifyTimestamp="afterCertExpiry")]
    return stamped(form, None, signer=SIGNER, statements=late)


@case("untrusted", says="has no timestamp")
def a_timestamp_that_the_policy_asks_for_is_missing(form: str, _: str) -> Attempt:
    return stamped(form, None, signer=SIGNER)


@case("expired", says="counts for nothing")
def an_unsigned_timestamp(form: str, _: str) -> Attempt:
    def unsigned(signature: bytes) -> bytes:
        token = timestamp(TSA, signature, NOW - 60 * DAY)
        return token[:-8] + bytes(8)

    return stamped(form, unsigned)


@case("expired", says="counts for nothing")
def a_timestamp_that_is_no_token(form: str, _: str) -> Attempt:
    return stamped(form, lambda _signature: b"20261001120000Z")


@case("expired", says="counts for nothing")
def a_timestamp_over_something_else(form: str, _: str) -> Attempt:
    return stamped(form, lambda signature: timestamp(TSA, signature + b"x", NOW - 60 * DAY))


@case("untrusted", says="counts for nothing")
def a_timestamp_over_something_else_while_the_certificate_is_valid(form: str, _: str) -> Attempt:
    return stamped(form, lambda signature: timestamp(TSA, signature + b"x", NOW - 38 * DAY), signer=SIGNER)


@case("expired", says="no trusted timestamp authority")
def a_timestamp_of_another_authority(form: str, _: str) -> Attempt:
    return stamped(form, lambda signature: timestamp(TSA, signature, NOW - 60 * DAY), root=OTHER_ROOT)


@case("expired", says="not for timestamps alone")
def a_timestamp_by_a_code_signer(form: str, _: str) -> Attempt:
    tsa = leaf(TSA_ROOT, "Coder", kind="RSA-2048", start=NOW - 300 * DAY)
    return stamped(form, lambda signature: timestamp(tsa, signature, NOW - 60 * DAY))


@case("expired", says="not for timestamps alone")
def a_timestamper_for_more_than_timestamps(form: str, _: str) -> Attempt:
    tsa = timestamper(TSA_ROOT, purposes=("time_stamping", "code_signing"), start=NOW - 300 * DAY)
    return stamped(form, lambda signature: timestamp(tsa, signature, NOW - 60 * DAY))


@case("expired", says="does not name the certificate")
def a_timestamp_that_does_not_name_its_signer(form: str, _: str) -> Attempt:
    return stamped(form, lambda signature: timestamp(TSA, signature, NOW - 60 * DAY, names_signer=False))


@case("expired", says="names another certificate")
def a_timestamp_that_names_another_signer(form: str, _: str) -> Attempt:
    return stamped(form, lambda signature: timestamp(TSA, signature, NOW - 60 * DAY, named=SIGNER))


@case("expired", says="at the time of its timestamp")
def a_timestamp_after_the_certificate_expired(form: str, _: str) -> Attempt:
    return stamped(form, lambda signature: timestamp(TSA, signature, NOW - 39 * DAY))


@case("expired", says="at the time of its timestamp")
def a_timestamp_whose_accuracy_reaches_over_the_end(form: str, _: str) -> Attempt:
    at = NOW - 40 * DAY
    return stamped(form, lambda signature: timestamp(TSA, signature, at, accuracy=5))


@case("expired", says="at the time of its timestamp")
def a_baseline_timestamp_is_exact_to_a_second(form: str, _: str) -> Attempt:
    at = NOW - 40 * DAY
    return stamped(form, lambda signature: timestamp(TSA, signature, at, accuracy=None, policy=BASELINE_POLICY))


@case("expired", says="was not valid at its time")
def a_timestamp_outside_the_timestampers_validity(form: str, _: str) -> Attempt:
    tsa = timestamper(TSA_ROOT, start=NOW - 50 * DAY)
    return stamped(form, lambda signature: timestamp(tsa, signature, NOW - 60 * DAY))


@case("verified", says="logged only")
def a_bad_timestamp_at_level_permissive(form: str, _: str) -> Attempt:
    statements = [statement(level="permissive", trustStores=["ca:acme", "tsa:time"])]
    return stamped(form, lambda signature: timestamp(TSA, b"", NOW - 60 * DAY), statements=statements)

"""Keyless signatures: good ones, other signers, other times."""

from __future__ import annotations

import base64

from cryptography import x509

from tests.support.certificates import DAY, NOW, authority, timestamper
from tests.support.keyless_case import (
    OTHER,
    OURS,
    WORKFLOWS,
    Attempt,
    Image,
    attempt,
    case,
    changed_proof,
    entry_of,
    signature_of,
)
from tests.support.sigstore_world import (
    IDENTITY,
    MINUTE,
    SIGNED_AT,
    Instance,
    Signing,
    statement,
    text,
)


# ---------------------------------------------------------------- good ones
@case("verified")
def a_workflow(form: str, image: Image) -> Attempt:
    return attempt(form, image)


@case("verified")
def a_person(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(identity="ada@example.com"), identity="ada@example.com")


@case("verified")
def a_pattern(form: str, image: Image) -> Attempt:
    return attempt(form, image, pattern=WORKFLOWS)


@case("verified")
def an_issuer_in_the_old_form_only(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(old_issuer=True))


@case("verified", forms=("bundle",), differs="cosign reads bundles from registries from version 0.3 on")
def a_promise_alone_in_the_oldest_format(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    found.bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    material = found.bundle["verificationMaterial"]
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    del entry_of(found)["inclusionProof"]
    return found


# ---------------------------------------------------------------- who signed
@case("untrusted", says="who is not trusted")
def another_identity(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(identity=IDENTITY.replace("main", "feature")))


@case("untrusted", says="who is not trusted")
def an_identity_that_begins_like_it(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(identity=IDENTITY + "-2"))


@case("untrusted", says="who is not trusted")
def an_identity_in_capitals(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(identity=IDENTITY.replace("acme", "ACME")))


@case("untrusted", says="who is not trusted")
def the_identity_by_another_issuer(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(issuer="https://accounts.example.com"))


@case("untrusted", says="who is not trusted", differs="cosign's pattern need only be found somewhere in the identity")
def a_pattern_that_matches_a_part(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(identity="https://evil.example/?" + IDENTITY), pattern=WORKFLOWS)


@case("untrusted", says="no authority")
def another_instance(form: str, image: Image) -> Attempt:
    return attempt(form, image, instance=OTHER)


@case("untrusted", says="no authority")
def a_retired_authority(form: str, image: Image) -> Attempt:
    return attempt(form, image, root=Instance(end=SIGNED_AT - DAY))


@case("untrusted", says="no authority")
def an_authority_that_was_not_there_yet(form: str, image: Image) -> Attempt:
    how = Signing(signed_at=NOW - 350 * DAY, start=NOW - 350 * DAY, end=NOW - 349 * DAY)
    return attempt(form, image, how)


@case("untrusted", says="the log that proves it")
def another_log(form: str, image: Image) -> Attempt:
    mixed = Instance()
    mixed.__dict__["rekor"] = OTHER.rekor
    return attempt(form, image, instance=mixed)


@case("untrusted", says="no certificate log")
def another_certificate_log(form: str, image: Image) -> Attempt:
    mixed = Instance()
    mixed.__dict__["certificate_log"] = OTHER.certificate_log
    return attempt(form, image, instance=mixed)


@case("untrusted", says="no authority")
def a_self_signed_certificate(form: str, image: Image) -> Attempt:
    mixed = Instance()
    mixed.fulcio = authority("sigstore intermediate", kind="P-521")
    return attempt(form, image, instance=mixed)


@case("invalid", says="names 2 identities", differs="cosign takes the first of several names")
def two_identities(form: str, image: Image) -> Attempt:
    names = tuple(x509.UniformResourceIdentifier(name) for name in (IDENTITY, "https://evil.example"))
    return attempt(form, image, Signing(names=names))


# ---------------------------------------------------------------- when
@case("expired", says="was not valid at")
def a_certificate_that_had_expired(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(start=SIGNED_AT - DAY, end=SIGNED_AT - MINUTE))


@case("expired", says="was not valid at")
def a_certificate_that_was_not_valid_yet(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(start=SIGNED_AT + MINUTE))


@case("invalid", says="inclusion promise")
def a_time_that_the_log_did_not_state(form: str, image: Image) -> Attempt:
    found = attempt(form, image, Signing(start=SIGNED_AT - DAY, end=SIGNED_AT - MINUTE))
    return changed_proof(found, form, lambda parts: parts.update(time=parts["time"] - 3600))


@case("invalid", says="inclusion promise")
def a_time_after_the_certificate_that_the_log_did_not_state(form: str, image: Image) -> Attempt:
    return changed_proof(attempt(form, image), form, lambda parts: parts.update(time=parts["time"] + 86400))


@case("invalid", says="an inclusion promise or signed timestamp", forms=("bundle",))
def no_time(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    del entry_of(found)["inclusionPromise"]
    stamps = found.bundle["verificationMaterial"]
    stamps["timestampVerificationData"] = {"rfc3161Timestamps": []}
    return found


@case("verified", forms=("bundle",))
def a_timestamp_and_a_log_without_time(_form: str, image: Image) -> Attempt:
    return Attempt(bundle=OURS.timestamped(statement(image.digest)))


@case("verified", forms=("bundle",))
def a_timestamp_beside_the_promise(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    found.bundle["verificationMaterial"]["timestampVerificationData"] = OURS.stamp(signature_of(found), SIGNED_AT)
    return found


@case("invalid", says="verified time", forms=("bundle",))
def a_timestamp_of_nobody(_form: str, image: Image) -> Attempt:
    return Attempt(bundle=OURS.timestamped(statement(image.digest), by=timestamper(authority("Stampers"))))


@case("invalid", says="verified time", forms=("bundle",))
def a_timestamp_over_something_else(_form: str, image: Image) -> Attempt:
    found = Attempt(bundle=OURS.timestamped(statement(image.digest)))
    found.bundle["verificationMaterial"]["timestampVerificationData"] = OURS.stamp(b"something", SIGNED_AT)
    return found


@case("invalid", says="verified time", forms=("bundle",))
def an_unsigned_timestamp(_form: str, image: Image) -> Attempt:
    found = Attempt(bundle=OURS.timestamped(statement(image.digest)))
    stamp = found.bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]
    stamp["signedTimestamp"] = text(base64.b64decode(stamp["signedTimestamp"])[:-8] + bytes(8))
    return found


@case("expired", says="was not valid at", forms=("bundle",))
def a_certificate_that_had_expired_when_it_was_stamped(_form: str, image: Image) -> Attempt:
    how = Signing(start=SIGNED_AT - DAY, end=SIGNED_AT - MINUTE)
    return Attempt(bundle=OURS.timestamped(statement(image.digest), how))


@case("untrusted", says="the log that proves it", forms=("bundle",))
def another_log_without_time(_form: str, image: Image) -> Attempt:
    mixed = Instance()
    mixed.__dict__["stamper"] = OURS.stamper
    return Attempt(bundle=mixed.timestamped(statement(image.digest)))

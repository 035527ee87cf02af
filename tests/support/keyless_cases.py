"""Keyless signatures that hold and attacks on them, each with the state it must get and what cosign makes of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certificates import DAY, NOW, authority, key, timestamper
from tests.support.sigstore_world import (
    IDENTITY,
    ISSUER,
    MINUTE,
    SIGNED_AT,
    Instance,
    Signing,
    sign,
    statement,
    text,
)

OURS, OTHER = Instance(), Instance("elsewhere")
FORMS = ("bundle", "classic")
WORKFLOWS = r"https://github\.com/acme/[^/]+/\.github/workflows/release\.ya?ml@refs/(heads/main|tags/v.+)"


@dataclass(frozen=True)
class Image:
    """What is signed: its digest, and `host/path`."""

    digest: str
    repository: str


@dataclass
class Attempt:
    """`bundle` or `payload` and `annotations`; whom to trust, by whose root."""

    bundle: Any = None
    payload: bytes = b""
    annotations: dict[str, str] = field(default_factory=dict)
    identity: str = IDENTITY
    pattern: str = ""
    issuer: str = ISSUER
    root: Instance = field(default_factory=lambda: OURS)


@dataclass
class Case:
    """`differs`: why cosign comes to another answer than we; empty where it agrees."""

    name: str
    form: str
    state: str
    make: Callable[[str, Image], Attempt]
    says: str
    differs: str


CASES: list[Case] = []


def case(state: str, *, says: str = "", differs: str = "", forms: tuple[str, ...] = FORMS) -> Any:
    def add(make: Callable[[str, Image], Attempt]) -> Any:
        CASES.extend(Case(make.__name__, form, state, make, says, differs) for form in forms)
        return make

    return add


def simple(image: Image, **changes: str) -> bytes:
    """A classic signature's payload."""
    digest, repository = changes.get("digest", image.digest), changes.get("repository", image.repository)
    critical = {"identity": {"docker-reference": repository}, "image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"}  # fmt: skip
    return json.dumps({"critical": critical, "optional": None}).encode()


def attempt(form: str, image: Image, how: Signing | None = None, *, instance: Instance = OURS, **rest: Any) -> Attempt:
    if form == "bundle":
        return Attempt(bundle=instance.bundle(statement(image.digest), how), **rest)
    payload = simple(image)
    return Attempt(payload=payload, annotations=instance.classic(payload, how), **rest)


def entry_of(found: Attempt) -> dict[str, Any]:
    entry: dict[str, Any] = found.bundle["verificationMaterial"]["tlogEntries"][0]
    return entry


def changed_proof(found: Attempt, form: str, change: Callable[[dict[str, Any]], None]) -> Attempt:
    """The log's proof with something changed: `{promise, time, body}`."""
    if form == "bundle":
        entry = entry_of(found)
        parts = {"promise": entry["inclusionPromise"]["signedEntryTimestamp"], "time": int(entry["integratedTime"]), "body": entry["canonicalizedBody"]}  # fmt: skip
        change(parts)
        entry["inclusionPromise"]["signedEntryTimestamp"] = parts["promise"]
        entry |= {"integratedTime": str(parts["time"]), "canonicalizedBody": parts["body"]}
        return found
    proof = json.loads(found.annotations["dev.sigstore.cosign/bundle"])
    parts = {"promise": proof["SignedEntryTimestamp"], "time": proof["Payload"]["integratedTime"], "body": proof["Payload"]["body"]}  # fmt: skip
    change(parts)
    proof["SignedEntryTimestamp"] = parts["promise"]
    proof["Payload"] |= {"integratedTime": parts["time"], "body": parts["body"]}
    found.annotations["dev.sigstore.cosign/bundle"] = json.dumps(proof)
    return found


def signature_of(found: Attempt) -> bytes:
    return base64.b64decode(found.bundle["dsseEnvelope"]["signatures"][0]["sig"])


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


# ---------------------------------------------------------------- the log
@case("invalid", says="no proof of a transparency log")
def no_log(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    if form == "bundle":
        found.bundle["verificationMaterial"]["tlogEntries"] = []
    else:
        del found.annotations["dev.sigstore.cosign/bundle"]
    return found


@case("invalid", says="inclusion promise")
def a_promise_of_another_key(form: str, image: Image) -> Attempt:
    def forge(parts: dict[str, Any]) -> None:
        parts["promise"] = text(sign(key("P-256", "thief"), b"something"))

    return changed_proof(attempt(form, image), form, forge)


@case("invalid", says="")
def the_log_entry_of_another_signature(form: str, image: Image) -> Attempt:
    found, other = attempt(form, image), attempt(form, image)
    if form == "bundle":
        found.bundle["verificationMaterial"]["tlogEntries"] = other.bundle["verificationMaterial"]["tlogEntries"]
    else:
        found.annotations["dev.sigstore.cosign/bundle"] = other.annotations["dev.sigstore.cosign/bundle"]
    return found


@case("invalid", says="", forms=("bundle",))
def an_inclusion_proof_of_another_tree(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    entry_of(found)["inclusionProof"]["hashes"] = [text(bytes(32))]
    return found


@case("invalid", says="checkpoint", forms=("bundle",))
def a_checkpoint_of_another_log(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    proof = entry_of(found)["inclusionProof"]
    note, _, signature = proof["checkpoint"]["envelope"].partition("\n\n")
    name, value = signature.strip().rsplit(" ", 1)
    forged = base64.b64decode(value)[:4] + sign(key("P-256", "thief"), (note + "\n").encode())
    proof["checkpoint"]["envelope"] = f"{note}\n\n{name} {text(forged)}\n"
    return found


@case("invalid", says="checkpoint", forms=("bundle",))
def no_checkpoint(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    del entry_of(found)["inclusionProof"]["checkpoint"]
    return found


# ---------------------------------------------------------------- the certificate
@case("invalid", says="0 receipts")
def no_receipt_of_the_certificate_log(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(receipt=False))


@case("invalid", says="code signing")
def a_certificate_for_another_purpose(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)))


@case("invalid", says="digital signature", differs="Go does not look at the key usage of certificates that sign")
def a_certificate_with_another_key_usage(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(bits=("key_agreement",)))


@case("not_checked", says="ECDSA P-256", differs="our library reads no other keys in certificates, cosign does")
def a_key_on_another_curve(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(kind="P-384"))


# ---------------------------------------------------------------- what was signed
@case("invalid", says="does not hold")
def another_key(form: str, image: Image) -> Attempt:
    return attempt(form, image, Signing(signer_key=key("P-256", "thief")))


@case("invalid", says="another digest")
def another_digest(form: str, image: Image) -> Attempt:
    return attempt(form, Image("sha256:" + "b" * 64, image.repository))


@case("invalid", says="another repository", forms=("classic",), differs="cosign does not compare the name that was signed")  # fmt: skip
def another_repository(form: str, image: Image) -> Attempt:
    return attempt(form, Image(image.digest, "registry.example.com/team/other"))


@case("invalid", says="does not hold")
def a_payload_put_in_place(form: str, image: Image) -> Attempt:
    found = attempt(form, Image("sha256:" + "b" * 64, image.repository))
    if form == "bundle":
        found.bundle["dsseEnvelope"]["payload"] = text(statement(image.digest))
    else:
        found.payload = simple(image)
    return found


@case("invalid", says="is of the type", forms=("bundle",))
def the_payload_type_swapped(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    found.bundle["dsseEnvelope"]["payloadType"] = "text/plain"
    return found


@case("invalid", says="does not hold", forms=("bundle",))
def another_payload_type_was_signed(_form: str, image: Image) -> Attempt:
    found = Attempt(bundle=OURS.bundle(statement(image.digest), kind="text/plain"))
    found.bundle["dsseEnvelope"]["payloadType"] = "application/vnd.in-toto+json"
    return found


@case("invalid", says="one signature", forms=("bundle",))
def two_signatures(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    found.bundle["dsseEnvelope"]["signatures"] *= 2
    return found


@case("invalid", says="is there twice", forms=("bundle",))
def a_key_twice_in_the_statement(_form: str, image: Image) -> Attempt:
    body = statement("sha256:" + "b" * 64)[:-1] + b', "subject": ' + json.dumps([{"name": "", "digest": {"sha256": image.digest[7:]}}]).encode() + b"}"  # fmt: skip
    return Attempt(bundle=OURS.bundle(body))


@case("invalid", says="cannot be read", forms=("classic",))
def a_certificate_cut_off(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    found.annotations["dev.sigstore.cosign/certificate"] = found.annotations["dev.sigstore.cosign/certificate"][:200]
    return found


@case("not_checked", says="in 2 logs", forms=("bundle",))
def two_log_entries(form: str, image: Image) -> Attempt:
    found = attempt(form, image)
    second = OURS.bundle(statement(image.digest))["verificationMaterial"]["tlogEntries"]
    found.bundle["verificationMaterial"]["tlogEntries"] += second
    return found

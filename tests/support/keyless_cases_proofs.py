"""Keyless signatures: proofs, certificates and contents that are wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certificates import key
from tests.support.keyless_case import (
    OURS,
    Attempt,
    Image,
    attempt,
    case,
    changed_proof,
    entry_of,
    simple,
)
from tests.support.sigstore_world import (
    Signing,
    sign,
    statement,
    text,
)


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


@case("not_checked", says="parts that are not understood", forms=("bundle",))
def two_envelopes_by_two_spellings(form: str, image: Image) -> Attempt:
    """One reader takes the name in camel case, another the one of the protocol's definition."""
    found = attempt(form, Image("sha256:" + "b" * 64, image.repository))
    signed = found.bundle["dsseEnvelope"]
    found.bundle |= {"dsse_envelope": signed, "dsseEnvelope": signed | {"payload": text(statement(image.digest))}}
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

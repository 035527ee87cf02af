"""Signatures that hold and attacks on them, each with the state it must get and what notation-go makes of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from auditor.signatures.notation import Target
from tests.support.certificates import (
    BASELINE_POLICY,
    DAY,
    NOW,
    Party,
    authority,
    key,
    leaf,
    revocation_list,
    timestamp,
    timestamper,
)
from tests.support.notation import (
    AUTHENTIC_TIME,
    DIGEST,
    EXPIRY,
    OTHER,
    SCHEME,
    SIGNING_TIME,
    TARGET,
    Recipe,
    cose_parts,
    envelope,
    jws_parts,
    payload,
    statement,
    url,
)

PLUGIN, PLUGIN_VERSION = "io.cncf.notary.verificationPlugin", "io.cncf.notary.verificationPluginMinVersion"
AWS = "com.amazonaws.signer.notation.plugin"
PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"
YEAR = 365 * DAY


@dataclass
class Attempt:
    """One question: is this a good signature? `served`: revocation lists by path, for implementations that fetch."""

    content: bytes
    target: Target = TARGET
    statements: list[dict[str, Any]] = field(default_factory=lambda: [statement()])
    stores: dict[str, list[Party]] = field(default_factory=dict)
    served: dict[str, x509.CertificateRevocationList] = field(default_factory=dict)


@dataclass
class Case:
    """`differs`: why notation-go comes to another answer than we; empty where it agrees."""

    name: str
    form: str
    state: str
    make: Callable[[str, str], Attempt]
    says: str
    differs: str


CASES: list[Case] = []
ROOT, OTHER_ROOT = authority(), authority("Other root")
MIDDLE = authority("Middle", ROOT, path_length=0)
SIGNER = leaf(MIDDLE)
FORMS = ("jws", "cose")


def case(state: str, *, says: str = "", differs: str = "", forms: tuple[str, ...] = FORMS) -> Any:
    def add(make: Callable[[str, str], Attempt]) -> Any:
        CASES.extend(Case(make.__name__, form, state, make, says, differs) for form in forms)
        return make

    return add


def attempt(form: str, recipe: Recipe | None = None, *, stores: dict[str, list[Party]] | None = None, **rest: Any) -> Attempt:  # fmt: skip
    content = rest.pop("content", None) or envelope(form, recipe or Recipe(SIGNER))
    return Attempt(content, stores=stores or {"ca:acme": [ROOT]}, **rest)


# ---------------------------------------------------------------- good ones
@case("verified")
def a_plain_signature(form: str, _: str) -> Attempt:
    return attempt(form)


@case("verified")
def an_intermediate_is_trusted(form: str, _: str) -> Attempt:
    return attempt(form, stores={"ca:acme": [MIDDLE]})


@case("verified")
def an_expiry_ahead(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={EXPIRY: NOW + DAY}))


@case("verified")
def a_signing_authority(form: str, _: str) -> Attempt:
    statements = [statement(trustStores=["signingAuthority:acme"])]
    return attempt(form, Recipe(SIGNER, authority=True), statements=statements, stores={"signingAuthority:acme": [ROOT]})  # fmt: skip


@case("verified")
def an_expired_certificate_of_a_signing_authority_was_valid_when_it_signed(form: str, _: str) -> Attempt:
    signer = leaf(ROOT, start=NOW - 80 * DAY, end=NOW - 40 * DAY)
    statements = [statement(trustStores=["signingAuthority:acme"])]
    return attempt(form, Recipe(signer, authority=True, signed_at=NOW - 60 * DAY), statements=statements, stores={"signingAuthority:acme": [ROOT]})  # fmt: skip


@case("verified")
def a_trusted_identity(form: str, _: str) -> Attempt:
    return attempt(form, statements=[statement(trustedIdentities=["x509.subject: C=US, S=WA, O=Acme", "x509.subject: C=DE, ST=BE, O=Acme"])])  # fmt: skip


@case("verified")
def a_self_signed_certificate_that_is_trusted_itself(form: str, _: str) -> Attempt:
    alone = leaf(None, "Alone")
    return attempt(form, Recipe(alone), stores={"ca:acme": [alone]})


@case("verified")
def a_certificate_without_purposes(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, purposes=())))


@case("verified")
def rsa(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="RSA-2048")))


@case("verified")
def p384(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="P-384")))


@case("verified")
def p521(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="P-521")))


@case("verified")
def another_attribute_that_is_not_critical(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={"com.example.build": "7"}))


@case("verified")
def a_statement_for_everything(form: str, _: str) -> Attempt:
    return attempt(form, statements=[statement(registryScopes=["*"])])


# ---------------------------------------------------------------- who signed
@case("invalid", says="does not verify")
def another_key(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, key=key("P-256", "thief")))


@case("untrusted", says="leads to no certificate")
def another_authority(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(OTHER_ROOT)))


@case("untrusted", says="leads to no certificate")
def an_authority_of_the_same_name(form: str, _: str) -> Attempt:
    twin = authority("Root", kind="P-384")
    return attempt(form, Recipe(leaf(twin)))


@case("untrusted", says="leads to no certificate")
def a_self_signed_certificate(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(None)))


@case("untrusted", says="is no trusted identity")
def another_identity(form: str, _: str) -> Attempt:
    return attempt(form, statements=[statement(trustedIdentities=["x509.subject: C=US, ST=WA, O=Acme, CN=Somebody else"])])  # fmt: skip


@case("untrusted", says="cannot be compared")
def a_subject_without_the_mandatory_parts(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, names={"ST": ""})), statements=[statement(trustedIdentities=["x509.subject: C=US, ST=WA, O=Acme"])])  # fmt: skip


@case("untrusted", says="not supported")
def a_subject_with_an_unusual_part(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, names={"EMAIL": "a@example.com"})), statements=[statement(trustedIdentities=["x509.subject: C=US, ST=WA, O=Acme"])])  # fmt: skip


@case("untrusted", says="leads to no certificate")
def the_store_of_another_statement(form: str, _: str) -> Attempt:
    statements = [statement(), statement(name="other", registryScopes=["registry.example.com/other"], trustStores=["ca:other"])]  # fmt: skip
    return attempt(form, Recipe(leaf(OTHER_ROOT)), statements=statements, stores={"ca:acme": [ROOT], "ca:other": [OTHER_ROOT]})  # fmt: skip


@case("untrusted", says="signingAuthority stores")
def a_signing_authority_that_is_trusted_as_ca_only(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, authority=True))


@case("not_checked", says="no trust policy covers")
def another_repository_scope(form: str, _: str) -> Attempt:
    return attempt(form, target=replace(TARGET, repository="registry.example.com/team/other"))


@case("not_checked", says="skips verification")
def the_level_skip(form: str, _: str) -> Attempt:
    return attempt(form, statements=[statement(level="skip", trustStores=[], trustedIdentities=[])])


@case("not_checked", says="does not enforce trust", differs="notation lets the level audit pass; a signature is not verified where nobody must be trusted")  # fmt: skip
def the_level_audit(form: str, _: str) -> Attempt:
    return attempt(form, statements=[statement(level="audit")])


@case("untrusted", says="leads to no certificate", differs="notation lets the level audit pass and only logs; we report what it logs")  # fmt: skip
def another_authority_at_level_audit(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(OTHER_ROOT)), statements=[statement(level="audit")])


# ---------------------------------------------------------------- what was signed
@case("invalid", says="another digest")
def another_digest(form: str, _: str) -> Attempt:
    return attempt(form, target=replace(TARGET, digest=OTHER))


@case("invalid", says="bytes, not")
def another_size(form: str, _: str) -> Attempt:
    return attempt(form, target=replace(TARGET, size=513))


@case("invalid", says="media type")
def another_media_type(form: str, _: str) -> Attempt:
    return attempt(form, target=replace(TARGET, media_type="application/vnd.oci.image.index.v1+json"))


@case("invalid", says="of the type")
def another_payload_type(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, content_type="application/json"))


@case("invalid", says="no targetArtifact")
def an_empty_payload(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, payload=b"{}"))


@case("invalid", says="is there twice", differs="Go takes the last of two keys with one name; another reader takes the first")  # fmt: skip
def a_key_twice_in_the_payload(form: str, _: str) -> Attempt:
    body = payload().replace(b'"digest"', b'"digest": "%s", "digest"' % OTHER.encode())
    return attempt(form, Recipe(SIGNER, payload=body))


@case("invalid", says="no targetArtifact", differs="Go matches names without regard to case")
def a_payload_in_capitals(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, payload=payload().replace(b"targetArtifact", b"TARGETARTIFACT")))


@case("invalid", says="the payload cannot be read")
def a_truncated_payload(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, payload=payload()[:-2]))


# ---------------------------------------------------------------- how it was signed
@case("invalid", says="not understood", differs="notation-go 1.3.2 checks critical attributes only where a plugin is named; the specification wants unknown ones refused")  # fmt: skip
def an_unknown_critical_attribute(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={"com.example.x": "1"}, more_critical=("com.example.x",)))


@case("invalid", says="is not there")
def a_critical_attribute_that_is_missing(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, more_critical=("com.example.x",)))


@case("invalid", says="no list of critical")
def no_critical_attributes(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, critical=[]))


@case("invalid", says="not marked as critical")
def an_expiry_that_is_not_critical(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={EXPIRY: NOW + DAY}, critical=[SCHEME]))


@case("invalid", says="list of critical attributes is wrong", forms=("jws",))
def a_critical_attribute_twice(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, critical=[SCHEME, SCHEME]))


@case("invalid", says="marked as critical but is not there", forms=("jws",))
def a_header_of_the_format_is_critical(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, more_critical=("alg",)))


@case("invalid", says="signing scheme")
def an_unknown_scheme(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={SCHEME: "notary.pgp"}))


@case("invalid", says="is missing")
def no_signing_time(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={SIGNING_TIME: None}))


@case("invalid", says="is missing")
def no_authentic_time(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, authority=True, attributes={AUTHENTIC_TIME: None, SIGNING_TIME: NOW}))


@case("invalid", says="does not go with", forms=("jws",))
def both_times(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={AUTHENTIC_TIME: NOW}))


@case("invalid", says="is no time")
def a_time_that_is_none(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={SIGNING_TIME: "yesterday"}))


@case("invalid", says="before it was signed")
def an_expiry_before_the_signature(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={EXPIRY: NOW - 2 * DAY}))


@case("invalid", says="does not verify")
def the_algorithm_of_another_key(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, algorithm="ES384"))


@case("invalid", says="does not verify")
def an_algorithm_that_the_key_did_not_sign_with(form: str, _: str) -> Attempt:
    named = "PS256" if form == "jws" else -37
    return attempt(form, Recipe(SIGNER, named_algorithm=named))


@case("invalid", says="is not accepted")
def no_algorithm(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, named_algorithm="none" if form == "jws" else 99))


@case("invalid", says="is not accepted")
def a_symmetric_algorithm(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, named_algorithm="HS256" if form == "jws" else 5))


@case("invalid", says="is not accepted")
def pkcs1_padding(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="RSA-2048"), named_algorithm="RS256" if form == "jws" else -257))


@case("invalid", says="does not verify", differs="Go's JWT library takes a salt of any length; RFC 7518 wants it as long as the hash", forms=("jws",))  # fmt: skip
def a_short_salt(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="RSA-2048"), salt=8))


@case("invalid", says="does not verify", forms=("cose",))
def a_short_salt_in_cose(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="RSA-2048"), salt=8))


# ---------------------------------------------------------------- certificates
@case("invalid", says="end with a self-signed root")
def a_stripped_chain(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, chain=SIGNER.ders[:1]))


@case("invalid", says="end with a self-signed root")
def a_chain_without_its_root(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, chain=SIGNER.ders[:2]))


@case("invalid", says="chain is missing")
def no_chain(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, chain=[]))


@case("invalid", says="is not issued by the next")
def a_chain_in_the_wrong_order(form: str, _: str) -> Attempt:
    first, second, third = SIGNER.ders
    return attempt(form, Recipe(SIGNER, chain=[second, first, third]))


@case("invalid", says="before the end of the chain")
def a_second_root(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, chain=[*SIGNER.ders, ROOT.ders[0]]))


@case("invalid", says="is not issued by the next")
def a_trusted_root_tacked_on(form: str, _: str) -> Attempt:
    thief = leaf(authority("Thief"))
    return attempt(form, Recipe(thief, chain=[thief.ders[0], ROOT.ders[0]]))


@case("invalid", says="cannot be read")
def a_certificate_cut_off(form: str, _: str) -> Attempt:
    first, *rest = SIGNER.ders
    return attempt(form, Recipe(SIGNER, chain=[first[:-20], *rest]))


@case("invalid", says="lacks digitalSignature")
def a_key_usage_without_signatures(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, bits=("content_commitment",))))


@case("invalid", says="keyEncipherment")
def a_key_usage_with_too_much(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, bits=("digital_signature", "key_encipherment"))))


@case("invalid", says="has no key usage")
def no_key_usage(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, bits=None)))


@case("invalid", says="is not critical")
def a_key_usage_that_is_not_critical(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, bits_critical=False)))


@case("invalid", says="is for serverAuth")
def the_certificate_of_a_server(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, purposes=("server_auth",))))


@case("invalid", says="is for timeStamping")
def one_purpose_too_many(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, purposes=("code_signing", "time_stamping"))))


@case("invalid", says="is a certificate authority")
def an_authority_signs_itself(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, is_authority=True)))


@case("invalid", says="is no certificate authority")
def a_leaf_as_authority(form: str, _: str) -> Attempt:
    middle = authority("No authority", ROOT, is_authority=False)
    return attempt(form, Recipe(leaf(middle)))


@case("invalid", says="lacks keyCertSign")
def an_authority_that_may_not_issue(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(authority("Lists only", ROOT, bits=("crl_sign",)))))


@case("invalid", says="path length")
def a_chain_longer_than_allowed(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(authority("Below", MIDDLE))))


@case("invalid", says="neither RSA of 2048")
def a_key_of_a_size_in_between(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="RSA-2560")))


@case("invalid", says="too weak")
def a_weak_key(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(ROOT, kind="RSA-1024")))


@case("invalid", says="too weak", differs="notation checks the strength of the leaf's key only")
def an_authority_with_a_weak_key(form: str, _: str) -> Attempt:
    weak = authority("Weak", ROOT, kind="RSA-1024")
    return attempt(form, Recipe(leaf(weak)))


@case("invalid", says="critical extension", differs="notation does not look for critical extensions that it does not know; RFC 5280 wants them refused")  # fmt: skip
def an_unknown_critical_extension(form: str, _: str) -> Attempt:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    return attempt(form, Recipe(leaf(ROOT, more=((strange, True),))))


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


# ---------------------------------------------------------------- revocation
def with_lists(form: str, url_: str, *lists: x509.CertificateRevocationList, signer: Party, **rest: Any) -> Attempt:
    served = {f"/{number}.crl": one for number, one in enumerate(lists)}
    return attempt(form, Recipe(signer, **rest.pop("recipe", {})), served=served, **rest)


@case("verified")
def a_list_without_it(form: str, url_: str) -> Attempt:
    return with_lists(form, url_, revocation_list(ROOT), signer=leaf(ROOT, crl_url=url_ + "/0.crl"))


@case("revoked", says="is revoked")
def a_revoked_certificate(form: str, url_: str) -> Attempt:
    signer = leaf(ROOT, crl_url=url_ + "/0.crl")
    return with_lists(form, url_, revocation_list(ROOT, (signer,)), signer=signer)


@case("revoked", says="Middle")
def a_revoked_authority(form: str, url_: str) -> Attempt:
    middle = authority("Middle", ROOT, crl_url=url_ + "/0.crl")
    return with_lists(form, url_, revocation_list(ROOT, (middle,)), signer=leaf(middle))


@case("revoked", says="is revoked")
def a_certificate_on_hold(form: str, url_: str) -> Attempt:
    signer = leaf(ROOT, crl_url=url_ + "/0.crl")
    hold = revocation_list(ROOT, (signer,), reason=x509.ReasonFlags.certificate_hold)
    return with_lists(form, url_, hold, signer=signer)


@case("revoked", says="is revoked", differs="notation has no list where the certificate names none; ours was given by hand")  # fmt: skip
def a_revoked_certificate_that_names_no_list(form: str, url_: str) -> Attempt:
    signer = leaf(ROOT)
    return with_lists(form, url_, revocation_list(ROOT, (signer,)), signer=signer)


@case("revoked", says="is revoked", differs="notation's level permissive only logs revocation; a key known to be lost verifies nothing")  # fmt: skip
def a_revoked_certificate_at_level_permissive(form: str, url_: str) -> Attempt:
    signer = leaf(ROOT, crl_url=url_ + "/0.crl")
    return with_lists(form, url_, revocation_list(ROOT, (signer,)), signer=signer, statements=[statement(level="permissive")])  # fmt: skip


@case("verified")
def revocation_is_skipped(form: str, url_: str) -> Attempt:
    signer = leaf(ROOT, crl_url=url_ + "/0.crl")
    return with_lists(form, url_, revocation_list(ROOT, (signer,)), signer=signer, statements=[statement(override={"revocation": "skip"})])  # fmt: skip


@case("not_checked", says="revocation is not known")
def no_list_though_the_certificate_names_one(form: str, url_: str) -> Attempt:
    return with_lists(form, url_, signer=leaf(ROOT, crl_url=url_ + "/none.crl"))


@case("not_checked", says="revocation is not known")
def a_responder_only(form: str, url_: str) -> Attempt:
    return with_lists(form, url_, signer=leaf(ROOT, ocsp_url=url_ + "/ocsp"))


@case("verified", says="logged only: revocation is not known")
def no_list_at_level_permissive(form: str, url_: str) -> Attempt:
    return with_lists(form, url_, signer=leaf(ROOT, crl_url=url_ + "/none.crl"), statements=[statement(level="permissive")])  # fmt: skip


@case("not_checked", says="revocation is not known")
def an_outdated_list(form: str, url_: str) -> Attempt:
    old = revocation_list(ROOT, start=NOW - 9 * DAY, end=NOW - DAY)
    return with_lists(form, url_, old, signer=leaf(ROOT, crl_url=url_ + "/0.crl"))


@case("not_checked", says="revocation is not known")
def a_list_of_another_authority(form: str, url_: str) -> Attempt:
    return with_lists(form, url_, revocation_list(OTHER_ROOT), signer=leaf(ROOT, crl_url=url_ + "/0.crl"))


@case("not_checked", says="revocation is not known")
def a_forged_list(form: str, url_: str) -> Attempt:
    forged = revocation_list(ROOT, signer=key("P-256", "thief"))
    return with_lists(form, url_, forged, signer=leaf(ROOT, crl_url=url_ + "/0.crl"))


@case("verified")
def a_key_lost_after_an_authentic_signature(form: str, url_: str) -> Attempt:
    signer = leaf(ROOT, crl_url=url_ + "/0.crl")
    lost = revocation_list(ROOT, (signer,), since=NOW - DAY / 4)
    statements = [statement(trustStores=["signingAuthority:acme"])]
    return with_lists(form, url_, lost, signer=signer, recipe={"authority": True}, statements=statements, stores={"signingAuthority:acme": [ROOT]})  # fmt: skip


@case("revoked", says="is revoked")
def a_key_lost_after_a_signature_whose_time_is_a_claim(form: str, url_: str) -> Attempt:
    signer = leaf(ROOT, crl_url=url_ + "/0.crl")
    lost = revocation_list(ROOT, (signer,), since=NOW - DAY / 4)
    return with_lists(form, url_, lost, signer=signer)


@case("expired", says="is revoked")
def a_revoked_timestamper(form: str, url_: str) -> Attempt:
    tsa = timestamper(TSA_ROOT, start=NOW - 300 * DAY, crl_url=url_ + "/0.crl")
    return stamped(form, lambda signature: timestamp(tsa, signature, NOW - 60 * DAY), served={"/0.crl": revocation_list(TSA_ROOT, (tsa,))})  # fmt: skip


@case("expired", says="of its timestamp")
def a_timestamper_whose_revocation_is_not_known(form: str, url_: str) -> Attempt:
    tsa = timestamper(TSA_ROOT, start=NOW - 300 * DAY, crl_url=url_ + "/none.crl")
    return stamped(form, lambda signature: timestamp(tsa, signature, NOW - 60 * DAY))


# ---------------------------------------------------------------- plugins
def aws(form: str, *, statements: list[dict[str, Any]] | None = None, **attributes: Any) -> Attempt:
    values = {PLUGIN: AWS, PLUGIN_VERSION: "1.0.0", "com.amazonaws.signer.signingProfileVersion": PROFILE + "/abc", "com.amazonaws.signer.signingJob": "job", **attributes}  # fmt: skip
    recipe = Recipe(SIGNER, authority=True, attributes=values, more_critical=tuple(values))
    trusted = [statement(trustStores=["signingAuthority:aws-signer-ts"], trustedIdentities=[PROFILE])]
    return attempt(form, recipe, statements=statements or trusted, stores={"signingAuthority:aws-signer-ts": [ROOT]})


@case("not_checked", says="AWS Signer was not asked")
def aws_signer_where_revocation_is_enforced(form: str, _: str) -> Attempt:
    return aws(form)


@case("verified", says="AWS Signer was not asked", differs="notation-go stops where the plugin is not installed; its checks but revocation are done here")  # fmt: skip
def aws_signer_where_revocation_is_logged(form: str, _: str) -> Attempt:
    return aws(form, statements=[statement(override={"revocation": "log"}, trustStores=["signingAuthority:aws-signer-ts"], trustedIdentities=[PROFILE])])  # fmt: skip


@case("untrusted", says="is no trusted identity")
def aws_signer_with_another_profile(form: str, _: str) -> Attempt:
    return aws(form, **{"com.amazonaws.signer.signingProfileVersion": PROFILE + "s/abc"})


@case("untrusted", says="is no trusted identity")
def aws_signer_where_everybody_is_trusted(form: str, _: str) -> Attempt:
    return aws(form, statements=[statement(trustStores=["signingAuthority:aws-signer-ts"])])


@case("untrusted", says="is no trusted identity")
def aws_signer_with_a_trusted_subject(form: str, _: str) -> Attempt:
    return aws(form, statements=[statement(trustStores=["signingAuthority:aws-signer-ts"], trustedIdentities=["x509.subject: C=US, ST=WA, O=Acme"])])  # fmt: skip


@case("not_checked", says="AWS Signer was not asked")
def aws_signer_with_a_trusted_version(form: str, _: str) -> Attempt:
    return aws(form, statements=[statement(trustStores=["signingAuthority:aws-signer-ts"], trustedIdentities=[PROFILE + "/abc"])])  # fmt: skip


@case("untrusted", says="is no trusted identity")
def aws_signer_with_another_version(form: str, _: str) -> Attempt:
    return aws(form, statements=[statement(trustStores=["signingAuthority:aws-signer-ts"], trustedIdentities=[PROFILE + "/abd"])])  # fmt: skip


@case("untrusted", says="lacks what AWS Signer signs")
def aws_signer_under_another_scheme(form: str, _: str) -> Attempt:
    values = {PLUGIN: AWS, "com.amazonaws.signer.signingProfileVersion": PROFILE + "/abc", "com.amazonaws.signer.signingJob": "job"}  # fmt: skip
    recipe = Recipe(SIGNER, attributes=values, more_critical=tuple(values))
    return attempt(form, recipe, statements=[statement(trustedIdentities=[PROFILE])])


@case("invalid", says="is not understood")
def aws_signer_with_an_attribute_more(form: str, _: str) -> Attempt:
    return aws(form, **{"com.amazonaws.signer.new": "1"})


@case("not_checked", says="must decide as well")
def another_plugin(form: str, _: str) -> Attempt:
    values = {PLUGIN: "com.example.plugin", "com.example.x": "1"}
    return attempt(form, Recipe(SIGNER, attributes=values, more_critical=tuple(values)))


@case("untrusted", says="leads to no certificate")
def another_plugin_and_another_authority(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(leaf(OTHER_ROOT), attributes={PLUGIN: "com.example.plugin"}, more_critical=(PLUGIN,)))


@case("invalid", says="is not a critical text")
def a_plugin_that_is_not_critical(form: str, _: str) -> Attempt:
    return attempt(form, Recipe(SIGNER, attributes={PLUGIN: AWS}))


# ---------------------------------------------------------------- bytes of a JWS
def jws_attempt(change: Callable[[dict[str, Any]], Any], recipe: Recipe | None = None) -> Attempt:
    parts = jws_parts(recipe or Recipe(SIGNER))
    changed = change(parts)
    return attempt("jws", content=changed if isinstance(changed, bytes) else json.dumps(parts).encode())


@case("invalid", says="cannot be read", forms=("jws",))
def a_truncated_envelope(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: json.dumps(parts).encode()[:-3])


@case("invalid", says="there twice", differs="Go takes the last of two keys with one name", forms=("jws",))
def a_key_twice_in_the_envelope(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: b'{"payload": "e30", ' + json.dumps(parts).encode()[1:])


@case("invalid", says="there twice", differs="Go takes the last of two keys with one name", forms=("jws",))
def a_key_twice_in_the_protected_header(_form: str, _: str) -> Attempt:
    header = json.dumps({"alg": "ES256", "cty": "application/vnd.cncf.notary.payload.v1+json", "crit": [SCHEME], SCHEME: "notary.x509", SIGNING_TIME: "2026-01-01T00:00:00Z"})  # fmt: skip
    text = header.replace('"alg"', '"alg": "none", "alg"')
    return attempt("jws", content=json.dumps(jws_parts(Recipe(SIGNER), text)).encode())


@case("invalid", says="larger than", differs="notation bounds blobs where it downloads them, not where it verifies", forms=("jws",))  # fmt: skip
def an_oversized_envelope(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: json.dumps(parts | {"more": "x" * 1024 * 1024}).encode())


@case("invalid", says="no base64url without padding", forms=("jws",))
def padding_in_base64(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: parts.update(payload=base64.urlsafe_b64encode(payload()).decode() + "=" * 4))


@case("invalid", says="no base64url", forms=("jws",))
def standard_base64_for_url_safe(_form: str, _: str) -> Attempt:
    def swap(parts: dict[str, Any]) -> None:
        parts["signature"] = re.sub("[A-Za-z0-9]", "+", parts["signature"], count=1)

    return jws_attempt(swap)


@case("invalid", says="no base64url", differs="Go's decoder skips line breaks", forms=("jws",))
def a_line_break_in_base64(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: parts.update(signature=parts["signature"][:40] + "\n" + parts["signature"][40:]))


@case("invalid", says="bits to spare", differs="Go's decoder ignores the bits that are left over", forms=("jws",))
def spare_bits_in_base64(_form: str, _: str) -> Attempt:
    def spare(parts: dict[str, Any]) -> None:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        last = alphabet.index(parts["signature"][-1])
        parts["signature"] = parts["signature"][:-1] + alphabet[last | 1]

    return jws_attempt(spare)


@case("invalid", says="no JWS with one signature", forms=("jws",))
def several_signatures(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: json.dumps({"payload": parts["payload"], "signatures": [parts]}).encode())


@case("invalid", says="has no place", differs="notation takes headers that it does not use", forms=("jws",))
def a_key_in_the_header(_form: str, _: str) -> Attempt:
    return attempt("jws", Recipe(SIGNER, attributes={"jwk": {"kty": "EC"}}))


@case("invalid", says="is missing", forms=("jws",))
def no_signature(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: parts.update(signature=""))


@case("invalid", says="does not verify", forms=("jws",))
def a_signature_in_der(_form: str, _: str) -> Attempt:
    signer = SIGNER.key

    def der(parts: dict[str, Any]) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        message = f"{parts['protected']}.{parts['payload']}".encode()
        parts["signature"] = url(signer.sign(message, ec.ECDSA(hashes.SHA256())))

    return jws_attempt(der)


@case("invalid", says="does not verify", forms=("jws",))
def a_signature_of_zeros(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: parts.update(signature=url(bytes(64))))


@case("invalid", says="another digest", forms=("jws",))
def the_payload_of_another_signature(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: parts.update(payload=url(payload(OTHER))))


@case("invalid", says="does not verify", forms=("jws",))
def a_payload_put_in_place(_form: str, _: str) -> Attempt:
    return jws_attempt(lambda parts: parts.update(payload=url(payload(DIGEST))), Recipe(SIGNER, payload=payload(OTHER)))


# ---------------------------------------------------------------- bytes of a COSE message
def cose_attempt(change: Callable[[list[Any]], Any], recipe: Recipe | None = None) -> Attempt:
    parts = cose_parts(recipe or Recipe(SIGNER))
    changed = change(parts)
    content = changed if isinstance(changed, bytes) else cbor2.dumps(cbor2.CBORTag(18, parts))
    return attempt("cose", content=content)


@case("invalid", says="no COSE_Sign1", forms=("cose",))
def no_tag(_form: str, _: str) -> Attempt:
    return cose_attempt(cbor2.dumps)


@case("invalid", says="no plain CBOR", forms=("cose",))
def a_truncated_message(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: cbor2.dumps(cbor2.CBORTag(18, parts))[:-3])


@case("invalid", says="bytes follow", forms=("cose",))
def bytes_after_the_message(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: cbor2.dumps(cbor2.CBORTag(18, parts)) + b"\x00")


@case("invalid", says="no plain CBOR", forms=("cose",))
def a_label_twice(_form: str, _: str) -> Attempt:
    raw = cose_parts(Recipe(SIGNER))[0]
    twice = bytes([raw[0] + 1]) + raw[1:] + b"\x01\x26"
    return attempt("cose", content=cbor2.dumps(cbor2.CBORTag(18, cose_parts(Recipe(SIGNER), twice))))


@case("invalid", says="no plain CBOR", forms=("cose",))
def an_indefinite_length(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: b"\xd2\x9f" + b"".join(cbor2.dumps(part) for part in parts) + b"\xff")


@case("invalid", says="protected and unprotected", differs="notation does not look at labels that stand on both sides", forms=("cose",))  # fmt: skip
def a_label_on_both_sides(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: parts[1].update({3: "text/plain"}))


@case("invalid", says="is no time", forms=("cose",))
def a_time_without_its_tag(_form: str, _: str) -> Attempt:
    return attempt("cose", Recipe(SIGNER, attributes={SIGNING_TIME: int(NOW.timestamp())}))


@case("invalid", says="no list of byte strings", forms=("cose",))
def a_chain_of_texts(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: parts[1].update({33: ["a", "b"]}))


@case("invalid", says="chain is missing", forms=("cose",))
def a_chain_that_is_no_list(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: parts[1].update({33: SIGNER.ders[0]}))


@case("invalid", says="lacks payload", forms=("cose",))
def a_detached_payload(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: parts.__setitem__(2, None))


@case("invalid", says="does not verify", forms=("cose",))
def another_payload(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: parts.__setitem__(2, payload(DIGEST)), Recipe(SIGNER, payload=payload(OTHER)))


@case("invalid", says="larger than", differs="notation bounds blobs where it downloads them, not where it verifies", forms=("cose",))  # fmt: skip
def an_oversized_message(_form: str, _: str) -> Attempt:
    return cose_attempt(lambda parts: parts[1].update({"more": bytes(1024 * 1024)}))

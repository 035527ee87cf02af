"""notation signatures: good ones, other signers, other contents, other algorithms and attributes."""

from __future__ import annotations

from dataclasses import replace

from tests.support.certificates import (
    DAY,
    NOW,
    authority,
    key,
    leaf,
)
from tests.support.notation import (
    AUTHENTIC_TIME,
    EXPIRY,
    OTHER,
    SCHEME,
    SIGNING_TIME,
    TARGET,
    Recipe,
    payload,
    statement,
)
from tests.support.notation_case import (
    MIDDLE,
    OTHER_ROOT,
    ROOT,
    SIGNER,
    Attempt,
    attempt,
    case,
)


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

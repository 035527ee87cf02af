"""notation signatures: plugins, and envelopes whose bytes are wrong."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes

from tests.support.certificates import (
    NOW,
    leaf,
)
from tests.support.notation import (
    DIGEST,
    OTHER,
    SCHEME,
    SIGNING_TIME,
    Recipe,
    cose_parts,
    jws_parts,
    payload,
    statement,
    url,
)
from tests.support.notation_case import (
    AWS,
    OTHER_ROOT,
    PLUGIN,
    PLUGIN_VERSION,
    PROFILE,
    ROOT,
    SIGNER,
    Attempt,
    attempt,
    case,
)


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

"""notation signatures: certificates of the wrong shape, and revoked ones."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from tests.support.certificates import (
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
    Recipe,
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
from tests.support.notation_cases_time import TSA_ROOT, stamped


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

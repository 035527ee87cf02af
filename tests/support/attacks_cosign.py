"""Attacks on cosign's signatures, with a key and keyless, classic and as bundles."""

from __future__ import annotations

import hmac
import json
import re

from tests.support.attacks import IN_TOTO, KEY, STRANGER, AttackWorld, attack
from tests.support.keyless_cases import CASES, Image
from tests.support.registries import EMPTY, MANIFEST
from tests.support.signed_world import ANNOTATIONS, BUNDLE, LEGACY
from tests.support.sigstore_world import pae, sign, statement, text

BUNDLES, CLASSIC = "cosign key bundle", "cosign key classic"
ELSEWHERE = "sha256:" + "b" * 64
SIGNATURE = "dev.cosignproject.cosign/signature"


def attach(world: AttackWorld, case: str, document: object) -> None:
    world.attach_bundle(case, json.dumps(document).encode())


# ---------------------------------------------------------------- who and what
@attack("other key", BUNDLES, "untrusted")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.sign(case, "stranger")


@attack("other key", CLASSIC, "untrusted")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.sign(case, "stranger", LEGACY)


@attack("other digest", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    attach(world, case, world.bundle(statement(ELSEWHERE)))


@attack("other digest", CLASSIC, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.classic(case, world.signed(world.simple(case, digest=ELSEWHERE)))


@attack("other repository", CLASSIC, "invalid", differs="cosign does not compare the name that was signed")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.classic(case, world.signed(world.simple(case, repository=f"{world.host}/another")))


@attack("replayed signature", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case, "v0")
    world.sign(case)
    old = world.bundle_of(case)
    world.image(case)
    world.attach_bundle(case, old)


@attack("replayed signature", CLASSIC, "invalid")
def _(world: AttackWorld, case: str) -> None:
    old = world.image(case, "v0")
    world.sign(case, "release", LEGACY)
    contents, document = world.blobs_of(case, f"sha256-{old[7:]}.sig")
    world.image(case)
    world.classic(case, (contents[0], document["layers"][0]["annotations"]))


# ---------------------------------------------------------------- how it is written
@attack("truncated JSON", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.attach_bundle(case, json.dumps(world.bundle(statement(world.digest(case)))).encode()[:-2])


@attack("truncated JSON", CLASSIC, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.classic(case, world.signed(world.simple(case)[:-2]))


@attack("duplicated JSON", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    body = json.dumps(world.bundle(statement(world.digest(case))))
    world.attach_bundle(case, body.replace('"dsseEnvelope"', '"dsseEnvelope": {}, "dsseEnvelope"').encode())


@attack("duplicated JSON", CLASSIC, "invalid", differs="Go takes the last of two keys with one name")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    key = b'"docker-manifest-digest"'
    world.classic(case, world.signed(world.simple(case).replace(key, key + b': "%s", ' % ELSEWHERE.encode() + key)))


@attack("oversized", CLASSIC, "invalid", differs="cosign reads payloads up to 128 MiB, we up to 128 KiB")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    document = json.loads(world.simple(case)) | {"optional": {"more": "x" * 200_000}}
    world.classic(case, world.signed(json.dumps(document).encode()))


@attack("oversized", BUNDLES, "unknown", differs="cosign reads bundles up to 128 MiB, we up to 16 MiB")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    document = json.loads(statement(world.digest(case))) | {"predicate": {"more": "x" * 13_000_000}}
    attach(world, case, world.bundle(json.dumps(document).encode()))


@attack("base64 variants", BUNDLES, "invalid", differs="Go's decoder skips line breaks")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    document = world.bundle(statement(world.digest(case)))
    document["dsseEnvelope"]["payload"] = re.sub("(.{40})", "\\1\n", document["dsseEnvelope"]["payload"], count=1)
    attach(world, case, document)


@attack("base64 variants", CLASSIC, "invalid", differs="Go's decoder skips line breaks")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    content, more = world.signed(world.simple(case))
    world.classic(case, (content, {SIGNATURE: more[SIGNATURE][:40] + "\n" + more[SIGNATURE][40:]}))


@attack("base64 variants, spare bits", CLASSIC, "invalid", differs="Go's decoder ignores the bits that are left over")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    content = world.simple(case)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    while not (signature := text(sign(KEY, content))).endswith("="):
        continue
    body = signature.rstrip("=")
    spare = body[:-1] + alphabet[alphabet.index(body[-1]) | 1] + "=" * (len(signature) - len(body))
    world.classic(case, (content, {SIGNATURE: spare}))


@attack("algorithm confusion", BUNDLES, "untrusted")
def _(world: AttackWorld, case: str) -> None:
    """The public key's bytes as a shared secret."""
    world.image(case)
    body = statement(world.digest(case))
    document = world.bundle(body)
    forged = hmac.digest((world.folder / "release.pub").read_bytes(), pae(IN_TOTO, body), "sha256")
    document["dsseEnvelope"]["signatures"] = [{"sig": text(forged)}]
    attach(world, case, document)


# ---------------------------------------------------------------- DSSE
@attack("DSSE payload type swapped", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    document = world.bundle(statement(world.digest(case)))
    document["dsseEnvelope"]["payloadType"] = "text/plain"
    attach(world, case, document)


@attack("DSSE payload type swapped, signed as text", BUNDLES, "untrusted")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    document = world.bundle(statement(world.digest(case)), kind="text/plain")
    document["dsseEnvelope"]["payloadType"] = IN_TOTO
    attach(world, case, document)


@attack("PAE ambiguity", BUNDLES, "untrusted")
def _(world: AttackWorld, case: str) -> None:
    """A type that was signed with a space and a payload in it, split elsewhere."""
    world.image(case)
    body = statement(world.digest(case))
    signed = pae(f"{IN_TOTO} {len(body)} {body.decode()}", b"")
    attach(world, case, world.bundle(body, message=signed))


@attack("PAE ambiguity, no lengths", BUNDLES, "untrusted")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    body = statement(world.digest(case))
    attach(world, case, world.bundle(body, message=b"DSSEv1 %s %s" % (IN_TOTO.encode(), body)))


@attack("PAE ambiguity, payload alone", BUNDLES, "untrusted")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    body = statement(world.digest(case))
    attach(world, case, world.bundle(body, message=body))


# ---------------------------------------------------------------- what stands around it
@attack("index versus child", CLASSIC)
def _(world: AttackWorld, case: str) -> None:
    """The index is signed; its child, which is run, is not."""
    child = world.push.image(case, "v1", content=case.encode())
    world.images[case] = world.push.index(case, "all", [child])
    world.sign(case, "release", LEGACY)
    world.images[case] = child


@attack("index versus child, the child's", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    """The child is signed; its signature is put under the index."""
    child = world.push.image(case, content=case.encode())
    world.images[case] = world.push.index(case, "v1", [child])
    attach(world, case, world.bundle(statement(child["digest"])))


@attack("tag moved", CLASSIC)
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.sign(case, "release", LEGACY)
    world.images[case] = world.push.image(case, "v1", content=b"built later")


@attack("tag moved", BUNDLES)
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.sign(case)
    world.images[case] = world.push.image(case, "v1", content=b"built later, too")


@attack("two signatures, one bad", CLASSIC, "verified")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    content = world.simple(case)
    world.classic(case, world.signed(content, STRANGER), (content, {SIGNATURE: "AAAA"}), world.signed(content))


@attack("two signatures, one bad", BUNDLES, "invalid", "verified")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    attach(world, case, world.bundle(statement(ELSEWHERE)))
    attach(world, case, world.bundle(statement(world.digest(case))))


@attack("signature on fallback index forged", BUNDLES)
def _(world: AttackWorld, case: str) -> None:
    """The index under the fallback tag lists a manifest of another image as this one's signature."""
    world.image(case)
    other = world.push.image(case, "other", content=b"signed")
    layer = world.push.blob(case, json.dumps(world.bundle(statement(world.digest(case)), STRANGER)).encode(), BUNDLE)
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "config": world.push.blob(case, b"{}", EMPTY), "layers": [layer], "annotations": ANNOTATIONS, "subject": other}  # fmt: skip
    entry = world.push.manifest(case, document) | {"artifactType": BUNDLE, "annotations": ANNOTATIONS}
    world.push.index(case, f"sha256-{world.digest(case)[7:]}", [entry])


@attack("signature on fallback index forged, the image itself", BUNDLES)
def _(world: AttackWorld, case: str) -> None:
    """The index lists the image as its own signature."""
    world.image(case)
    entry = world.images[case] | {"artifactType": BUNDLE, "annotations": ANNOTATIONS}
    world.push.index(case, f"sha256-{world.digest(case)[7:]}", [entry])


@attack("empty", CLASSIC, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.classic(case)


@attack("empty, no signature", CLASSIC, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.classic(case, (world.simple(case), {SIGNATURE: ""}))


@attack("empty", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    attach(world, case, {})


@attack("empty, no signatures in the envelope", BUNDLES, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    document = world.bundle(statement(world.digest(case)))
    document["dsseEnvelope"]["signatures"] = []
    attach(world, case, document)


# ---------------------------------------------------------------- keyless
KEYLESS = {
    "other key": "another_key",
    "other digest": "another_digest",
    "other repository": "another_repository",
    "other identity": "another_identity",
    "other issuer": "the_identity_by_another_issuer",
    "stripped chain": "a_workflow",
    "expired certificate": "a_certificate_that_had_expired",
    "key usage": "a_certificate_with_another_key_usage",
    "wrong EKU": "a_certificate_for_another_purpose",
    "self-signed": "a_self_signed_certificate",
    "unsigned timestamp": "an_unsigned_timestamp",
    "timestamp of nobody": "a_timestamp_of_nobody",
    "unsigned time of the log": "a_time_that_the_log_did_not_state",
    "replayed log entry": "the_log_entry_of_another_signature",
    "no log entry": "no_log",
}
"""Name of an attack -> the case in `keyless_cases`, which has its state and what cosign says."""


def _keyless(name: str) -> None:
    chained = ("classic",) if name == "stripped chain" else ("bundle", "classic")  # a bundle has no chain
    for case in [case for case in CASES if case.name == KEYLESS[name] and case.form in chained]:

        @attack(name, f"cosign keyless {case.form}", case.state, differs=case.differs)
        def _(world: AttackWorld, where: str, case=case) -> None:  # type: ignore[no-untyped-def]
            digest = world.image(where)
            made = case.make(case.form, Image(digest, f"{world.host}/{where}"))
            if made.bundle is not None:
                attach(world, where, made.bundle)
                return
            if name == "stripped chain":
                del made.annotations["dev.sigstore.cosign/chain"]
            world.classic(where, (made.payload, made.annotations))


for _name in KEYLESS:
    _keyless(_name)

"""Attacks on notation's signatures, JWS and COSE; many more are held against notation-go in `notation_cases`."""

from __future__ import annotations

import json

from tests.support import notation
from tests.support.attacks import NOBODY, OTHER_ROOT, ROOT, SCOPED, TSA_ROOT, AttackWorld, attack
from tests.support.certificates import DAY, NOW, authority, key, leaf, timestamp, timestamper
from tests.support.notation import EXPIRY, Recipe

JWS, COSE = "notation jws", "notation cose"
SIGNER = leaf(ROOT)
OLD = leaf(ROOT, "Old", start=NOW - 90 * DAY, end=NOW - DAY)
STAMPER = timestamper(TSA_ROOT, start=NOW - 300 * DAY)
TWICE = "Go takes the last of two keys with one name"


def recipe(name: str, state: str, *forms: str, make: object, differs: str = "") -> None:
    """An attack that is a recipe; `make` gives a new one."""
    for tool in forms or (JWS, COSE):

        @attack(name, tool, state, differs=differs)
        def _(world: AttackWorld, case: str, form: str = tool.split()[1]) -> None:
            world.image(case)
            world.notary(case, form, make(form))  # type: ignore[operator]


recipe("other key", "invalid", make=lambda _: Recipe(SIGNER, key=key("P-256", "a thief's")))
recipe("other authority", "untrusted", make=lambda _: Recipe(leaf(NOBODY)))
recipe("other digest", "invalid", make=lambda _: Recipe(SIGNER, payload=notation.payload(notation.OTHER)))
recipe("stripped chain", "invalid", make=lambda _: Recipe(SIGNER, chain=SIGNER.ders[:1]))
recipe("expired certificate", "expired", make=lambda _: Recipe(OLD, signed_at=NOW - 60 * DAY))
recipe("expired signature", "expired", make=lambda _: Recipe(SIGNER, attributes={EXPIRY: NOW - DAY}, signed_at=NOW - 2 * DAY))  # fmt: skip
recipe("unknown critical header", "invalid", make=lambda _: Recipe(SIGNER, attributes={"com.example.x": "1"}, more_critical=("com.example.x",)), differs="notation-go 1.3.2 looks at critical headers only where a plugin is named")  # fmt: skip
recipe("algorithm confusion", "invalid", make=lambda form: Recipe(SIGNER, named_algorithm="HS256" if form == "jws" else 5))  # fmt: skip
recipe("algorithm confusion, none", "invalid", make=lambda form: Recipe(SIGNER, named_algorithm="none" if form == "jws" else 99))  # fmt: skip
recipe("key usage", "invalid", make=lambda _: Recipe(leaf(ROOT, bits=("key_agreement",))))
recipe("wrong EKU", "invalid", make=lambda _: Recipe(leaf(ROOT, purposes=("server_auth",))))
recipe("self-signed", "untrusted", make=lambda _: Recipe(leaf(None)))
recipe(SCOPED, "untrusted", make=lambda _: Recipe(leaf(OTHER_ROOT)))
recipe("unsigned timestamp", "expired", make=lambda _: Recipe(OLD, signed_at=NOW - 60 * DAY, stamp=lambda signature: timestamp(STAMPER, signature, NOW - 60 * DAY)[:-8] + bytes(8)))  # fmt: skip
recipe("timestamp of nobody", "expired", make=lambda _: Recipe(OLD, signed_at=NOW - 60 * DAY, stamp=lambda signature: timestamp(timestamper(authority("Anybody")), signature, NOW - 60 * DAY)))  # fmt: skip
recipe("timestamped in time", "verified", make=lambda _: Recipe(OLD, signed_at=NOW - 60 * DAY, stamp=lambda signature: timestamp(STAMPER, signature, NOW - 60 * DAY)))  # fmt: skip


@attack("replayed signature", JWS, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case, "v0")
    old = world.notary_payload(case)
    world.image(case)
    world.notary(case, "jws", Recipe(SIGNER, payload=old))


@attack("revoked", JWS, "revoked")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.notary(case, "jws", Recipe(world.revoked[0]))


@attack("revoked", COSE, "revoked")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.notary(case, "cose", Recipe(world.revoked[0]))


@attack("truncated JSON", JWS, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.envelope(case, "jws", notation.jws(Recipe(SIGNER, payload=world.notary_payload(case)))[:-2])


@attack("truncated CBOR", COSE, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.envelope(case, "cose", notation.cose(Recipe(SIGNER, payload=world.notary_payload(case)))[:-2])


@attack("duplicated JSON", JWS, "invalid", differs=TWICE)
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    body = notation.jws(Recipe(SIGNER, payload=world.notary_payload(case)))
    world.envelope(case, "jws", b'{"payload": "e30", ' + body[1:])


@attack("duplicated JSON, in the payload", JWS, "invalid", differs=TWICE)
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    body = world.notary_payload(case).replace(b'"digest"', b'"digest": "%s", "digest"' % notation.OTHER.encode())
    world.notary(case, "jws", Recipe(SIGNER, payload=body))


@attack("base64 variants", JWS, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    parts = notation.jws_parts(Recipe(SIGNER, payload=world.notary_payload(case)))
    parts["payload"] += "=" * (-len(parts["payload"]) % 4 or 4)
    world.envelope(case, "jws", json.dumps(parts).encode())


@attack("base64 variants, line break", JWS, "invalid", differs="Go's decoder skips line breaks")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    parts = notation.jws_parts(Recipe(SIGNER, payload=world.notary_payload(case)))
    parts["signature"] = parts["signature"][:40] + "\n" + parts["signature"][40:]
    world.envelope(case, "jws", json.dumps(parts).encode())


@attack("oversized", JWS, "invalid", differs="notation bounds what it downloads, not what it verifies")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    parts = notation.jws_parts(Recipe(SIGNER, payload=world.notary_payload(case)))
    world.envelope(case, "jws", json.dumps(parts | {"more": "x" * 1024 * 1024}).encode())


@attack("index versus child", COSE, "invalid")
def _(world: AttackWorld, case: str) -> None:
    """The child is signed; its signature is put under the index."""
    world.images[case] = world.push.image(case, content=case.encode())
    child = world.notary_payload(case)
    world.images[case] = world.push.index(case, "v1", [world.images[case]])
    world.notary(case, "cose", Recipe(SIGNER, payload=child))


@attack("two signatures, one bad", JWS, "untrusted", "verified")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.notary(case, "cose", Recipe(leaf(NOBODY)))
    world.notary(case, "jws", Recipe(SIGNER))


@attack("empty", JWS, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.envelope(case, "jws", b"{}")


@attack("empty", COSE, "invalid")
def _(world: AttackWorld, case: str) -> None:
    world.image(case)
    world.envelope(case, "cose", b"\x00")

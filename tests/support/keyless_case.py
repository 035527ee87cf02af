"""What a case of a keyless signature is, and who signs in most of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.sigstore_world import (
    IDENTITY,
    ISSUER,
    Instance,
    Signing,
    statement,
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

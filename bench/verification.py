"""Verification of 10,000 ECDSA P-256 signatures by a trusted key, classic ones and bundles, against bare ECDSA."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from auditor.signatures.cosign import BUNDLE_TYPE, SIGN_PREDICATE, SIGNATURE_ANNOTATION
from auditor.signatures.dsse import IN_TOTO, Envelope
from auditor.signatures.keys import read_key
from auditor.signatures.verifier import KeyTrust, Target, Verifier

SIGNATURES = 10_000
BUDGET_S = 15.0
PROCESSES = 2
HOST = "registry.example.com"
MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
_KEY = ec.derive_private_key(0x5EED, ec.SECP256R1())
"""The same one in every process."""
_PEM = _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
_SHA256 = ec.ECDSA(hashes.SHA256())


def _digest(number: int) -> str:
    return f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}"


def _payload(number: int) -> bytes:
    critical = {
        "identity": {"docker-reference": f"{HOST}/team/app"},
        "image": {"docker-manifest-digest": _digest(number)},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": critical, "optional": None}).encode()


def _statement(number: int) -> bytes:
    subject = [{"name": "", "digest": {"sha256": _digest(number).partition(":")[2]}}]
    kind = "https://in-toto.io/Statement/v1"
    return json.dumps({"_type": kind, "subject": subject, "predicateType": SIGN_PREDICATE, "predicate": {}}).encode()


def _bundle(number: int) -> bytes:
    payload = _statement(number)
    signature = _KEY.sign(Envelope(IN_TOTO, payload, ()).signed_bytes(), _SHA256)
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": IN_TOTO,
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }
    material = {"publicKey": {"hint": "key"}}
    return json.dumps({"mediaType": BUNDLE_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope}).encode()


def _timed(numbers: range, one: Callable[[int], Callable[[], object]]) -> float:
    """Seconds for the calls that `one` prepares."""
    prepared = [one(number) for number in numbers]
    started = time.perf_counter()
    for call in prepared:
        call()
    return time.perf_counter() - started


def _classic(number: int) -> Callable[[], object]:
    payload = _payload(number)
    annotations = {SIGNATURE_ANNOTATION: base64.b64encode(_KEY.sign(payload, _SHA256)).decode()}
    target = Target(_digest(number), f"{HOST}/team/app", MEDIA_TYPE, 500)
    verifier = Verifier((KeyTrust(read_key(_PEM, "release")),))
    return lambda: _verified(verifier.classic(payload, annotations, target).outcome.state)


def _bundled(number: int) -> Callable[[], object]:
    content = _bundle(number)
    target = Target(_digest(number), f"{HOST}/team/app", MEDIA_TYPE, 500)
    verifier = Verifier((KeyTrust(read_key(_PEM, "release")),))
    return lambda: _verified(verifier.bundle(content, target).outcome.state)


def _bare(number: int) -> Callable[[], object]:
    payload, key = _payload(number), _KEY.public_key()
    signature = _KEY.sign(payload, _SHA256)
    return lambda: key.verify(signature, payload, _SHA256)


def _verified(state: str) -> None:
    assert state == "verified", state


_KINDS = {"classic": _classic, "bundle": _bundled, "bare ECDSA": _bare}


def measure(kind: str, start: int, stop: int) -> float:
    """Seconds that one process needs for its part."""
    return _timed(range(start, stop), _KINDS[kind])


def main() -> None:
    """Print the figures and the ratios."""
    seconds: dict[str, float] = {}
    part = SIGNATURES // PROCESSES
    with ProcessPoolExecutor(PROCESSES) as pool:
        for kind in _KINDS:
            parts = [pool.submit(measure, kind, start, start + part) for start in range(0, SIGNATURES, part)]
            seconds[kind] = max(done.result() for done in parts)
    bare = seconds.pop("bare ECDSA")
    print(f"verify {SIGNATURES:,} ECDSA P-256 signatures in {PROCESSES} processes; bare ECDSA: {bare:.2f} s")
    for kind, found in seconds.items():
        print(f"  {kind}: {found:.2f} s (at most {BUDGET_S:g}), {found / bare:.2f} times bare ECDSA")

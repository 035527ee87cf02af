"""notation envelopes made by hand, so that every part can be wrong, and the reference implementation to compare with."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from auditor.signatures.notation import COSE, JWS, Target
from tests.support.certificates import DAY, NOW, Party, pem
from tests.support.registries import tool

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REPOSITORY = "registry.example.com/team/app"
TARGET = Target(DIGEST, REPOSITORY, MANIFEST, 512)
PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"
SCHEME, EXPIRY = "io.cncf.notary.signingScheme", "io.cncf.notary.expiry"
SIGNING_TIME, AUTHENTIC_TIME = "io.cncf.notary.signingTime", "io.cncf.notary.authenticSigningTime"
TIMESTAMP = "io.cncf.notary.timestampSignature"
COSE_ALGORITHMS = {"ES256": -7, "ES384": -35, "ES512": -36, "PS256": -37, "PS384": -38, "PS512": -39}
MEDIA_TYPES = {"jws": JWS, "cose": COSE}


def payload(digest: str = DIGEST, media_type: str = MANIFEST, size: Any = 512) -> bytes:
    return json.dumps({"targetArtifact": {"mediaType": media_type, "digest": digest, "size": size}}).encode()


def algorithm_of(private: Any) -> str:
    if isinstance(private, rsa.RSAPrivateKey):
        return {2048: "PS256", 3072: "PS384", 4096: "PS512"}.get(private.key_size, "PS256")
    return {256: "ES256", 384: "ES384", 521: "ES512"}[private.curve.key_size]


def sign(private: Any, algorithm: str, message: bytes, salt: int | None = None) -> bytes:
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    if isinstance(private, rsa.RSAPrivateKey):
        length = digest.digest_size if salt is None else salt
        return private.sign(message, padding.PSS(padding.MGF1(digest), length), digest)
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(digest)))
    half = (private.curve.key_size + 7) // 8
    return r.to_bytes(half) + s.to_bytes(half)


@dataclass
class Recipe:
    """How an envelope is made. Attributes that are None are left out; `critical` None is what the rules ask for."""

    signer: Party
    payload: bytes = field(default_factory=payload)
    attributes: dict[Any, Any] = field(default_factory=dict)
    critical: list[Any] | None = None
    more_critical: tuple[Any, ...] = ()
    authority: bool = False
    algorithm: str = ""
    named_algorithm: Any = None
    key: Any = None
    chain: list[bytes] | None = None
    content_type: str = PAYLOAD_TYPE
    signed_at: datetime = NOW - DAY
    salt: int | None = None
    stamp: Any = None  # a function from the signature to a token

    def all_attributes(self) -> dict[Any, Any]:
        scheme, time = ("notary.x509.signingAuthority", AUTHENTIC_TIME) if self.authority else ("notary.x509", SIGNING_TIME)  # fmt: skip
        values = {SCHEME: scheme, time: self.signed_at, **self.attributes}
        return {name: value for name, value in values.items() if value is not None}

    def all_critical(self) -> list[Any]:
        if self.critical is not None:
            return self.critical
        needed = [name for name in (SCHEME, AUTHENTIC_TIME, EXPIRY) if name in self.all_attributes()]
        return [*needed, *self.more_critical]

    def used_algorithm(self) -> str:
        return self.algorithm or algorithm_of(self.signer.key)

    def signature(self, message: bytes) -> bytes:
        return sign(self.key or self.signer.key, self.used_algorithm(), message, self.salt)


def envelope(form: str, recipe: Recipe) -> bytes:
    return (jws if form == "jws" else cose)(recipe)


def url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def jws(recipe: Recipe) -> bytes:
    return json.dumps(jws_parts(recipe)).encode()


def jws_parts(recipe: Recipe, protected_text: str = "") -> dict[str, Any]:
    values = {name: value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value for name, value in recipe.all_attributes().items()}  # fmt: skip
    alg = recipe.named_algorithm or recipe.used_algorithm()
    text = protected_text or json.dumps({"alg": alg, "cty": recipe.content_type, "crit": recipe.all_critical(), **values})  # fmt: skip
    protected, body = url(text.encode()), url(recipe.payload)
    signature = recipe.signature(f"{protected}.{body}".encode())
    ders = recipe.signer.ders if recipe.chain is None else recipe.chain
    header: dict[str, Any] = {"x5c": [base64.b64encode(der).decode() for der in ders]}
    if recipe.stamp:
        header[TIMESTAMP] = base64.b64encode(recipe.stamp(signature)).decode()
    return {"payload": body, "protected": protected, "header": header, "signature": url(signature)}


def cose(recipe: Recipe) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(18, cose_parts(recipe)))


def cose_parts(recipe: Recipe, raw_protected: bytes = b"") -> list[Any]:
    values = {name: cbor2.CBORTag(1, int(value.timestamp())) if isinstance(value, datetime) else value for name, value in recipe.all_attributes().items()}  # fmt: skip
    alg = recipe.named_algorithm or COSE_ALGORITHMS[recipe.used_algorithm()]
    headers = {1: alg, 2: recipe.all_critical(), 3: recipe.content_type, **values}
    protected = raw_protected or cbor2.dumps(headers, canonical=True)
    signature = recipe.signature(cbor2.dumps(["Signature1", protected, b"", recipe.payload]))
    unprotected: dict[Any, Any] = {33: recipe.signer.ders if recipe.chain is None else recipe.chain}
    if recipe.stamp:
        unprotected[TIMESTAMP] = recipe.stamp(signature)
    return [protected, unprotected, recipe.payload, signature]


# ---------------------------------------------------------------- trust
def statement(**changes: Any) -> dict[str, Any]:
    level = {"level": changes.pop("level", "strict")}
    level |= {name: changes.pop(name) for name in ("override", "verifyTimestamp") if name in changes}
    return {
        "name": "release",
        "registryScopes": [REPOSITORY],
        "signatureVerification": level,
        "trustStores": ["ca:acme"],
        "trustedIdentities": ["*"],
        **changes,
    }


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"version": "1.0", "trustPolicies": list(statements)}


def write_store(folder: Path, stores: dict[str, list[Party]]) -> Path:
    """A trust store as notation lays it out, one file a certificate; returns the `truststore` directory."""
    for name, parties in stores.items():
        place = folder / "truststore" / "x509" / name.replace(":", "/")
        place.mkdir(parents=True)
        for number, party in enumerate(parties):
            (place / f"{number}.pem").write_text(pem(party.certificate))
    return folder / "truststore"


# ---------------------------------------------------------------- the reference implementation
@dataclass
class Reference:
    """notation-go, in a process that answers questions."""

    process: subprocess.Popen[str]

    def ask(self, **question: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def sign(self, form: str, signer: Party, **options: Any) -> bytes:
        question = {"payload": payload().decode(), "scheme": "notary.x509", "signing_time": (NOW - DAY).isoformat(), **options}  # fmt: skip
        answer = self.ask(do="sign", media_type=MEDIA_TYPES[form], key=signer.key_pem(), chain=signer.pem(), **question)
        assert "error" not in answer, answer
        return base64.b64decode(answer["envelope"])

    def verify(self, content: bytes, media_type: str, *, target: Target, document: dict[str, Any], store: Path) -> tuple[bool, str]:  # fmt: skip
        """Whether it accepts a signature, and what it says where not."""
        answer = self.ask(do="verify", media_type=media_type, envelope=base64.b64encode(content).decode(), policy=document, store=str(store), repository=target.repository, target={"mediaType": target.media_type, "digest": target.digest, "size": target.size})  # fmt: skip
        problem = answer.get("error", "skipped" if answer.get("skipped") else "")
        return not problem, problem


@contextmanager
def reference() -> Iterator[Reference]:
    pipe = subprocess.PIPE
    with subprocess.Popen([tool("notation-signer")], stdin=pipe, stdout=pipe, text=True) as process:
        yield Reference(process)
        assert process.stdin is not None
        process.stdin.close()

"""A sigstore instance of one's own, without servers: a Fulcio-like authority, a certificate log, a Rekor-like log.

What real instances sign is signed here with keys made on the spot, so that every part can be wrong.
Source: sigstore's Fulcio certificate specification, RFC 6962 (3.2 receipts, 2.1 Merkle trees), Rekor 1's API, C2SP's
signed notes, sigstore bundle format.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certificates import DAY, NOW, Party, authority, key, timestamp, timestamper, tlv, usage

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
IDENTITY = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
SIGNED_AT = NOW - DAY
MINUTE = timedelta(minutes=1)
RECEIPTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
ORIGIN, TILED = "rekor.example.com", "log2026.rekor.example.com"


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def compact(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def spki(private: Any) -> bytes:
    content: bytes = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return content


def sign(private: Any, message: bytes) -> bytes:
    content: bytes = private.sign(message, ec.ECDSA(hashes.SHA256()))
    return content


def pae(kind: str, payload: bytes) -> bytes:
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def statement(digest: str, predicate: str = SIGN_PREDICATE) -> bytes:
    kind, value = digest.split(":")
    subject = [{"name": "", "digest": {kind: value}}]
    return json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": predicate, "predicate": {}}).encode()  # fmt: skip


@dataclass
class Signing:
    """How one signature is made. `signed_at`: what the log says; `start`, `end`: of the certificate."""

    identity: str = IDENTITY
    issuer: str = ISSUER
    signed_at: datetime = SIGNED_AT
    start: datetime = SIGNED_AT - MINUTE
    end: datetime = SIGNED_AT + 9 * MINUTE
    purposes: tuple[Any, ...] = (ExtendedKeyUsageOID.CODE_SIGNING,)
    bits: tuple[str, ...] = ("digital_signature",)
    names: tuple[x509.GeneralName, ...] = ()
    receipt: bool = True
    old_issuer: bool = False
    kind: str = "P-256"
    signer_key: Any = None
    """Another key than the certificate's."""


@dataclass
class Instance:
    """An instance. `name`: two of different names share no key."""

    name: str = "sigstore"
    start: datetime = NOW - 300 * DAY
    end: datetime | None = None
    """Until when its trusted root trusts the authority."""
    entries: int = 0
    root: Party = field(init=False)
    fulcio: Party = field(init=False)

    def __post_init__(self) -> None:
        self.root = authority(f"{self.name} root", kind="P-384")
        self.fulcio = authority(f"{self.name} intermediate", self.root, path_length=0)

    @cached_property
    def rekor(self) -> Any:
        return key("P-256", f"{self.name} rekor")

    @cached_property
    def certificate_log(self) -> Any:
        return key("P-256", f"{self.name} certificates")

    @cached_property
    def tiled(self) -> ed25519.Ed25519PrivateKey:
        """The key of the log of Rekor's second version, which states no time."""
        return ed25519.Ed25519PrivateKey.generate()

    @cached_property
    def stamper(self) -> Party:
        """The timestamp authority."""
        root = authority(f"{self.name} time root")
        return timestamper(root, f"{self.name} stamper", start=NOW - 300 * DAY)

    def tiled_id(self) -> bytes:
        """The log's name and key, as C2SP's signed notes have it."""
        raw = self.tiled.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return hashlib.sha256(TILED.encode() + b"\n\x01" + raw).digest()

    def trusted_root(self) -> dict[str, Any]:
        """As `cosign trusted-root create` writes it."""
        period: dict[str, str] = {"start": self.start.isoformat().replace("+00:00", "Z")}
        ends = {"end": self.end.isoformat().replace("+00:00", "Z")} if self.end else {}
        chain = [{"rawBytes": text(der)} for der in self.fulcio.ders]
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log("https://rekor.example.com", self.rekor, period), self._tiled_log(period)],
            "certificateAuthorities": [{"subject": {"organization": self.name, "commonName": self.name}, "uri": "https://fulcio.example.com", "certChain": {"certificates": chain}, "validFor": period | ends}],
            "timestampAuthorities": [{"subject": {"organization": self.name, "commonName": "time"}, "uri": "https://tsa.example.com", "certChain": {"certificates": [{"rawBytes": text(der)} for der in self.stamper.ders]}, "validFor": period}],
            "ctlogs": [_log("https://ctfe.example.com", self.certificate_log, period)],
        }  # fmt: skip

    # ---------------------------------------------------------------- certificates
    def certificate(self, how: Signing, private: Any) -> x509.Certificate:
        """A certificate of Fulcio, with the certificate log's receipt in it."""
        names = how.names or ((x509.RFC822Name if "@" in how.identity and "/" not in how.identity else x509.UniformResourceIdentifier)(how.identity),)  # fmt: skip
        issuers = {1: how.issuer.encode()} | ({} if how.old_issuer else {8: tlv(0x0C, how.issuer.encode())})
        builder = x509.CertificateBuilder(self.fulcio.certificate.subject, x509.Name([]), private.public_key(), x509.random_serial_number(), how.start, how.end)  # fmt: skip
        extensions: list[tuple[Any, bool]] = [
            (usage(*how.bits), True),
            (x509.ExtendedKeyUsage(list(how.purposes)), False),
            (x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.fulcio.key.public_key()), False),
            (x509.SubjectAlternativeName(list(names)), True),
            *((x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}"), value), False) for number, value in issuers.items()),
        ]  # fmt: skip
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        if how.receipt:
            body = builder.sign(self.fulcio.key, hashes.SHA256()).tbs_certificate_bytes
            receipts = x509.UnrecognizedExtension(RECEIPTS, tlv(0x04, self.receipt(body, how.start)))
            builder = builder.add_extension(receipts, critical=False)
        return builder.sign(self.fulcio.key, hashes.SHA256())

    def receipt(self, body: bytes, at: datetime) -> bytes:
        """The certificate log's signed timestamp over a certificate without it, in a list."""
        time, issuer = int(at.timestamp() * 1000), hashlib.sha256(spki(self.fulcio.key)).digest()
        signed = b"\x00\x00" + struct.pack("!QH", time, 1) + issuer + len(body).to_bytes(3) + body + b"\x00\x00"
        signature = sign(self.certificate_log, signed)
        log = hashlib.sha256(spki(self.certificate_log)).digest()
        one = b"\x00" + log + struct.pack("!QH", time, 0) + b"\x04\x03" + struct.pack("!H", len(signature)) + signature
        inner = struct.pack("!H", len(one)) + one
        return struct.pack("!H", len(inner)) + inner

    # ---------------------------------------------------------------- the log
    def entry(self, body: bytes, at: datetime) -> dict[str, Any]:
        """An entry of the log as a bundle holds it, with proof and promise."""
        time, index = int(at.timestamp()), 1
        log = hashlib.sha256(spki(self.rekor)).digest()
        promised = compact({"body": text(body), "integratedTime": time, "logID": log.hex(), "logIndex": index})
        other, own = hashlib.sha256(b"\x00other").digest(), hashlib.sha256(b"\x00" + body).digest()
        root = hashlib.sha256(b"\x01" + other + own).digest()
        note = f"{ORIGIN} - 1\n2\n{text(root)}\n"
        signature = text(log[:4] + sign(self.rekor, note.encode()))
        kind = json.loads(body)
        return {
            "logIndex": str(index),
            "logId": {"keyId": text(log)},
            "kindVersion": {"kind": kind["kind"], "version": kind["apiVersion"]},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": text(sign(self.rekor, promised))},
            "inclusionProof": {"logIndex": str(index), "rootHash": text(root), "treeSize": "2", "hashes": [text(other)], "checkpoint": {"envelope": f"{note}\n— {ORIGIN} {signature}\n"}},
            "canonicalizedBody": text(body),
        }  # fmt: skip

    def _tiled_log(self, period: dict[str, str]) -> dict[str, Any]:
        public = {"rawBytes": text(spki(self.tiled)), "keyDetails": "PKIX_ED25519", "validFor": period}
        return {"baseUrl": f"https://{TILED}", "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": text(self.tiled_id())}}  # fmt: skip

    def tiled_entry(self, body: bytes) -> dict[str, Any]:
        """An entry of the second version: proof, no promise and no time."""
        root, log = hashlib.sha256(b"\x00" + body).digest(), self.tiled_id()
        note = f"{TILED}\n1\n{text(root)}\n"
        signature = text(log[:4] + self.tiled.sign(note.encode()))
        proof = {"logIndex": "0", "rootHash": text(root), "treeSize": "1", "hashes": [], "checkpoint": {"envelope": f"{note}\n— {TILED} {signature}\n"}}  # fmt: skip
        return {"logIndex": "0", "logId": {"keyId": text(log)}, "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"}, "inclusionProof": proof, "canonicalizedBody": text(body)}  # fmt: skip

    def stamp(self, signature: bytes, at: datetime, by: Party | None = None) -> dict[str, Any]:
        """A timestamp authority's answer over a signature, as a bundle holds it."""
        answer = tlv(0x30, tlv(0x30, b"\x02\x01\x00"), timestamp(by or self.stamper, signature, at, chain=False))
        return {"rfc3161Timestamps": [{"signedTimestamp": text(answer)}]}

    # ---------------------------------------------------------------- signatures
    def timestamped(self, payload: bytes, how: Signing | None = None, by: Party | None = None) -> dict[str, Any]:
        """A bundle as of Rekor's second version: the log proves, a timestamp says when."""
        how = how or Signing()
        private = key(how.kind, f"{self.name} signer")
        certificate = text(self.certificate(how, private).public_bytes(Encoding.DER))
        signature = sign(how.signer_key or private, pae(IN_TOTO, payload))
        data = {"algorithm": "SHA2_256", "digest": text(hashlib.sha256(pae(IN_TOTO, payload)).digest())}
        verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": certificate}}
        spec = {"hashedRekordV002": {"data": data, "signature": {"content": text(signature), "verifier": verifier}}}
        entry = self.tiled_entry(compact({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec}))
        material = {"certificate": {"rawBytes": certificate}, "tlogEntries": [entry], "timestampVerificationData": self.stamp(signature, how.signed_at, by)}  # fmt: skip
        envelope = {"payload": text(payload), "payloadType": IN_TOTO, "signatures": [{"sig": text(signature)}]}
        return {"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope}

    def bundle(self, payload: bytes, how: Signing | None = None, *, kind: str = IN_TOTO) -> dict[str, Any]:
        """A bundle over an in-toto statement, as cosign makes it."""
        how = how or Signing()
        private = key(how.kind, f"{self.name} signer")
        certificate = self.certificate(how, private)
        signature = sign(how.signer_key or private, pae(kind, payload))
        envelope = {"payload": text(payload), "payloadType": kind, "signatures": [{"sig": text(signature)}]}
        spec = {"envelopeHash": _hash(compact(envelope)), "payloadHash": _hash(payload), "signatures": [{"signature": text(signature), "verifier": text(_pem(certificate))}]}  # fmt: skip
        entry = self.entry(compact({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}), how.signed_at)
        material = {"certificate": {"rawBytes": text(certificate.public_bytes(Encoding.DER))}, "tlogEntries": [entry]}
        return {"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope}

    def classic(self, payload: bytes, how: Signing | None = None) -> dict[str, str]:
        """The annotations of a classic signature over a payload."""
        how = how or Signing()
        private = key(how.kind, f"{self.name} signer")
        certificate = self.certificate(how, private)
        signature = sign(how.signer_key or private, payload)
        spec = {"data": {"hash": _hash(payload)}, "signature": {"content": text(signature), "publicKey": {"content": text(_pem(certificate))}}}  # fmt: skip
        entry = self.entry(compact({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}), how.signed_at)
        return {"dev.cosignproject.cosign/signature": text(signature), **self.annotations(certificate, entry)}

    def annotations(self, certificate: x509.Certificate, entry: dict[str, Any]) -> dict[str, str]:
        """Certificate, chain and the log's promise, as classic cosign writes them."""
        log = base64.b64decode(entry["logId"]["keyId"]).hex()
        promised = {"body": entry["canonicalizedBody"], "integratedTime": int(entry["integratedTime"]), "logIndex": int(entry["logIndex"]), "logID": log}  # fmt: skip
        proof = {"SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"], "Payload": promised}
        return {"dev.sigstore.cosign/certificate": _pem(certificate).decode(), "dev.sigstore.cosign/chain": self.fulcio.pem(), "dev.sigstore.cosign/bundle": json.dumps(proof)}  # fmt: skip


def _log(url: str, private: Any, period: dict[str, str]) -> dict[str, Any]:
    name = text(hashlib.sha256(spki(private)).digest())
    public = {"rawBytes": text(spki(private)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": period}
    return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": name}}


def _hash(content: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)

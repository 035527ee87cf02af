"""Secrets that are none, and images with them in known places. Every secret is made here, so that it can be looked for."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.registries import CONFIG, LAYER, MANIFEST, Pusher, digest_of, tool

WHITEOUT = ".wh."


def letters(seed: str, length: int, alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") -> str:
    """As random as a secret, and the same each time."""
    found = ""
    while len(found) < length:
        block = hashlib.sha256(f"{seed}{len(found)}".encode()).digest()
        found += "".join(alphabet[byte % len(alphabet)] for byte in block)
    return found[:length]


MIXED = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"
AWS_KEY = "AKIA" + letters("aws", 16)
AWS_SECRET = letters("aws secret", 40, MIXED)
GITHUB = "ghp_" + letters("github", 36, MIXED)
PASSWORD = letters("password", 12, MIXED)
DOCKER_AUTH = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
KEY = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
LABEL = letters("label", 32, MIXED)
BUILD = letters("build", 20, MIXED)
CANARIES = (AWS_KEY, AWS_SECRET, GITHUB, PASSWORD, DOCKER_AUTH, KEY.splitlines()[1], LABEL, BUILD)


def tar(files: dict[str, str | bytes], *, links: dict[str, str] | None = None) -> bytes:
    """A tar archive of files, and of symbolic links by their targets."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return out.getvalue()


@dataclass
class PlantedWorld:
    """A registry on loopback under construction."""

    url: str
    push: Pusher
    folder: Path
    digests: dict[str, str] = field(default_factory=dict)
    """Repository -> digest of its image v1."""

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def crane(self, *arguments: str) -> str:
        """Run crane; gives what it says."""
        done = subprocess.run(
            [tool("crane"), *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def append(self, name: str, *layers: bytes, mutate: tuple[str, ...] = ()) -> None:
        """An image of these layers, made by `crane append`, changed by `crane mutate`."""
        files = []
        for number, layer in enumerate(layers):
            path = self.folder / f"{name}-{number}.tar"
            path.write_bytes(layer)
            files += ["-f", str(path)]
        reference = f"{self.host}/{name}:v1"
        self.crane("append", "--oci-empty-base", *files, "-t", reference)
        if mutate:
            self.crane("mutate", reference, "-t", reference, *mutate)
        self.digests[name] = self.crane("digest", reference)

    def image(self, name: str, layers: list[bytes], config: dict[str, Any], *, annotations: dict[str, str] | None = None, media_type: str = LAYER) -> dict[str, Any]:  # fmt: skip
        """An image with a config as a builder writes it. Layers are gzipped."""
        document: dict[str, Any] = {
            "architecture": "amd64", "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}, **config,
        }  # fmt: skip
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.push.blob(name, json.dumps(document, sort_keys=True).encode(), CONFIG),
            "layers": [self.push.blob(name, gzip.compress(layer, mtime=0), media_type) for layer in layers],
            "annotations": annotations or {},
        }
        pushed = self.push.manifest(name, manifest, "v1")
        self.digests[name] = pushed["digest"]
        return manifest

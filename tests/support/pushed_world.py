"""A registry filled by the real crane and oras, and the list of what they pushed, read back by crane and not by us."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.distribution import RealRegistry
from tests.support.registries import tool

HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
SPDX = "application/spdx+json"
NOTATION = "application/vnd.cncf.notary.signature"


@dataclass(frozen=True)
class Pushed:
    """One manifest of one repository, as crane reads it."""

    digest: str
    tags: tuple[str, ...]
    media_type: str
    artifact_type: str
    subject: str
    children: tuple[tuple[str, str], ...]
    """(digest, os/architecture)"""
    size: int


@dataclass
class PushedWorld:
    """`tags`: repository -> tag -> digest; `untagged`: repository -> digests that only an index or a subject leads to."""

    registry: RealRegistry
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    untagged: dict[str, set[str]] = field(default_factory=dict)

    # ---------------------------------------------------------------- tools
    def run(self, name: str, *arguments: str) -> str:
        """What a tool prints; it runs in the registry's folder."""
        command = [tool(name), *arguments]
        done = subprocess.run(command, cwd=self.registry.folder, env=self.registry.environment(), capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def crane(self, *arguments: str) -> str:
        return self.run("crane", *arguments)

    def oras(self, *arguments: str) -> str:
        """oras, which wants to be told how to reach the registry."""
        how = ["--plain-http"] if self.registry.url.startswith("http:") else ["--ca-file", self.registry.ca_file]
        return self.run("oras", arguments[0], *how, "--registry-config", "docker/config.json", *arguments[1:])

    def tagged(self, name: str, tag: str) -> str:
        """Note that a tag was pushed; gives its digest as crane sees it."""
        digest = self.crane("digest", f"{self.registry.host}/{name}:{tag}").strip()
        self.tags.setdefault(name, {})[tag] = digest
        return digest

    # ---------------------------------------------------------------- pushing
    def append(self, name: str, tag: str, content: str, *options: str) -> str:
        """An image of one layer by `crane append`."""
        layer = self.registry.folder / f"{hashlib.sha256(content.encode()).hexdigest()[:12]}.tar"
        with tarfile.open(layer, "w") as archive:
            entry = tarfile.TarInfo("file")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
        self.crane("append", "-f", layer.name, "-t", f"{self.registry.host}/{name}:{tag}", *options)
        return self.tagged(name, tag)

    def attach(self, name: str, subject: str, artifact_type: str, content: str) -> str:
        """An artefact of a manifest by `oras attach`; gives its digest."""
        file = self.registry.folder / "attached.json"
        file.write_text(content)
        printed = self.oras("attach", "--format", "json", "--artifact-type", artifact_type, f"{self.registry.host}/{name}@{subject}", f"attached.json:{artifact_type}")  # fmt: skip
        digest = str(json.loads(printed)["reference"]).rpartition("@")[2]
        self.untagged.setdefault(name, set()).add(digest)
        fallback = f"sha256-{subject[7:]}"
        if fallback in self.crane("ls", f"{self.registry.host}/{name}").split():
            self.tagged(name, fallback)
        return digest

    def fill(self) -> None:
        """Everything that a registry holds in life."""
        host = self.registry.host
        amd = self.append("build/parts", "amd64", "amd", "--oci-empty-base")
        arm = self.append("build/parts", "arm64", "arm", "--oci-empty-base")
        for digest, platform, tag in ((amd, "linux/amd64", "amd64"), (arm, "linux/arm64", "arm64")):
            self.crane("mutate", f"{host}/build/parts@{digest}", "--set-platform", platform, "-t", f"{host}/build/parts:{tag}")  # fmt: skip
            self.tagged("build/parts", tag)
        self.crane("index", "append", "-m", f"{host}/build/parts:amd64", "-m", f"{host}/build/parts:arm64", "-t", f"{host}/team/app:v1.0.0")  # fmt: skip
        index = self.tagged("team/app", "v1.0.0")
        self.untagged["team/app"] = {self.tags["build/parts"][tag] for tag in ("amd64", "arm64")}
        for tag in ("v1", "latest"):
            self.crane("tag", f"{host}/team/app:v1.0.0", tag)
            self.tagged("team/app", tag)
        old = self.append("team/app", "v0.9.0", "docker media types")
        self.crane("mutate", f"{host}/team/app:v0.9.0", "-l", "org.opencontainers.image.revision=abc1234", "-u", "1000", "-t", f"{host}/team/app:v0.9.1")  # fmt: skip
        self.tagged("team/app", "v0.9.1")
        self.append("staging", "sig", "a signature that cosign would make")
        self.crane("copy", f"{host}/staging:sig", f"{host}/team/app:sha256-{old[7:]}.sig")
        self.tagged("team/app", f"sha256-{old[7:]}.sig")
        self.crane("append", "-f", next(self.registry.folder.glob("*.tar")).name, "-t", "saved:v3", "-o", "saved.tar")
        self.crane("push", "saved.tar", f"{host}/deep/er/path:v3")
        self.tagged("deep/er/path", "v3")

        if self.registry.login == "token":
            return  # oras asks no token server on loopback
        self.fill_with_oras(index, old)

    def fill_with_oras(self, index: str, image: str) -> None:
        """Artefacts, of their own and of the index and the image."""
        host, folder = self.registry.host, self.registry.folder
        (folder / "chart.yaml").write_text('{"name": "chart", "version": "1.2.3"}')
        (folder / "chart.tgz").write_text("a chart")
        self.oras("push", f"{host}/charts/app:1.2.3", "--config", f"chart.yaml:{HELM_CONFIG}", f"chart.tgz:{HELM_CHART}")  # fmt: skip
        self.tagged("charts/app", "1.2.3")
        (folder / "notes.txt").write_text("notes")
        self.oras("push", f"{host}/notes:n1", "--artifact-type", "text/notes", "notes.txt:text/plain")
        self.tagged("notes", "n1")
        self.attach("team/app", index, SPDX, '{"spdxVersion": "SPDX-2.3"}')
        self.attach("team/app", index, NOTATION, "{}")
        self.attach("team/app", image, SPDX, '{"spdxVersion": "SPDX-2.2"}')

    # ---------------------------------------------------------------- what is there
    def pushed(self) -> dict[str, list[Pushed]]:
        """Every repository with every manifest in it, by digest."""
        found: dict[str, list[Pushed]] = {}
        for name, tags in self.tags.items():
            digests = {*tags.values(), *self.untagged.get(name, ())}
            found[name] = [self._pushed(name, digest) for digest in sorted(digests)]
        return found

    def _pushed(self, name: str, digest: str) -> Pushed:
        text = self.crane("manifest", f"{self.registry.host}/{name}@{digest}")
        assert "sha256:" + hashlib.sha256(text.encode()).hexdigest() == digest
        document = json.loads(text)
        config = document.get("config", {})
        return Pushed(
            digest=digest,
            tags=tuple(sorted(tag for tag, there in self.tags[name].items() if there == digest)),
            media_type=document["mediaType"],
            artifact_type=document.get("artifactType", "") or config.get("mediaType", ""),
            subject=document.get("subject", {}).get("digest", ""),
            children=tuple((child["digest"], _platform(child)) for child in document.get("manifests", [])),
            size=sum(part["size"] for part in _parts(document)),
        )


def _platform(child: dict[str, Any]) -> str:
    platform = child.get("platform")
    return f"{platform['os']}/{platform['architecture']}" if platform else ""


def _parts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "config" in document:
        yield document["config"]
    yield from document.get("layers", [])
    yield from document.get("manifests", [])


def filled(registry: RealRegistry) -> PushedWorld:
    """The world on a registry."""
    world = PushedWorld(registry)
    world.fill()
    return world

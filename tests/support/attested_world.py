"""Images on a real registry with attestations that real tools made: cosign with a key, oras, and BuildKit's form."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.support.registries import CONFIG, INDEX, MANIFEST, tool
from tests.support.signed_world import BUNDLE, LEGACY, SIGN, SignedWorld, cosign

SLSA_V1, SLSA_V02 = "https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"
SPDX: dict[str, Any] = {
    "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "app",
    "documentNamespace": "https://example.com/sbom/1",
    "creationInfo": {"created": "2026-11-01T00:00:00Z", "creators": ["Tool: syft-1.30.0"]},
    "packages": [
        {"SPDXID": f"SPDXRef-Package-{name}", "name": name, "versionInfo": "1.0", "downloadLocation": "NOASSERTION"}
        for name in ("openssl", "zlib", "curl")
    ] + [{"SPDXID": "SPDXRef-Image", "name": "app", "downloadLocation": "NOASSERTION", "primaryPackagePurpose": "CONTAINER"}],
}  # fmt: skip
CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
    "metadata": {"timestamp": "2026-11-01T00:00:00Z", "component": {"type": "container", "name": "app", "bom-ref": "root"}},
    "components": [
        {"type": "library", "name": "openssl", "version": "3.0", "bom-ref": "openssl", "purl": "pkg:deb/debian/openssl@3.0",
         "components": [{"type": "library", "name": "libcrypto", "version": "3.0"}]},
        {"type": "file", "name": "/etc/passwd"},
    ],
}  # fmt: skip
PROVENANCE_V1: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {"workflow": {"ref": "refs/heads/main", "repository": "https://github.com/acme/app", "path": ".github/workflows/build.yml"}},
        "resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"gitCommit": "c" * 40}}],
    },
    "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
}  # fmt: skip
PROVENANCE_V02: dict[str, Any] = {
    "builder": {"id": "https://ci.example.com/builder"},
    "buildType": "https://mobyproject.org/buildkit@v1",
    "invocation": {"configSource": {"uri": "https://github.com/acme/app.git#main", "digest": {"sha1": "d" * 40}, "entryPoint": "Dockerfile"}},
    "materials": [{"uri": "pkg:docker/alpine@3.20", "digest": {"sha256": "e" * 64}}],
}  # fmt: skip
TAG_VALUE = """SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: app
DocumentNamespace: https://example.com/sbom/2
Creator: Tool: syft-1.30.0
Created: 2026-11-01T00:00:00Z

PackageName: openssl
SPDXID: SPDXRef-Package-openssl
PackageVersion: 3.0
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
"""
XML = """<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1"><components>
<component type="library"><name>openssl</name><version>3.0</version></component>
<component type="library"><name>zlib</name><version>1.3</version></component>
</components></bom>
"""


def vex(digest: str, **statement: Any) -> dict[str, Any]:
    """An OpenVEX document with one statement, that the image is not affected by CVE-2026-0001."""
    entry = {
        "vulnerability": {"name": "CVE-2026-0001"},
        "products": [{"@id": f"pkg:oci/app@{digest.replace(':', '%3A')}"}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
        **statement,
    }
    return {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex/1", "author": "security@example.com",
        "timestamp": "2026-11-01T00:00:00Z", "version": 1, "statements": [entry],
    }  # fmt: skip


def statement(digest: str, predicate_type: str, predicate: Any) -> dict[str, Any]:
    """An in-toto statement about one image."""
    return {
        "_type": "https://in-toto.io/Statement/v0.1", "predicateType": predicate_type,
        "subject": [{"name": "pkg:docker/app", "digest": {"sha256": digest[7:]}}], "predicate": predicate,
    }  # fmt: skip


class AttestedWorld(SignedWorld):
    """A signed world with documents."""

    def attest(self, case: str, kind: str, predicate: Any, *options: str, key: str = "release") -> None:
        """`cosign attest` of a case's image."""
        content = predicate if isinstance(predicate, str) else json.dumps(predicate)
        (self.folder / "predicate").write_text(content)
        made = cosign(self.folder, "attest", "--key", f"{key}.key", "--type", kind, "--predicate", "predicate", *SIGN, *options, f"{self.host}/{case}@{self.digest(case)}")  # fmt: skip
        assert made.returncode == 0, made.stderr

    def attach(self, case: str, media_type: str, content: str) -> None:
        """`oras attach` a document to a case's image."""
        (self.folder / "document").write_text(content)
        command = [tool("oras"), "attach", "--plain-http", "--artifact-type", media_type, f"{self.host}/{case}@{self.digest(case)}", f"document:{media_type}"]  # fmt: skip
        made = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert made.returncode == 0, made.stderr

    def built(self, case: str, *statements: tuple[str, Any], subject: str = "") -> str:
        """An index as BuildKit pushes it: a platform, and a manifest of statements about it; gives the platform."""
        child = self.push.image(case, content=f"{case} platform".encode())
        layers = []
        for predicate_type, predicate in statements:
            content = json.dumps(statement(subject or child["digest"], predicate_type, predicate)).encode()
            layer = self.push.blob(case, content, "application/vnd.in-toto+json")
            layers.append({**layer, "annotations": {"in-toto.io/predicate-type": predicate_type}})
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.push.blob(case, b"{}", CONFIG), "layers": layers}  # fmt: skip
        attestation = self.push.manifest(case, document)
        entry = {
            **attestation, "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": child["digest"]},
        }  # fmt: skip
        platform = {**child, "platform": {"os": "linux", "architecture": "amd64"}}
        self.images[case] = self.push.manifest(
            case, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [platform, entry]}, "v1"
        )
        digest: str = child["digest"]
        return digest

    def bare_bundle(self, case: str, content: bytes) -> None:
        """Attach a bundle that does not say what it is."""
        self.refer(case, BUNDLE, [self.push.blob(case, content, BUNDLE)], {})


def make_attested(world: AttestedWorld) -> AttestedWorld:
    """Every case: a repository each, with one image tagged v1."""
    world.make_keys()
    made = {
        "spdx": ("spdxjson", SPDX),
        "cyclonedx": ("cyclonedx", CYCLONEDX),
        "slsa1": ("slsaprovenance1", PROVENANCE_V1),
        "slsa02": ("slsaprovenance02", PROVENANCE_V02),
        "tag-value": ("spdx", TAG_VALUE),
    }
    for case, (kind, predicate) in made.items():
        world.image(case)
        world.attest(case, kind, predicate)
        world.image(f"{case}-classic")
        world.attest(f"{case}-classic", kind, predicate, LEGACY)
    world.image("vex")
    world.attest("vex", "openvex", vex(world.digest("vex")))
    world.image("stranger")
    world.attest("stranger", "slsaprovenance1", PROVENANCE_V1, key="stranger")
    world.image("oras-spdx")
    world.attach("oras-spdx", "application/spdx+json", json.dumps(SPDX))
    world.image("oras-tag-value")
    world.attach("oras-tag-value", "text/spdx", TAG_VALUE)
    world.image("oras-xml")
    world.attach("oras-xml", "application/vnd.cyclonedx+xml", XML)
    world.image("oras-broken")
    world.attach("oras-broken", "application/spdx+json", json.dumps(SPDX)[:200])
    world.built("buildkit", ("https://spdx.dev/Document", SPDX), (SLSA_V02, PROVENANCE_V02))
    world.built("buildkit-other", (SLSA_V02, PROVENANCE_V02), subject="sha256:" + "0" * 64)
    world.image("bare")
    world.image("signed")
    world.sign("signed")
    for case in ("labelled-signature", "unlabelled-signature"):
        world.images[case] = world.push.image(case, "v1", content=b"the same")
    world.sign("labelled-signature")
    world.bare_bundle("unlabelled-signature", world.bundle_of("labelled-signature"))
    world.image("unlabelled-attestation")
    world.bare_bundle("unlabelled-attestation", world.bundle_of("slsa1"))
    return world

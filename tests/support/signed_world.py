"""Images on a real registry with signatures that real tools made, good ones and bad ones."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.config.settings import NotationTrustSettings, TrustedKeySettings, TrustSettings
from tests.support import certificates, notation
from tests.support.registries import EMPTY, MANIFEST, Pusher, digest_of, tool

NOTATION = "application/vnd.cncf.notary.signature"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGN, OFFLINE = ("--use-signing-config=false", "--tlog-upload=false"), ("--insecure-ignore-tlog=true",)
LEGACY = "--new-bundle-format=false"
ANNOTATIONS = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
}


def cosign(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run cosign in a folder; it asks nobody anything."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "COSIGN_PASSWORD": "", "COSIGN_YES": "true"}
    command = [tool("cosign"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@dataclass
class SignedWorld:
    """A registry under construction. `lists`: whether it has the referrers API; `folder`: keys, policy, store."""

    url: str
    push: Pusher
    folder: Path
    lists: bool
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name of a case -> its image's descriptor, in the repository of that name."""
    _referrers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def make_keys(self) -> None:
        for name in ("release", "stranger"):
            assert cosign(self.folder, "generate-key-pair", "--output-key-prefix", name).returncode == 0
        root = certificates.authority()
        self.signer = certificates.leaf(root)
        self.expired = certificates.leaf(root, "Old", start=certificates.NOW - 90 * certificates.DAY, end=certificates.NOW - certificates.DAY)  # fmt: skip
        self.stranger = certificates.leaf(certificates.authority("Elsewhere"))
        notation.write_store(self.folder, {"ca:acme": [root]})
        statement = notation.statement(registryScopes=["*"])
        (self.folder / "trustpolicy.json").write_text(json.dumps(notation.policy(statement)))

    def trust(self, **key: Any) -> TrustSettings:
        """The trust that every case is judged by."""
        key = {"name": "release key", **key}
        return TrustSettings(
            keys=[TrustedKeySettings(file=str(self.folder / "release.pub"), **key)],
            notation=NotationTrustSettings(
                policy=str(self.folder / "trustpolicy.json"), store=str(self.folder / "truststore")
            ),
        )

    # ---------------------------------------------------------------- images and signatures
    def image(self, case: str, tag: str = "v1") -> str:
        """A new image; gives its digest."""
        self.images[case] = self.push.image(case, tag, content=f"{case} {tag}".encode())
        return self.digest(case)

    def digest(self, case: str) -> str:
        digest: str = self.images[case]["digest"]
        return digest

    def sign(self, case: str, key: str = "release", *options: str) -> None:
        """Sign a case's image with cosign."""
        made = cosign(self.folder, "sign", "--key", f"{key}.key", *SIGN, *options, f"{self.host}/{case}@{self.digest(case)}")  # fmt: skip
        assert made.returncode == 0, made.stderr

    def accepts(self, case: str, *options: str) -> bool:
        """Whether `cosign verify` accepts a case's image by the release key."""
        return cosign(self.folder, "verify", "--key", "release.pub", *OFFLINE, *options, f"{self.host}/{case}@{self.digest(case)}").returncode == 0  # fmt: skip

    def refer(self, case: str, artifact_type: str, layers: list[dict[str, Any]], annotations: dict[str, str]) -> None:
        """Attach a manifest to a case's image, in the fallback index as well where there is no referrers API."""
        document = {
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "layers": layers,
            "config": self.push.blob(case, b"{}", EMPTY), "annotations": annotations, "subject": self.images[case],
        }  # fmt: skip
        entry = self.push.manifest(case, document)
        if not self.lists:
            entries = self._referrers.setdefault(self.digest(case), [])
            entries.append(entry)
            self.push.index(case, f"sha256-{self.digest(case)[7:]}", entries)

    def notate(self, case: str, form: str, signer: certificates.Party, *, subject: str = "") -> None:
        """Sign with notation-go; `subject`: another digest than the image's."""
        image = self.images[case]
        with notation.reference() as reference:
            content = reference.sign(
                form,
                signer,
                payload=notation.payload(subject or image["digest"], image["mediaType"], image["size"]).decode(),
                signing_time=(certificates.NOW - 2 * certificates.DAY).isoformat(),
            )
        layer = self.push.blob(case, content, notation.MEDIA_TYPES[form])
        self.refer(case, NOTATION, [layer], {"io.cncf.notary.x509chain.thumbprint#S256": "[]"})

    def blobs_of(self, case: str, reference: str) -> tuple[list[bytes], dict[str, Any]]:
        """(the layers' contents, the document) of a manifest."""
        document = self.push.get(f"/v2/{case}/manifests/{reference}").json()
        return [self.push.get(f"/v2/{case}/blobs/{layer['digest']}").content for layer in document["layers"]], document

    def classic_of(self, case: str, signed: str) -> None:
        """Put the classic signature of another case's image under this image's signature tag."""
        contents, document = self.blobs_of(signed, f"sha256-{self.digest(signed)[7:]}.sig")
        document["config"] = self.push.blob(case, b"{}", document["config"]["mediaType"])
        for content in contents:
            self.push.blob(case, content, SIMPLE_SIGNING)
        self.push.manifest(case, document, f"sha256-{self.digest(case)[7:]}.sig")

    def bundle_of(self, case: str) -> bytes:
        """The one bundle that cosign attached to a case's image."""
        if self.lists:
            listed = self.push.get(f"/v2/{case}/referrers/{self.digest(case)}").json()
        else:
            listed = self.push.get(f"/v2/{case}/manifests/sha256-{self.digest(case)[7:]}").json()
        [entry] = listed["manifests"]
        [content] = self.blobs_of(case, entry["digest"])[0]
        return content

    def attach_bundle(self, case: str, content: bytes) -> None:
        """Attach a bundle that is labelled as a signature."""
        self.refer(case, BUNDLE, [self.push.blob(case, content, BUNDLE)], ANNOTATIONS)


def make_world(world: SignedWorld) -> SignedWorld:
    """Every case: a repository each, with one image tagged v1."""
    world.make_keys()
    for case in ("bundle", "other-bundle", "moved"):
        world.image(case)
    for case, key in (("classic", "release"), ("other-classic", "stranger")):
        world.image(case)
        world.sign(case, key, LEGACY)
    world.sign("bundle")
    world.sign("other-bundle", "stranger")
    world.sign("moved", "release", LEGACY)
    world.images["moved"] = world.push.image("moved", "v1", content=b"built later")

    world.image("replayed-classic")
    world.classic_of("replayed-classic", "classic")
    world.image("replayed-bundle")
    world.attach_bundle("replayed-bundle", world.bundle_of("bundle"))

    world.image("both")
    world.sign("both", "stranger", LEGACY)
    world.sign("both", "release", LEGACY)
    world.image("attested")
    (world.folder / "predicate.json").write_text('{"result": "47 critical vulnerabilities"}')
    made = cosign(world.folder, "attest", "--key", "release.key", "--type", "https://example.com/scan", "--predicate", "predicate.json", *SIGN, f"{world.host}/attested@{world.digest('attested')}")  # fmt: skip
    assert made.returncode == 0, made.stderr
    world._referrers[world.digest("attested")] = []
    world.attach_bundle("attested", world.bundle_of("attested"))

    child = world.push.image("index", content=b"child")
    world.images["index"] = world.push.index("index", "v1", [child])
    world.sign("index")

    for form in ("jws", "cose"):
        world.image(f"notation-{form}")
        world.notate(f"notation-{form}", form, world.signer)
    world.image("notation-stranger")
    world.notate("notation-stranger", "jws", world.stranger)
    world.image("notation-expired")
    world.notate("notation-expired", "cose", world.expired)
    world.image("notation-replayed")
    world.notate("notation-replayed", "jws", world.signer, subject=digest_of(b"something else"))
    world.image("unsigned")
    return world

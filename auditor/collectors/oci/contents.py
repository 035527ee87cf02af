"""Reads what is in an image: its config, and where asked for its layers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from auditor.analysis.bases import KnownBases
from auditor.analysis.distributions import read_os_release
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.collectors.oci.distribution import GET_BLOB, Distribution, Manifest
from auditor.collectors.oci.layers import LayerReader
from auditor.collectors.oci.manifests import texts_of
from auditor.inventory.contents import SECRETS_UNASKED, SecretScan
from auditor.inventory.contents import Distribution as InstalledDistribution
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image, ImageConfig
from auditor.inventory.recorder import Recorder
from auditor.secrets.config import added_hosts, environment, labels_of, without_secrets
from auditor.secrets.image import Layer, join, os_release

MAX_CONFIG_BYTES = 8 * 1024 * 1024
MOST_NAMES = 500
_UNREAD = Unknown(Reason.NOT_REQUESTED, GET_BLOB, "read_configs is off")


@dataclass(frozen=True)
class ContentsReader:
    """Fills in the facts of `Image` that its config and layers hold. `layers`: None where nobody asked for them."""

    registry: Distribution
    recorder: Recorder
    read_configs: bool = True
    layers: LayerReader | None = None
    bases: KnownBases = field(default_factory=KnownBases)

    def filled(self, image: Image, manifest: Manifest, repository: str, urn: str) -> Image:
        """The image with what is in it. `urn`: of its repository."""
        if not self.read_configs and self.layers is None:
            return msgspec.structs.replace(image, config=_UNREAD)
        at = f"{urn}@{image.digest}"
        document = fact_of(lambda: self._document(repository, manifest), recorder=self.recorder, affects=at)
        if not isinstance(document, Known):
            secrets = document if self.layers is not None else SECRETS_UNASKED
            return msgspec.structs.replace(image, config=document, base=document, secrets=secrets, distribution=secrets)
        # Without secrets before they are cut: half a key is one too.
        annotations = manifest.document.get("annotations")
        labels = texts_of(without_secrets(labels_of(document.value, annotations)))
        image = msgspec.structs.replace(
            image,
            config=Known(image_config(document.value, labels), GET_BLOB),
            base=self.bases.find(_diff_ids(document.value), labels),
        )
        if self.layers is None:
            return image
        layers, gaps = self.layers.read(repository, manifest.document)
        scan = join(layers, document.value, annotations, gaps)
        self._settle(scan, at)
        whole = not gaps and all(one.contents.whole for one in layers)
        return msgspec.structs.replace(
            image,
            secrets=Known(scan, GET_BLOB),
            distribution=_distribution(layers) if whole else _not_whole(scan),
        )

    def _settle(self, scan: SecretScan, at: str) -> None:
        """Count the scan as answered or not; every kind of gap is an error of the audit."""
        if not scan.gaps:
            self.recorder.settle(Known(True), at)
        for number, gap in enumerate(sorted(scan.gaps, key=lambda gap: gap.reason is Reason.UNSUPPORTED_BY_PLATFORM)):
            fact = Unknown(gap.reason, GET_BLOB, gap.detail[:200])
            message = f"{gap.layer[:19]} {gap.detail}"
            if not number:
                # One fact of an image, whatever the number of gaps; foreign layers were never wanted.
                self.recorder.settle(fact, at, message=message)
            elif gap.reason is not Reason.UNSUPPORTED_BY_PLATFORM:
                self.recorder.error(fact.source, fact.reason, fact.detail, message, at)

    def _document(self, repository: str, manifest: Manifest) -> Known[dict[str, Any]] | Absent:
        descriptor = manifest.document.get("config")
        wanted = str(descriptor.get("digest", "")) if isinstance(descriptor, dict) else ""
        content = self.registry.blob(repository, wanted, MAX_CONFIG_BYTES, config=True)
        if content is None:
            return Absent(GET_BLOB, "BLOB_UNKNOWN")
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise CallFailedError(Unknown(Reason.PARSE_ERROR, GET_BLOB, "config"), "the config is no JSON object")
        return Known(document)


def image_config(document: dict[str, Any], labels: dict[str, str]) -> ImageConfig:
    """What the inventory keeps of a config: no values of the environment and no commands. `labels`: without secrets."""
    created = document.get("created")
    return ImageConfig(
        labels=labels,
        created_at=Known(created) if isinstance(created, str) and created else Absent(GET_BLOB),
        user=str(_inner(document).get("User") or "")[:256],
        os=str(document.get("os") or "")[:64],
        os_version=str(document.get("os.version") or "")[:64],
        env_names=[name[:256] for name, _ in environment(document)][:MOST_NAMES],
        added_urls=added_hosts(document),
    )


def _inner(document: dict[str, Any]) -> dict[str, Any]:
    inner = document.get("config")
    return inner if isinstance(inner, dict) else {}


def _diff_ids(document: dict[str, Any]) -> list[str]:
    root = document.get("rootfs")
    listed = root.get("diff_ids") if isinstance(root, dict) else None
    return [str(one) for one in listed[:1000]] if isinstance(listed, list) else []


def _distribution(layers: list[Layer]) -> Fact[InstalledDistribution]:
    text = os_release(layers)
    if text is None:
        return Absent(GET_BLOB, "no_os_release")
    found = read_os_release(text)
    return Known(found, GET_BLOB) if found else Unknown(Reason.PARSE_ERROR, GET_BLOB, "its os-release does not parse")


def _not_whole(scan: SecretScan) -> Unknown:
    gap = scan.gaps[0]
    return Unknown(gap.reason, GET_BLOB, f"not all layers were read: {gap.detail}"[:200])

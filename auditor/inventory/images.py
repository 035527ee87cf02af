"""Images: manifests and what hangs on them."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.attestations import Attestation, not_read_here
from auditor.inventory.base import Record
from auditor.inventory.contents import BASE_UNASKED, SECRETS_UNASKED, BaseImage, Distribution, SecretScan
from auditor.inventory.facts import Fact, Reason, Unknown
from auditor.inventory.scanning import ScanResult


class Signature(Record, frozen=True):
    """A signature that is attached to an image. Presence is not validity: see `verification`."""

    kind: Literal["cosign", "cosign_bundle", "notation", "vendor"]
    found_via: Literal["referrers", "subject", "tag_scheme", "vendor_api"]
    digest: str
    artifact_type: str
    verification: Fact[Literal["verified", "invalid", "untrusted", "expired", "revoked"]]
    detail: str = ""
    """Why, where the state alone does not say it; it may quote what a stranger wrote."""
    signer: str = ""
    """The name of the trusted key, or the subject of the certificate; empty where nobody is known to have signed."""
    certificate: Fact[Literal["issued", "self_signed", "test"]] = Unknown(Reason.NOT_REQUESTED, "trust in auditor.yaml")
    """What the signer's certificate is; absent where a bare key signed. `test`: of `notation cert generate-test`."""
    signed_tag: str = ""
    """The tag that a verified signature gives its digest; most name none."""


class SigningStatus(Record, frozen=True):
    """The registry's own record of signing an image."""

    profile: str
    status: Literal["in_progress", "complete", "failed"]
    failure_code: str = ""


class Child(Record, frozen=True):
    """A manifest that an index names."""

    digest: str
    kind: Literal["image", "attestation"]
    platform: str
    describes: str = ""
    """Of an attestation: the digest of the platform that it is about, as the index says."""


class ImageConfig(Record, frozen=True):
    """What an image says of itself: labels of its config joined with annotations of its manifest (these win)."""

    labels: dict[str, str]
    created_at: Fact[str]
    """As the author wrote it: not a date to rely on."""
    user: str = ""
    os: str = ""
    """As the config says: `linux`, `windows`; empty where it was not kept."""
    os_version: str = ""
    env_names: list[str] = []
    """Names only: a value may be a secret."""
    added_urls: list[str] = []
    """Hosts that the build took files from by ADD, as its history says."""


class ReplicaStatus(Record, frozen=True):
    """The registry's own record of copying an image to one destination."""

    account: str
    region: str
    status: Literal["complete", "in_progress", "failed"]
    failure_code: str = ""


class Image(Record, frozen=True):
    """One manifest: image, index, or another artefact stored beside them."""

    digest: str
    kind: Literal["image", "index", "signature", "attestation", "sbom", "artefact", "referrers_index"]
    tags: list[str]
    status: Literal["active", "archived", "activating"]
    media_type: Fact[str]
    artifact_type: Fact[str]
    subject: Fact[str]
    size_bytes: Fact[int]
    pushed_at: Fact[str]
    last_pulled_at: Fact[str]
    children: Fact[list[Child]]
    """Of an index; absent for anything else."""
    scan: Fact[ScanResult]
    """Absent: never scanned."""
    signatures: Fact[list[Signature]]
    """Known and empty: asked, and there is none."""
    signing_status: Fact[list[SigningStatus]]
    archived_at: Fact[str] = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "")
    """When it was last moved to the archive; absent: never."""
    activated_at: Fact[str] = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "")
    """When it was last restored from the archive; absent: never."""
    config: Fact[ImageConfig] = Unknown(Reason.NOT_REQUESTED, "ecr:GetDownloadUrlForLayer", "read_configs is off")
    replicas: Fact[list[ReplicaStatus]] = Unknown(Reason.NOT_REQUESTED, "ecr:DescribeImageReplicationStatus")
    config_digest: str = ""
    """Of the config that the manifest names, which scanners call the image's id; empty: not read."""
    secrets: Fact[SecretScan] = SECRETS_UNASKED
    base: Fact[BaseImage] = BASE_UNASKED
    distribution: Fact[Distribution] = SECRETS_UNASKED
    """Absent: no layer holds an os-release."""
    attestations: Fact[list[Attestation]] = not_read_here()
    """Known and empty: asked, and there is none."""

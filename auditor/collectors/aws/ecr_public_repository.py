"""Reads one public repository: its images, its policy (who may push and delete) and its tags."""

from __future__ import annotations

from typing import Any

from auditor.analysis.artefacts import BUNDLE, NOTATION, ManifestFacts, classify, signature_tag_subject, signatures_of
from auditor.analysis.derive import derive_repository
from auditor.analysis.totals import total_size
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.words import document, text_fact, time_fact
from auditor.collectors.failed import fact_of
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image, Signature
from auditor.inventory.model import Repository, RepositoryRecord
from auditor.inventory.names import repository_urn
from auditor.inventory.parts import PolicyDocument, RegistryRef
from auditor.inventory.writing import ScopeWriter

LIST = "ecr-public:DescribeRepositories"
IMAGES = "ecr-public:DescribeImages"
MANIFEST = "oci:GetManifest"
REFERRERS = "oci:ListReferrers"


def unsupported(source: str) -> Unknown:
    """The platform has no such thing; `source` is the call that would tell of it."""
    return Unknown(Reason.UNSUPPORTED_BY_PLATFORM, source, "ECR Public has no such feature")


class PublicRepositoryReader:
    """Reads repositories of one registry; safe to use from many threads."""

    def __init__(self, caller: Caller, scope: ScopeWriter, ref: RegistryRef) -> None:
        self._caller = caller
        self._scope = scope
        self._ref = ref

    def read(self, entry: dict[str, Any]) -> RepositoryRecord:
        """The record of one entry of DescribeRepositories. Errors: `CallFailedError` when it is gone."""
        name, arn = str(entry["repositoryName"]), str(entry["repositoryArn"])
        urn = repository_urn(self._ref.id, name)
        recorder = self._scope.recorder
        images = fact_of(lambda: self._images(name), recorder=recorder, affects=urn)
        repository = Repository(
            name=name,
            uri=str(entry.get("repositoryUri", "")),
            registry=self._ref,
            hosting=Known("hosted"),
            created_at=time_fact(entry, "createdAt", LIST),
            immutability=unsupported(LIST),
            encryption=unsupported(LIST),
            scan_on_push=unsupported(LIST),
            scanning=unsupported(LIST),
            resource_tags=fact_of(lambda: self._tags(arn), recorder=recorder, affects=urn),
            access_policy=fact_of(lambda: self._policy(name), recorder=recorder, affects=urn),
            retention_policy=unsupported(LIST),
            size_bytes=total_size(images),
            visibility=Known("public"),
        )
        return RepositoryRecord(
            id=urn,
            scope=self._scope.id,
            now=self._scope.now,
            repository=repository,
            derived=derive_repository(repository, images),
            images=images,
        )

    def _images(self, name: str) -> Known[list[Image]]:
        pages = self._caller.pages("DescribeImages", "imageDetails", repositoryName=name, maxResults=1000)
        entries = sorted(pages, key=lambda entry: str(entry["imageDigest"]))
        manifests = [_manifest(entry) for entry in entries]
        signatures = _signatures(manifests)
        return Known([_image(e, m, signatures[m.digest]) for e, m in zip(entries, manifests, strict=True)], IMAGES)

    def _tags(self, arn: str) -> Known[dict[str, str]] | Absent:
        answer = self._caller.call("ListTagsForResource", resourceArn=arn)
        tags = {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in answer.get("tags") or []}
        return Known(tags, "ecr-public:ListTagsForResource") if tags else Absent("ecr-public:ListTagsForResource")

    def _policy(self, name: str) -> Known[PolicyDocument] | Absent:
        text = self._caller.call("GetRepositoryPolicy", repositoryName=name)["policyText"]
        return Known(document(text, "aws_iam"), "ecr-public:GetRepositoryPolicy")


def _manifest(entry: dict[str, Any]) -> ManifestFacts:
    return ManifestFacts(
        digest=str(entry["imageDigest"]),
        tags=tuple(entry.get("imageTags") or ()),
        media_type=str(entry.get("imageManifestMediaType") or ""),
        artifact_type=str(entry.get("artifactMediaType") or ""),
        subject="",
    )


def _signatures(manifests: list[ManifestFacts]) -> dict[str, Fact[list[Signature]]]:
    """Signatures by digest. Only the tag scheme tells: what the list does not say is whose a signature is.

    So an image without one by tag scheme is unsigned only where nothing in the repository could sign it: neither
    a referrers tag of its own, nor a signature that names its subject in the manifest alone.
    """
    found = signatures_of(manifests).signatures
    loose = any(m.artifact_type == NOTATION or m.artifact_type.startswith(BUNDLE) for m in manifests)
    schemes = [signature_tag_subject(tag) for manifest in manifests for tag in manifest.tags]
    referred = {scheme[0] for scheme in schemes if scheme and not scheme[1]}
    not_asked = Unknown(Reason.NOT_REQUESTED, REFERRERS, "ECR Public's API does not list what refers to an image")
    return {
        m.digest: Known(found[m.digest])
        if m.digest in found
        else not_asked
        if loose or m.digest in referred
        else Known([])
        for m in manifests
    }


def _image(entry: dict[str, Any], manifest: ManifestFacts, signatures: Fact[list[Signature]]) -> Image:
    kind = classify(manifest)
    size = entry.get("imageSizeInBytes")
    manifests_unread = Unknown(Reason.NOT_REQUESTED, MANIFEST, "ECR Public's API gives no manifests")
    return Image(
        digest=manifest.digest,
        kind=kind,
        tags=sorted(manifest.tags),
        status="active",
        media_type=text_fact(entry, "imageManifestMediaType", IMAGES),
        artifact_type=text_fact(entry, "artifactMediaType", IMAGES),
        subject=unsupported(IMAGES),
        size_bytes=Known(int(size)) if size is not None else Unknown(Reason.SERVER_ERROR, IMAGES, "no size"),
        pushed_at=time_fact(entry, "imagePushedAt", IMAGES),
        last_pulled_at=unsupported(IMAGES),
        children=manifests_unread if kind == "index" else Absent(IMAGES, "not_an_index"),
        scan=unsupported(IMAGES) if kind == "image" else Absent(IMAGES, "not_an_image"),
        signatures=signatures,
        signing_status=unsupported(IMAGES),
        archived_at=unsupported(IMAGES),
        activated_at=unsupported(IMAGES),
        config=Unknown(Reason.NOT_REQUESTED, "oci:GetBlob", "ECR Public's API gives no configs"),
        replicas=unsupported(IMAGES),
    )

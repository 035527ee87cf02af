"""Reads the images of one repository: the list first, then only what the list does not tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from auditor.analysis.artefacts import (
    ManifestFacts,
    bundle_is_signature,
    classify,
    index_children,
    signatures_of,
    unverified,
)
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_scans import read_scan, summary_of
from auditor.collectors.aws.inspector import COVERAGE, BulkScan, Inspection
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.aws.words import text_fact, time_fact
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.errors import InputError
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Child, Image, Signature, SigningStatus
from auditor.inventory.model import SigningRule
from auditor.inventory.recorder import Recorder
from auditor.inventory.scanning import ScanResult

LIST = "ecr:DescribeImages"
MAX_IDS = 100
_STATUS: dict[str, Literal["active", "archived", "activating"]] = {
    "ACTIVE": "active",
    "ARCHIVED": "archived",
    "ACTIVATING": "activating",
}
_SIGNING: dict[str, Literal["in_progress", "complete", "failed"]] = {
    "IN_PROGRESS": "in_progress",
    "COMPLETE": "complete",
    "FAILED": "failed",
}


class ImageReader:
    """Reads the images of repositories of one scope."""

    def __init__(
        self, ecr: Caller, recorder: Recorder, settings: EcrSettings, inspection: Callable[[], Inspection]
    ) -> None:
        self._ecr = ecr
        self._inspection = inspection
        self._recorder = recorder
        self._settings = settings

    def read(self, repository: str, urn: str, signing: Fact[list[SigningRule]]) -> Fact[list[Image]]:
        """Every image, sorted by digest. Errors: `CallFailedError` when the repository is gone."""

        def listing() -> Known[list[dict[str, Any]]]:
            pages = self._ecr.pages(
                "DescribeImages", "imageDetails",
                repositoryName=repository, maxResults=1000, filter={"imageStatus": "ANY"},
            )  # fmt: skip
            return Known(sorted(pages, key=lambda entry: str(entry["imageDigest"])))

        listed = fact_of(listing, recorder=self._recorder, affects=urn)
        if not isinstance(listed, Known):
            return listed
        entries = listed.value
        manifests = [_manifest(entry) for entry in entries]
        images = [_image(entry, manifest) for entry, manifest in zip(entries, manifests, strict=True)]
        images = self._children(repository, urn, images)
        bulk = self._inspection().take(repository)
        images = [
            self._scan(repository, urn, image, entry, bulk.get(image.digest))
            for image, entry in zip(images, entries, strict=True)
        ]
        images = self._signatures(repository, urn, images, manifests)
        if not isinstance(signing, Absent):
            images = [self._signing(repository, urn, image, signing) for image in images]
        return Known(images, LIST)

    # ---------------------------------------------------------------- indexes
    def _children(self, repository: str, urn: str, images: list[Image]) -> list[Image]:
        wanted = [image.digest for image in images if image.kind == "index"]
        if not wanted:
            return images
        found: dict[str, Fact[list[Child]]] = {}
        if self._settings.read_manifests:
            for start in range(0, len(wanted), MAX_IDS):
                found.update(self._manifests(repository, urn, wanted[start : start + MAX_IDS]))
        not_asked: Fact[list[Child]] = Unknown(Reason.NOT_REQUESTED, "ecr:BatchGetImage", "read_manifests is off")
        return [
            msgspec.structs.replace(image, children=found.get(image.digest, not_asked))
            if image.kind == "index"
            else image
            for image in images
        ]

    def _manifests(self, repository: str, urn: str, digests: list[str]) -> dict[str, Fact[list[Child]]]:
        """Children of each index. An archived index cannot be read."""
        source = "ecr:BatchGetImage"
        try:
            answer = self._ecr.call(
                "BatchGetImage", repositoryName=repository, imageIds=[{"imageDigest": digest} for digest in digests]
            )
        except CallFailedError as failure:
            if failure.gone:
                raise
            self._recorder.settle(failure.fact, urn, message=failure.message)
            return dict.fromkeys(digests, failure.fact)
        facts: dict[str, Fact[list[Child]]] = {}
        for entry in answer.get("images") or []:
            digest = entry.get("imageId", {}).get("imageDigest", "")
            try:
                facts[digest] = Known(index_children(entry.get("imageManifest") or ""), source)
            except InputError as error:
                facts[digest] = Unknown(Reason.PARSE_ERROR, source, error.message)
        for entry in answer.get("failures") or []:
            digest = entry.get("imageId", {}).get("imageDigest", "")
            facts.setdefault(digest, Unknown(Reason.RACE_DELETED, source, str(entry.get("failureCode", ""))))
        for digest in digests:
            facts.setdefault(digest, Unknown(Reason.SERVER_ERROR, source, "not in the answer"))
            self._recorder.settle(facts[digest], f"{urn}@{digest}")
        return facts

    # ---------------------------------------------------------------- scans
    def _scan(self, repository: str, urn: str, image: Image, entry: dict[str, Any], bulk: BulkScan | None) -> Image:
        """The scan: Inspector's in bulk, else the one in the list of images, else asked for."""
        if image.kind != "image":
            return msgspec.structs.replace(image, scan=Absent(LIST, "not_an_image"))
        summary = summary_of(entry)
        if bulk is not None and image.status != "archived":
            if not bulk.ask:
                self._recorder.settle(Known(True), f"{urn}@{image.digest}")
                return msgspec.structs.replace(image, scan=Known(bulk.result, COVERAGE))
            summary = None
        wanted = summary is None or (isinstance(summary.vulnerabilities, Absent) and isinstance(summary.counts, Known))
        if self._settings.scan_details == "always" and image.status == "active":
            wanted = True
        if not wanted or self._settings.scan_details == "never":
            told: Fact[ScanResult] = (
                Known(summary, LIST)
                if summary
                else Unknown(Reason.NOT_REQUESTED, "ecr:DescribeImageScanFindings", "scan_details is never")
            )
            return msgspec.structs.replace(image, scan=told)
        asked = fact_of(
            lambda: read_scan(self._ecr, repository, image.digest, self._inspection().book.hidden_by),
            recorder=self._recorder,
            affects=f"{urn}@{image.digest}",
        )
        return msgspec.structs.replace(image, scan=_merged(asked, summary, bulk))

    # ---------------------------------------------------------------- signatures
    def _signatures(
        self, repository: str, urn: str, images: list[Image], manifests: list[ManifestFacts]
    ) -> list[Image]:
        found = signatures_of(manifests)
        result = []
        for image in images:
            signatures: Fact[list[Signature]] = Known(found.signatures.get(image.digest, []))
            if image.digest in found.ambiguous and not found.signatures.get(image.digest):
                signatures = fact_of(
                    lambda digest=image.digest: self._bundles(repository, digest),  # type: ignore[misc]  # bound now
                    recorder=self._recorder,
                    affects=f"{urn}@{image.digest}",
                )
            result.append(msgspec.structs.replace(image, signatures=signatures))
        return result

    def _bundles(self, repository: str, digest: str) -> Known[list[Signature]] | Absent:
        """Ask for the annotations of sigstore bundles, which tell signatures from attestations."""
        signatures = []
        doubtful = False
        pages = self._ecr.pages(
            "ListImageReferrers", "referrers",
            repositoryName=repository, subjectId={"imageDigest": digest}, maxResults=50,
        )  # fmt: skip
        for entry in pages:
            verdict = bundle_is_signature(entry.get("annotations") or {})
            doubtful = doubtful or verdict is None
            if verdict:
                artifact = str(entry.get("artifactType", ""))
                signatures.append(Signature("cosign_bundle", "referrers", str(entry["digest"]), artifact, unverified()))
        if doubtful and not signatures:
            raise CallFailedError(
                Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, "ecr:BatchGetImage", "a bundle without annotations"),
                "a sigstore bundle does not say whether it holds a signature",
            )
        return Known(sorted(signatures, key=lambda signature: signature.digest), "ecr:ListImageReferrers")

    def _signing(self, repository: str, urn: str, image: Image, rules: Fact[list[SigningRule]]) -> Image:
        """The registry's own record of signing, where a signing rule exists and the image has a tag."""
        if isinstance(rules, Unknown):
            return msgspec.structs.replace(image, signing_status=rules)
        if image.kind not in ("image", "index") or not image.tags or not (isinstance(rules, Known) and rules.value):
            return image

        def ask() -> Known[list[SigningStatus]] | Absent:
            answer = self._ecr.call(
                "DescribeImageSigningStatus", repositoryName=repository, imageId={"imageDigest": image.digest}
            )
            return Known(
                [
                    SigningStatus(
                        entry.get("signingProfileArn", ""),
                        _SIGNING.get(str(entry.get("status")), "in_progress"),
                        entry.get("failureCode", ""),
                    )
                    for entry in answer.get("signingStatuses") or []
                ],
                "ecr:DescribeImageSigningStatus",
            )

        status = fact_of(ask, recorder=self._recorder, affects=f"{urn}@{image.digest}")
        return msgspec.structs.replace(image, signing_status=status)


def _merged(asked: Fact[ScanResult], listed: ScanResult | None, bulk: BulkScan | None) -> Fact[ScanResult]:
    """What was asked for one image, with what is known of it anyway."""
    if isinstance(asked, Unknown) and bulk is not None:
        # That it was scanned, and when, is known all the same.
        return Known(msgspec.structs.replace(bulk.result, counts=asked, vulnerabilities=asked), COVERAGE)
    if isinstance(asked, Unknown) and listed is not None:
        # The counts are known all the same; only the details are not.
        return Known(msgspec.structs.replace(listed, vulnerabilities=asked), LIST)
    if isinstance(asked, Known) and bulk is not None and not isinstance(asked.value.completed_at, Known):
        return Known(msgspec.structs.replace(asked.value, completed_at=bulk.result.completed_at), asked.source)
    return asked


def _manifest(entry: dict[str, Any]) -> ManifestFacts:
    return ManifestFacts(
        digest=str(entry["imageDigest"]),
        tags=tuple(entry.get("imageTags") or ()),
        media_type=str(entry.get("imageManifestMediaType") or ""),
        artifact_type=str(entry.get("artifactMediaType") or ""),
        subject=str(entry.get("subjectManifestDigest") or ""),
    )


def _image(entry: dict[str, Any], manifest: ManifestFacts) -> Image:
    size = entry.get("imageSizeInBytes")
    return Image(
        digest=manifest.digest,
        kind=classify(manifest),
        tags=sorted(manifest.tags),
        status=_STATUS.get(str(entry.get("imageStatus") or "ACTIVE"), "active"),
        media_type=text_fact(entry, "imageManifestMediaType", LIST),
        artifact_type=text_fact(entry, "artifactMediaType", LIST),
        subject=text_fact(entry, "subjectManifestDigest", LIST),
        size_bytes=Known(int(size)) if size is not None else Unknown(Reason.SERVER_ERROR, LIST, "no size"),
        pushed_at=time_fact(entry, "imagePushedAt", LIST),
        last_pulled_at=time_fact(entry, "lastRecordedPullTime", LIST),
        children=Absent(LIST, "not_an_index"),
        scan=Absent(LIST, "not_an_image"),
        signatures=Known([]),
        signing_status=Absent("ecr:GetSigningConfiguration"),
        archived_at=time_fact(entry, "lastArchivedAt", LIST),
        activated_at=time_fact(entry, "lastActivatedAt", LIST),
    )

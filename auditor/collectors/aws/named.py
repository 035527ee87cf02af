"""Reads ECR images that are named one by one: the same collector, whose lists hold only them and what belongs to them.

What an image is not judged by (policies, keys, the registry's switches) is not asked for, and unknown as such. A tag
is asked for once: everything after that goes by digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from auditor.analysis.artefacts import classify, index_children
from auditor.analysis.references import parse_reference
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_images import LIST, MAX_IDS, _manifest
from auditor.collectors.aws.scopes import Visit
from auditor.collectors.failed import CallFailedError
from auditor.collectors.selection import selected
from auditor.errors import InputError
from auditor.inventory.extent import WHOLE, Extent, NamedImage, NamedReference
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.names import registry_urn

Entry = dict[str, Any]
_NEEDED = frozenset(
    {
        "BatchGetImage", "BatchGetRepositoryScanningConfiguration", "DescribeImageScanFindings",
        "DescribeImageSigningStatus", "DescribeImages", "DescribePullThroughCacheRules", "DescribeRepositories",
        "GetAuthorizationToken", "GetDownloadUrlForLayer", "GetRegistryScanningConfiguration",
        "GetSigningConfiguration", "ListImageReferrers",
        "ListTagsForResource",
    }
)  # fmt: skip
"""What rules on images take of ECR."""
_QUICKER = {"attempts": 3, "region_timeout_s": 60.0}
_SIGNATURE_TAG = ".sig"


def narrowed(
    target: Mapping[str, Any], references: Sequence[NamedReference]
) -> tuple[dict[str, Any], list[NamedReference]]:
    """See `ports.ReferenceReader.narrow`."""
    own = [(place, one) for one in references if (place := place_of(one)) and _holds(target, *place)]
    accounts = sorted({account for (account, _), _ in own})
    result: dict[str, Any] = {
        **_QUICKER,
        **target,
        "regions": sorted({region for (_, region), _ in own}),
        "read_operations": False,
        "read_inspector": False,
        "read_replication_status": "never",
        "named": [msgspec.to_builtins(one) for _, one in own],
    }
    if target.get("accounts"):
        result["accounts"] = [one for one in target["accounts"] if _account(one) in ("", *accounts)]
    if target.get("from_organization"):
        result["from_organization"] = {**target["from_organization"], "include": accounts}
    return result, [one for _, one in own]


def place_of(reference: NamedReference) -> tuple[str, str] | None:
    """(account, region) of an image of ECR; None for any other."""
    parsed = parse_reference(f"{reference.registry}/{reference.repository}")
    return (parsed.account, parsed.region) if parsed.kind == "parsed" and parsed.account else None


def _account(account: Mapping[str, Any]) -> str:
    """The id of a configured account, as far as the configuration tells."""
    if account.get("account_id"):
        return str(account["account_id"])
    parts = str(account.get("role_arn") or "").split(":")
    return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004  an ARN's fifth part


def _holds(target: Mapping[str, Any], account: str, region: str) -> bool:
    """Whether a target may reach an account and a region: which account a profile leads to, only its calls tell."""
    regions: Any = target.get("regions", "discover")
    if isinstance(regions, list) and region not in regions:
        return False
    if isinstance(regions, dict) and not selected(region, regions.get("include", ["*"]), regions.get("exclude", [])):
        return False
    if target.get("from_organization") or not target.get("accounts"):
        return True
    return any(_account(one) in ("", account) for one in target["accounts"])


class NamedVisit(Visit):
    """A visit of a registry of which only named images are read."""

    def __init__(self, visit: Visit, references: Sequence[NamedReference]) -> None:
        # A frozen dataclass: its fields are copied, and what is added goes the same way.
        for one in fields(visit):
            object.__setattr__(self, one.name, getattr(visit, one.name))
        place = (visit.account.id, visit.region)
        named = [one for one in references if place_of(one) == place]
        object.__setattr__(self, "images", NamedImages(super().caller("ecr"), self, named))

    images: NamedImages

    def caller(self, service: str, prefix: str = "", region: str = "") -> Caller:
        """See `Visit.caller`: only what is needed for images is really called."""
        inner = super().caller(service, prefix, region)
        return _NamedCaller(inner, prefix or service, self.images)

    def complete(self, record: RepositoryRecord) -> RepositoryRecord:
        """See `Visit.complete`."""
        return self.images.complete(record)


def only_named(visit: Visit, references: Sequence[NamedReference]) -> Visit:
    """A visit that reads the named images only; the same visit where none are named."""
    return NamedVisit(visit, references) if references else visit


class _NamedCaller(Caller):
    """Passes on the calls that rules on images need; lists hold only what is named."""

    def __init__(self, inner: Caller, service: str, images: NamedImages) -> None:
        self._inner = inner
        self._prefix = service
        self._images = images

    def call(self, operation: str, **parameters: Any) -> Entry:
        """See `Caller.call`."""
        if self._prefix != "ecr" or operation not in _NEEDED:
            name = f"{self._prefix}:{operation}"
            raise CallFailedError(Unknown(Reason.NOT_REQUESTED, name, "only named images were read"), "not asked for")
        if operation == "BatchGetImage":
            return self._images.manifests(parameters)
        return self._inner.call(operation, **parameters)

    def pages(self, operation: str, key: str, token: str = "nextToken", **parameters: Any) -> Iterator[Entry]:  # noqa: S107
        """See `Caller.pages`."""
        if operation == "GetResources":
            return iter(())  # each repository is asked for its own tags
        if operation == "DescribeRepositories":
            return iter(self._images.repositories())
        if operation == "DescribeImages":
            return iter(self._images.entries(parameters["repositoryName"]))
        return super().pages(operation, key, token, **parameters)

    def close(self) -> None:
        """The visit closes what it made."""


class NamedImages:
    """The images that were named in one registry, and what belongs to them."""

    def __init__(self, ecr: Caller, visit: Visit, references: Sequence[NamedReference]) -> None:
        self._ecr = ecr
        self._recorder = visit.recorder
        self._id = registry_urn("ecr", visit.account.id, visit.region)
        self._references = references
        self._extents: dict[str, Extent] = {}
        self._manifests: dict[str, Entry] = {}
        self._unsigned: dict[str, Unknown] = {}
        """Repository -> why what signs its images is not known."""

    def complete(self, record: RepositoryRecord) -> RepositoryRecord:
        """The record with what its references led to."""
        size = Unknown(Reason.NOT_REQUESTED, LIST, "only named images were read")
        repository = msgspec.structs.replace(record.repository, size_bytes=size)
        name = record.repository.name
        images, unsigned = record.images, self._unsigned.get(name)
        if unsigned is not None and isinstance(images, Known):
            # One that was not listed may be the good one.
            images = Known([_unsigned(image, unsigned) for image in images.value], images.source)
        extent = self._extents.get(name, WHOLE)
        return msgspec.structs.replace(record, repository=repository, images=images, extent=extent)

    def repositories(self) -> list[Entry]:
        """The entries of DescribeRepositories."""
        found: list[Entry] = []
        for name in sorted({one.repository for one in self._references}):
            try:
                found += self._ecr.call("DescribeRepositories", repositoryNames=[name]).get("repositories") or []
            except CallFailedError as failure:
                if not failure.gone:
                    raise
                gone = Unknown(Reason.RACE_DELETED, "ecr:DescribeRepositories", "the registry has no such repository")
                self._recorder.settle(gone, f"{self._id}:{name}")
        return found

    def entries(self, repository: str) -> list[Entry]:
        """The entries of DescribeImages: the named images, the parts of indexes, and what signs them."""
        found: dict[str, Entry] = {}
        named = [self._take(repository, one, found) for one in self._references if one.repository == repository]
        others = Unknown(Reason.NOT_REQUESTED, LIST, "only the images that were named were read")
        self._extents[repository] = Extent(named, others, Known("read"))
        unread = [one.digest for one in named if isinstance(one.digest, Unknown)]
        if not found and unread:
            raise CallFailedError(unread[0], unread[0].detail)
        self._add(repository, self._children(repository, found), found)
        images = [digest for digest, entry in found.items() if classify(_manifest(entry)) in ("image", "index")]
        try:
            self._add(repository, self._signatures(repository, images), found)
        except CallFailedError as failure:
            if failure.gone or not isinstance(failure.fact, Unknown):
                raise
            self._recorder.settle(failure.fact, f"{self._id}:{repository}", message=failure.message)
            self._unsigned[repository] = failure.fact
        return list(found.values())

    def _take(self, repository: str, reference: NamedReference, found: dict[str, Entry]) -> NamedImage:
        tag = "" if reference.digest else reference.tag
        wanted = {"imageTag": tag} if tag else {"imageDigest": reference.digest}
        fact: Fact[str]
        try:
            answer = self._ecr.call(
                "DescribeImages", repositoryName=repository, imageIds=[wanted], filter={"imageStatus": "ANY"}
            )
            [entry] = answer.get("imageDetails") or [{}]
            digest = str(entry.get("imageDigest", ""))
        except CallFailedError as failure:
            fact = failure.fact if isinstance(failure.fact, Unknown) and not failure.gone else _no_such()
            digest = ""
        else:
            fact = Known(digest, LIST) if digest else _no_such()
        if digest:
            found[digest] = entry
        else:
            self._recorder.settle(
                fact, f"{self._id}:{repository}:{tag}" if tag else f"{self._id}:{repository}@{reference.digest}"
            )
        return NamedImage(reference.text, tag, fact)

    def _children(self, repository: str, found: Mapping[str, Entry]) -> list[str]:
        """Digests of the parts of the indexes among `found`. What cannot be read, the reader of indexes will say."""
        indexes = sorted(digest for digest, entry in found.items() if classify(_manifest(entry)) == "index")
        if not indexes:
            return []
        children: list[str] = []
        wanted = {"repositoryName": repository, "imageIds": [{"imageDigest": digest} for digest in indexes]}
        try:
            for image in self.manifests(wanted).get("images") or []:
                children += [child.digest for child in index_children(image.get("imageManifest") or "")]
        except (CallFailedError, InputError):
            return children
        return children

    def manifests(self, parameters: Mapping[str, Any]) -> Entry:
        """BatchGetImage, the same question once."""
        key = msgspec.json.encode(parameters).decode()
        if key not in self._manifests:
            self._manifests[key] = self._ecr.call("BatchGetImage", **parameters)
        return self._manifests[key]

    def _signatures(self, repository: str, images: list[str]) -> list[str]:
        """Digests of the manifests under cosign's tags for `images`, and of those that refer to them."""
        digests: list[str] = []
        tags = [{"imageTag": digest.replace(":", "-") + _SIGNATURE_TAG} for digest in sorted(images)]
        for start in range(0, len(tags), MAX_IDS):
            asked = {"repositoryName": repository, "imageIds": tags[start : start + MAX_IDS]}
            answer = self.manifests(asked)
            digests += [str(one["imageId"]["imageDigest"]) for one in answer.get("images") or []]
        for digest in sorted(images):
            pages = self._ecr.pages(
                "ListImageReferrers", "referrers",
                repositoryName=repository, subjectId={"imageDigest": digest}, maxResults=50,
            )  # fmt: skip
            digests += [str(entry["digest"]) for entry in pages]
        return digests

    def _add(self, repository: str, digests: Sequence[str], found: dict[str, Entry]) -> None:
        """Take in the entries of digests, those that are there."""
        new = [digest for digest in dict.fromkeys(digests) if digest not in found]
        for start in range(0, len(new), MAX_IDS):
            for entry in self._described(repository, new[start : start + MAX_IDS]):
                found[str(entry["imageDigest"])] = entry

    def _described(self, repository: str, digests: list[str]) -> list[Entry]:
        """One that is missing fails all of a call: then each is asked for by itself."""
        ids = [{"imageDigest": digest} for digest in digests]
        try:
            answer = self._ecr.call(
                "DescribeImages", repositoryName=repository, imageIds=ids, filter={"imageStatus": "ANY"}
            )
            return answer.get("imageDetails") or []
        except CallFailedError as failure:
            if not failure.gone:
                raise
            if len(digests) == 1:
                return []
            return [entry for one in digests for entry in self._described(repository, [one])]


def _no_such() -> Unknown:
    return Unknown(Reason.RACE_DELETED, LIST, "the registry has no such image")


def _unsigned(image: Image, why: Unknown) -> Image:
    nothing = image.kind in ("image", "index") and image.signatures == Known([])
    return msgspec.structs.replace(image, signatures=why) if nothing else image

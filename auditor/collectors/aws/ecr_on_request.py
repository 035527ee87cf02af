"""What of images is read only where the target asks for it: labels, and the status of copying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from auditor.analysis.replication import destinations_of
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_configs import ConfigCache, ConfigReader
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.failed import fact_of
from auditor.collectors.selection import selected
from auditor.inventory.facts import Absent, Fact, Known, Unknown
from auditor.inventory.images import Image, ReplicaStatus
from auditor.inventory.parts import RegistryRef
from auditor.inventory.recorder import Recorder
from auditor.inventory.replication import Destination, ReplicationRule

RELEASES = ["v*", "release*"]
_STATUS = "ecr:DescribeImageReplicationStatus"
_WORDS: dict[str, Literal["complete", "in_progress", "failed"]] = {
    "COMPLETE": "complete",
    "IN_PROGRESS": "in_progress",
    "FAILED": "failed",
}


class OnRequestReader:
    """Completes the images of a repository by what the settings ask for; safe to use from many threads."""

    def __init__(
        self, ecr: Caller, recorder: Recorder, settings: EcrSettings, configs: ConfigCache, ref: RegistryRef
    ) -> None:
        self._ecr = ecr
        self._recorder = recorder
        self._settings = settings
        self._configs = ConfigReader(ecr, recorder, configs)
        self._own = Destination(ref.account, ref.region)

    def read(
        self,
        repository: str,
        urn: str,
        images: Fact[list[Image]],
        replication: Callable[[], Fact[list[ReplicationRule]]],
    ) -> Fact[list[Image]]:
        """The same images with what was asked for. Errors: `CallFailedError` when the repository is gone."""
        if not isinstance(images, Known):
            return images
        found = images.value
        if self._settings.read_configs:
            found = self._configs.read(repository, urn, found)
        if self._settings.read_replication_status != "never":
            found = self._statuses(repository, urn, found, replication())
        return Known(found, images.source)

    def _statuses(
        self, repository: str, urn: str, images: list[Image], rules: Fact[list[ReplicationRule]]
    ) -> list[Image]:
        """Asked only where a rule takes the repository: the answer would be empty otherwise."""
        if isinstance(rules, Unknown):
            return [msgspec.structs.replace(image, replicas=rules) for image in images]
        if isinstance(rules, Absent) or not destinations_of(rules.value, repository, self._own):
            nothing = Absent("ecr:DescribeRegistry", "no_rule")
            return [msgspec.structs.replace(image, replicas=nothing) for image in images]
        return [
            msgspec.structs.replace(image, replicas=self._status(repository, urn, image))
            if self._wanted(image)
            else image
            for image in images
        ]

    def _wanted(self, image: Image) -> bool:
        if image.kind not in ("image", "index") or image.status == "archived" or not image.tags:
            return False
        always = self._settings.read_replication_status == "always"
        return always or any(selected(tag, RELEASES, []) for tag in image.tags)

    def _status(self, repository: str, urn: str, image: Image) -> Fact[list[ReplicaStatus]]:
        def ask() -> Known[list[ReplicaStatus]] | Absent:
            answer = self._ecr.call(
                "DescribeImageReplicationStatus", repositoryName=repository, imageId={"imageDigest": image.digest}
            )
            found = [_replica(entry) for entry in answer.get("replicationStatuses") or []]
            return Known(sorted(found, key=lambda status: (status.account, status.region)), _STATUS)

        return fact_of(ask, recorder=self._recorder, affects=f"{urn}@{image.digest}")


def _replica(entry: dict[str, Any]) -> ReplicaStatus:
    """A status that is not known yet is taken for one under way: it is settled by time, not by us."""
    return ReplicaStatus(
        account=str(entry.get("registryId", "")),
        region=str(entry.get("region", "")),
        status=_WORDS.get(str(entry.get("status")), "in_progress"),
        failure_code=str(entry.get("failureCode", "")),
    )

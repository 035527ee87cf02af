"""Facts that are read for many repositories at once: resource tags, scan settings."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from auditor.collectors.aws.calls import Caller
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.recorder import Recorder

SCAN_BATCH = 25
TAG_PAGE = 100
_SCANNING = "ecr:BatchGetRepositoryScanningConfiguration"


def submit_scanning(
    ecr: Caller, recorder: Recorder, pool: Executor, names: list[str], registry_id: str
) -> Callable[[str], Fact[dict[str, Any]]]:
    """Ask for the effective scan settings in batches of 25; the result waits for its batch."""
    batches: dict[str, Future[dict[str, Fact[dict[str, Any]]]]] = {}
    for start in range(0, len(names), SCAN_BATCH):
        batch = names[start : start + SCAN_BATCH]
        future = pool.submit(_scan_batch, ecr, recorder, batch, registry_id)
        batches.update(dict.fromkeys(batch, future))
    return lambda name: batches[name].result()[name]


def _scan_batch(ecr: Caller, recorder: Recorder, names: list[str], registry_id: str) -> dict[str, Fact[dict[str, Any]]]:
    try:
        answer = ecr.call("BatchGetRepositoryScanningConfiguration", repositoryNames=names)
    except CallFailedError as failure:
        # One repository that is gone may fail the batch: then each is asked for by itself.
        if failure.gone and len(names) > 1:
            return {
                name: fact for one in names for name, fact in _scan_batch(ecr, recorder, [one], registry_id).items()
            }
        for name in names:
            recorder.settle(failure.fact, f"{registry_id}:{name}", message=failure.message)
        return dict.fromkeys(names, failure.fact)
    found: dict[str, Fact[dict[str, Any]]] = {
        str(entry["repositoryName"]): Known(entry, _SCANNING) for entry in answer.get("scanningConfigurations") or []
    }
    for entry in answer.get("failures") or []:
        code = str(entry.get("failureCode", ""))
        found.setdefault(str(entry.get("repositoryName", "")), Unknown(Reason.RACE_DELETED, _SCANNING, code))
    for name in names:
        fact = found.setdefault(name, Unknown(Reason.SERVER_ERROR, _SCANNING, "not in the answer"))
        if not (isinstance(fact, Unknown) and fact.reason is Reason.RACE_DELETED):
            recorder.settle(fact, f"{registry_id}:{name}")
    return found


class ResourceTags:
    """Tags of repositories: in bulk where that is allowed, one by one for those the bulk does not hold.

    The tagging API lists only what has or had tags, and lags behind: a repository that it does not
    list is asked for by itself before it counts as untagged.
    """

    BULK = "tagging:GetResources"

    def __init__(self, ecr: Caller, tagging: Caller, recorder: Recorder, pool: Executor) -> None:
        self._ecr = ecr
        self._recorder = recorder
        self._future: Future[dict[str, dict[str, str]]] = pool.submit(self._bulk, tagging)

    def _bulk(self, tagging: Caller) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        try:
            for entry in tagging.pages(
                "GetResources", "ResourceTagMappingList", "PaginationToken",
                ResourceTypeFilters=["ecr:repository"], ResourcesPerPage=TAG_PAGE,
            ):  # fmt: skip
                tags = {tag["Key"]: tag.get("Value", "") for tag in entry.get("Tags") or []}
                found[str(entry["ResourceARN"])] = tags
        except CallFailedError as failure:
            self._recorder.note(
                f"{self.BULK}: {failure.message}; resource tags were read one repository at a time instead"
            )
            return {}
        return found

    def of(self, name: str, arn: str, earlier: Fact[dict[str, str]] | None = None) -> Fact[dict[str, str]]:
        """The tags of one repository; `earlier`: those it had, where nothing has touched it since."""
        known = self._future.result().get(arn)
        if known:
            fact = Known(known, self.BULK)
            self._recorder.settle(fact, name)
            return fact
        if isinstance(earlier, Absent):
            self._recorder.settle(earlier, name)
            return earlier

        def ask() -> Known[dict[str, str]] | Absent:
            answer = self._ecr.call("ListTagsForResource", resourceArn=arn)
            tags = {tag["Key"]: tag.get("Value", "") for tag in answer.get("tags") or []}
            return Known(tags, "ecr:ListTagsForResource") if tags else Absent("ecr:ListTagsForResource")

        return fact_of(ask, recorder=self._recorder, affects=name)

"""Hypothesis strategies for what runs: workload records, and the usage of a repository's images."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from auditor.analysis.usage import group
from auditor.inventory.derived import RepositoryUsage, Use
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.workloads import Resolution, Workload, WorkloadDerived, WorkloadRecord, WorkloadsContext
from tests.support.strategies import ACCOUNT, NOW, REGION, absents, digests, facts, moments, repository_records, text

_STATES: Any = ["found", "found", "archived", "activating", "repository_missing", "tag_missing", "digest_missing"]
_not_audited = st.builds(
    Unknown, st.sampled_from(list(Reason)), st.just("auditor:workloads"), st.sampled_from(["", "not audited", "<b>"])
)
resolutions = st.builds(
    Resolution,
    st.sampled_from(_STATES),
    st.sampled_from(["", "team/app"]),
    st.just("") | digests(),
    st.just("") | digests(),
    st.sampled_from(["no", "no", "yes", "unknown"]),
)
references = st.sampled_from(["team/app:v1", "${IMAGE}", "", "x" * 400, "<script>", "a\u202eb", "%s%d"]) | text
workloads = st.builds(
    Workload,
    platform=st.sampled_from(["ecs", "lambda", "kubernetes"]),
    kind=st.sampled_from(["service", "task_definition", "Deployment"]),
    cluster=text,
    namespace=text,
    name=text,
    container=text,
    image=references,
    digest=facts(digests()),
    running=st.booleans(),
)


@st.composite
def workload_records(draw: st.DrawFn) -> WorkloadRecord:
    """One workload with what its reference means."""
    return WorkloadRecord(
        id=f"urn:cr:ecs:{ACCOUNT}:{REGION}:service/prod/app/{draw(text)}",
        scope=f"workloads/{ACCOUNT}/{REGION}",
        now=NOW,
        workload=draw(workloads),
        derived=WorkloadDerived(draw(st.one_of(resolutions.map(Known), absents, _not_audited))),
    )


uses = st.builds(
    Use,
    st.just("") | digests(),
    st.just("team/app:v1"),
    st.sampled_from(["urn:cr:ecs:1:r:service/a", "urn:cr:ecs:1:r:service/b"]),
    st.booleans(),
    st.sampled_from(["", "service prod/app", "task definition app:7", "<b>" * 60, "a\u202eb", "%s"]),
)


@st.composite
def usages(draw: st.DrawFn) -> RepositoryUsage:
    """What is in use, grouped or (as somebody else may write it) not."""
    found = draw(st.lists(uses, max_size=5))
    missing = draw(st.lists(st.sampled_from(["ecs:ListClusters", "<b>", "eks"]), max_size=4))
    return RepositoryUsage(not missing, missing, found, group(found) if draw(st.booleans()) else {})


@st.composite
def used_repositories(draw: st.DrawFn) -> RepositoryRecord:
    """A repository of which something may run, with images that were pulled at some time."""
    record = draw(repository_records())
    derived = msgspec.structs.replace(record.derived, usage=draw(facts(usages())))
    images: Any = record.images
    if isinstance(images, Known):
        images = Known([_pulled(draw, image) for image in images.value])
    return msgspec.structs.replace(record, derived=derived, images=images)


def _pulled(draw: st.DrawFn, image: Image) -> Image:
    times = moments | st.just("2026-02-01T00:00:00Z")
    return msgspec.structs.replace(
        image, last_pulled_at=draw(facts(times)), activated_at=draw(facts(times)), pushed_at=draw(facts(times))
    )


def workloads_context() -> WorkloadsContext:
    return WorkloadsContext(
        id=f"urn:cr:aws:{ACCOUNT}:{REGION}", scope=f"workloads/{ACCOUNT}/{REGION}", now=NOW, account=ACCOUNT,
        region=REGION, sources=Known(["ecs"]),
    )  # fmt: skip

"""Hypothesis strategies for what retention will take and what is in use, as the joins would write them."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from auditor.analysis.derive import with_outlook
from auditor.inventory.derived import RepositoryUsage, Use
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.model import RepositoryRecord

_WORKLOAD = "urn:cr:ecs:111111111111:eu-west-1:service/prod/app/app"


@st.composite
def usages(draw: st.DrawFn, digests: list[str]) -> Any:
    """Uses of some of the images, of digests that are not there, and of nothing; read, in part, or not at all."""
    if draw(st.booleans()):
        reason = draw(st.sampled_from([Reason.NOT_REQUESTED, Reason.PENDING]))
        return Unknown(reason, "auditor:workloads", "no source of workloads")
    digest = st.sampled_from([*digests, "", "sha256:" + "f" * 64])
    uses = draw(st.lists(st.builds(Use, digest, st.just("app:v1"), st.just(_WORKLOAD), st.booleans()), max_size=3))
    complete = draw(st.sampled_from([True, True, False]))
    missing = [] if complete else ["workloads/1/r: ecs:ListTasks: access_denied"]
    return Known(RepositoryUsage(complete, missing, uses), "auditor:workloads")


def with_joins(draw: st.DrawFn, record: RepositoryRecord) -> RepositoryRecord:
    """The record with its outlook, made from its own policy and images, and with what is in use."""
    images = record.images.value if isinstance(record.images, Known) else []
    usage = draw(usages([image.digest for image in images]))
    record = with_outlook(record) if draw(st.integers(0, 4)) else record
    return msgspec.structs.replace(record, derived=msgspec.structs.replace(record.derived, usage=usage))

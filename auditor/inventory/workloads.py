"""The records of what runs: one per container of a workload, and what its image reference resolves to."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact, Reason, Unknown

Platform = Literal["ecs", "lambda", "app_runner", "batch", "sagemaker", "codebuild", "kubernetes"]

ResolutionState = Literal["found", "archived", "activating", "repository_missing", "tag_missing", "digest_missing"]


class Workload(Record, frozen=True):
    """One container that runs, or that the platform may start again at any time.

    `running` is false for what is only kept ready: an ACTIVE task definition, an earlier ReplicaSet, a
    job definition. `digest` is what the platform says it runs, where it says so.
    """

    platform: Platform
    kind: str
    """The platform's own word: `service`, `task_definition`, `function`, `Deployment`."""
    cluster: str
    namespace: str
    name: str
    container: str
    image: str
    """The reference as written."""
    digest: Fact[str]
    running: bool
    pull_policy: str = ""
    pull_secrets: list[str] = []
    service_account: str = ""
    tags: dict[str, str] = {}
    non_root: bool = False
    """It is started as a user other than root, whatever its image says."""

    @property
    def label(self) -> str:
        """The workload in words: `service prod/app`, `Deployment prod/shop/web`, `task definition app:7`."""
        place = "/".join(part for part in (self.cluster, self.namespace, self.name) if part)
        return f"{self.kind.replace('_', ' ')} {place}"


class Resolution(Record, frozen=True):
    """What a reference means in the snapshot.

    `repository` and `digest` are empty where `state` says that there is none. `tag_digest` is what the tag
    points to now; `drift` is `yes` where that is another image than the one that runs (a platform of the index
    that the tag points to is no other image), and `unknown` where one of the two was not read.
    """

    state: ResolutionState
    repository: str
    digest: str
    tag_digest: str = ""
    drift: Literal["no", "yes", "unknown"] = "no"


class WorkloadDerived(Record, frozen=True):
    """Facts that follow from the reference and the registries of the snapshot."""

    resolution: Fact[Resolution]
    """Unknown where the registry was not audited, or the reference cannot be read."""


class WorkloadRecord(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a workloads scope: `input` of rules on what runs."""

    schema_version: Literal[1] = 1
    entity: Literal["workload"] = "workload"
    id: str
    scope: str
    now: str
    workload: Workload
    derived: WorkloadDerived = WorkloadDerived(Unknown(Reason.NOT_REQUESTED, "auditor:resolve"))


class Cluster(Record, frozen=True):
    """A cluster whose inside the provider's own interface does not show."""

    name: str
    id: str
    """The provider's id of it, as its ARN."""


class WorkloadsContext(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The context of a workloads scope."""

    schema_version: Literal[1] = 1
    entity: Literal["workloads"] = "workloads"
    id: str
    scope: str
    now: str
    account: str
    region: str
    sources: Fact[list[str]]
    """What was read, as `ecs`, `lambda`."""
    unread: list[str] = []
    """What was left out without anybody having asked for it, in words: usage is incomplete."""
    clusters: list[Cluster] = []
    """Clusters seen from outside: what runs in them is known only where another scope reads them."""
    covers: str = ""
    """The cluster whose inside this scope is: its name, or the provider's id of it."""

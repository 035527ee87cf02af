"""A target of kind `kubernetes`, typed. Shape: kubernetes_target.json."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from auditor.errors import ConfigError
from auditor.inventory.names import part_stem

KIND: Literal["kubernetes"] = "kubernetes"
_ARN = re.compile(r"arn:[a-z0-9-]+:eks:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):cluster/(?P<name>[A-Za-z0-9_-]+)")
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,80}")
MIB = 1024 * 1024


class KubernetesSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What to read, and from where: a recorded file, a kubeconfig, or the cluster that this runs in."""

    kind: Literal["kubernetes"] = KIND
    cluster: str | None = None
    file: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    in_cluster: bool = False
    allow_exec: bool = False
    namespaces: list[str] | None = None
    page_size: int = 500
    timeout_s: float = 30.0
    max_mib: int = 256

    def check(self) -> None:
        """Errors: `ConfigError` for sources that contradict each other, or a file of an unnamed cluster."""
        sources = [self.file is not None, self.kubeconfig is not None or self.context is not None, self.in_cluster]
        if sum(sources) > 1:
            raise ConfigError(
                "a target of kind kubernetes reads one of file, kubeconfig, in_cluster",
                field="targets",
                hint="make a target of each",
            )
        if (self.file is not None or self.in_cluster) and not self.cluster:
            raise ConfigError("cluster is missing", field="targets", hint="name the cluster, for EKS by its ARN")


class ClusterName(msgspec.Struct, frozen=True):
    """A cluster as it is named in ids, and where it is as far as its name tells."""

    id: str
    full: str
    account: str = ""
    region: str = ""

    @property
    def shown(self) -> str:
        """The name as people say it."""
        return self.full.rpartition("/")[2] if self.account else self.id


def cluster_name(text: str) -> ClusterName:
    """How a cluster is named in ids: without colons and slashes, and never two clusters the same."""
    arn = _ARN.fullmatch(text)
    if arn:
        return ClusterName(
            f"{arn['account']}.{arn['region']}.{arn['name']}", text, account=arn["account"], region=arn["region"]
        )
    return ClusterName(text if _PLAIN.fullmatch(text) else part_stem(text), text)

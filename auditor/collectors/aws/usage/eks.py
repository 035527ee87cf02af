"""EKS clusters, from outside: what runs in them only their own API server tells. Source: EKS API, ListClusters."""

from __future__ import annotations

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.usage.finds import Finds
from auditor.collectors.aws.usage.service import Service
from auditor.inventory.workloads import Cluster

CALLS = frozenset({"eks:ListClusters"})


def read(visit: Visit, finds: Finds) -> None:
    """Every cluster; one that no target of kind kubernetes covers leaves usage incomplete."""
    service = Service(visit, "eks")
    names = service.all("ListClusters", "clusters")
    if names is None:
        return
    finds.sources.append("eks")
    partition = visit.account.session.get_partition_for_region(visit.region)
    for name in sorted(names):
        arn = f"arn:{partition}:eks:{visit.region}:{visit.account.id}:cluster/{name}"
        finds.clusters.append(Cluster(str(name), arn))

"""What the local server answers for the services around ECR: CloudTrail, EventBridge, Service Quotas, Inspector.

Answers in the shapes of botocore's models; the state is plain data in `Around`, in those shapes too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
TRAIL = {
    "Name": "organisation",
    "TrailARN": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/organisation",
    "S3BucketName": "logs",
    "IsMultiRegionTrail": True,
    "IsOrganizationTrail": True,
    "HomeRegion": "us-east-1",
    "LogFileValidationEnabled": True,
    "HasCustomEventSelectors": False,
}
QUOTAS = [
    {"QuotaCode": "L-CFEB8E8D", "QuotaName": "Registered repositories", "Value": 100000.0, "Unit": "None"},
    {"QuotaCode": "L-03A36CE1", "QuotaName": "Images per repository", "Value": 100000.0, "Unit": "None"},
]
REST = {
    "/status/batch/get": "BatchGetAccountStatus",
    "/coverage/list": "ListCoverage",
    "/filters/list": "ListFilters",
    "/findings/list": "ListFindings",
    "/findings/aggregation/list": "ListFindingAggregations",
}
"""Inspector speaks REST: path -> operation."""


@dataclass
class Around:
    """What the services around the registry of one region hold."""

    trails: list[dict[str, Any]] = field(default_factory=lambda: [dict(TRAIL)])
    rules: list[dict[str, Any]] = field(default_factory=list)
    quotas: list[dict[str, Any]] = field(default_factory=lambda: [dict(quota) for quota in QUOTAS])
    inspector: str = "ENABLED"
    coverage: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    filters: list[dict[str, Any]] = field(default_factory=list)


class AroundApi:
    """The operations; `registry.around` is the state. Times are Unix seconds, as these protocols want them."""

    def op_DescribeTrails(self, registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"trailList": registry.around.trails}

    def op_GetTrailStatus(self, _registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"IsLogging": True}

    def op_GetEventSelectors(self, _registry: Any, body: dict[str, Any]) -> dict[str, Any]:
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        return {"TrailARN": body["TrailName"], "EventSelectors": [selector]}

    def op_ListRules(self, registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"Rules": registry.around.rules}

    def op_ListTargetsByRule(self, _registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"Targets": [{"Id": "1", "Arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"}]}

    def op_ListServiceQuotas(self, registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"Quotas": registry.around.quotas}

    def op_BatchGetAccountStatus(self, registry: Any, body: dict[str, Any]) -> dict[str, Any]:
        well = {"errorCode": "ALREADY_ENABLED", "errorMessage": "none"}
        state = {"status": registry.around.inspector, **well}
        none = {"status": "DISABLED", **well}
        resources = {"ec2": none, "ecr": state}
        accounts = [{"accountId": a, "state": state, "resourceState": resources} for a in body["accountIds"]]
        return {"accounts": accounts, "failedAccounts": []}

    def op_ListCoverage(self, registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"coveredResources": registry.around.coverage}

    def op_ListFilters(self, registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"filters": registry.around.filters}

    def op_ListFindings(self, registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        return {"findings": registry.around.findings}

    def op_ListFindingAggregations(self, registry: Any, _body: dict[str, Any]) -> dict[str, Any]:
        counts = {"severityCounts": {"all": len(registry.around.findings)}}
        return {"aggregationType": "ACCOUNT", "responses": [{"accountAggregation": counts}]}

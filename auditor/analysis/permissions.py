"""Which IAM action a call needs, and which policy file of deploy/aws grants it.

IAM's names are the API's, but for the exceptions here; the policies are generated with this table (tools/
generate_policies.py), which checks every name against AWS's service authorization reference.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from auditor.errors import InputError

READ_ONLY = "read-only.json"
READ_SIGNATURES = "read-signatures.json"
ORGANIZATION = "organization.json"
CONTENT = frozenset({"ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"})
"""Reading the content of images. `ecr:BatchGetImage` gives manifests, and is part of the minimum as well."""
ROLE_NAME = "registry-audit"

_RENAMED = {
    # A referrer is an image: who may read images may list them.
    "ecr:ListImageReferrers": "ecr:BatchGetImage",
    # Always allowed: the answer tells only who asks.
    "sts:GetCallerIdentity": "",
}
_PREFIXES = {"tagging": "tag", "resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
_NO_IAM = frozenset({"oci", "kubernetes", "auditor"})
"""Prefixes of calls that no IAM policy decides on: registries' data plane, and what the auditor works out itself."""


def action_of(call: str) -> str:
    """The IAM action of a call (`tagging:GetResources` -> `tag:GetResources`); empty where none is needed.

    Errors: `InputError` for an operation of ECR that IAM has no action for.
    """
    if call in _RENAMED:
        return _RENAMED[call]
    service, _, operation = call.partition(":")
    if service in _NO_IAM:
        return ""
    known = _table().get(service)
    if known is not None and operation not in known["actions"]:
        raise InputError(f"{call} has no action of this name in IAM", hint="auditor/analysis/data/iam_actions.json")
    return f"{_PREFIXES.get(service, service)}:{operation}"


def policy_of(call: str) -> str:
    """The file of deploy/aws that grants what a call needs; empty where nothing is needed."""
    action = action_of(call)
    if not action:
        return ""
    if action.startswith("organizations:") or action == "sts:AssumeRole":
        return ORGANIZATION
    if action in CONTENT and action != "ecr:BatchGetImage":
        return READ_SIGNATURES
    return READ_ONLY


@cache
def _table() -> dict[str, Any]:
    text = resources.files("auditor.analysis").joinpath("data/iam_actions.json").read_text("utf-8")
    services: dict[str, Any] = json.loads(text)["services"]
    return services

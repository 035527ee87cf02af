"""A target of kind `aws`: one list of accounts and regions for registries, identities and workloads.

It reads nothing itself: it stands for one target of each kind that `read` names, which share its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

KINDS = {"registries": "ecr", "public": "ecr_public", "identities": "iam", "workloads": "workloads"}
DEFAULT = ("registries", "identities", "workloads")


class AwsTarget:
    """See `ports.Composite`."""

    kind: ClassVar[str] = "aws"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.aws", "aws_target.json")

    def expand(self, target: Mapping[str, Any]) -> list[dict[str, Any]]:
        """One target a part that is read; what stands under the part's own name belongs to that part only."""
        shared = {key: value for key, value in target.items() if key not in ("kind", "read", *KINDS)}
        return [
            {**shared, **target.get(part, {}), "kind": KINDS[part]}
            for part in dict.fromkeys(target.get("read") or DEFAULT)
        ]

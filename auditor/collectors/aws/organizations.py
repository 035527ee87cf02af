"""Where an account stands in its organisation, and which control policies are over it.

Only the management account and delegated accounts may ask for control policies; any member may ask which
organisation it is in. Source: botocore's organizations model (API version 2016-11-28); "SCP evaluation" of the
Organizations user guide: control policies do not bind the management account, and a type that the root has not
enabled binds nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.iam_policies import make_policy
from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.identity import GuardrailLevel, Guardrails, IdentityPolicy, OrganizationPlacement
from auditor.inventory.recorder import Recorder

T = TypeVar("T")
_DESCRIBE = "organizations:DescribeOrganization"
_PARENTS = "organizations:ListParents"
_TARGETS = "organizations:ListPoliciesForTarget"
CONTROL_POLICY = "organizations:DescribePolicy"
_NOT_IN_USE = "AWSOrganizationsNotInUseException"
_STRANGER = "ChildNotFoundException"
_SCP, _RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
_DEEPEST = 10
"""Levels that are followed: an organisation has at most five below its root."""


class Memo:
    """Answers that hold for a whole run, each asked for once; failures are asked again. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[tuple[str, ...], threading.Lock] = {}
        self._answers: dict[tuple[str, ...], Any] = {}

    def get(self, key: tuple[str, ...], ask: Callable[[], T]) -> T:
        """The answer under `key`; whoever comes first asks, the others wait."""
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            if key not in self._answers:
                self._answers[key] = ask()
            return cast("T", self._answers[key])


@dataclass(frozen=True)
class OrganizationFacts:
    """What is over an account."""

    placement: Fact[OrganizationPlacement]
    guardrails: Fact[Guardrails]
    policies: list[IdentityPolicy]
    """Those that `guardrails` refers to, sorted by id."""


class OrganizationReader:
    """Reads the organisation with the credentials of one account; `memo` may serve readers of many accounts."""

    def __init__(self, caller: Caller, memo: Memo, recorder: Recorder) -> None:
        self._caller = caller
        self._memo = memo
        self._recorder = recorder

    def read(self, account: str) -> OrganizationFacts:
        """The facts of one account, each counted once."""
        try:
            organization = self._organization()
        except CallFailedError as failure:
            if isinstance(failure.fact, Unknown) and failure.fact.detail == _NOT_IN_USE:
                return self._settled(account, Absent(_DESCRIBE, _NOT_IN_USE), Absent(_DESCRIBE, _NOT_IN_USE))
            return self._settled(account, failure.fact, failure.fact, message=failure.message)
        management = str(organization.get("MasterAccountId", ""))
        identity = str(organization["Id"])
        try:
            levels = self._levels(account)
        except CallFailedError as failure:
            return self._without_place(account, identity, management, failure)
        path = "/".join([identity, *levels[:-1]]) + "/"
        placement = Known(OrganizationPlacement(identity, path), _PARENTS)
        try:
            guardrails, policies = self._guardrails(account, management, levels)
        except CallFailedError as failure:
            return self._settled(account, placement, failure.fact, message=failure.message)
        facts = self._settled(account, placement, Known(guardrails, _TARGETS))
        return OrganizationFacts(facts.placement, facts.guardrails, policies)

    def _without_place(
        self, account: str, identity: str, management: str, failure: CallFailedError
    ) -> OrganizationFacts:
        """Which organisation it is in is known, where in it is not: the usual case of a member account."""
        gap = failure.fact
        if isinstance(gap, Unknown) and gap.detail == _STRANGER:
            gap = Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, _PARENTS, f"{account} is not in the organisation {identity}")
            return self._settled(account, gap, gap, message=gap.detail)
        placement = Known(OrganizationPlacement(identity, ""), _DESCRIBE)
        if account == management:
            return self._settled(account, placement, Known(Guardrails(management, [], []), _DESCRIBE))
        return self._settled(account, placement, gap, message=failure.message)

    def _settled(
        self, account: str, placement: Fact[Any], guardrails: Fact[Any], *, message: str = ""
    ) -> OrganizationFacts:
        self._recorder.settle(placement, account, message=message)
        self._recorder.settle(guardrails, account, message=message)
        return OrganizationFacts(placement, guardrails, [])

    # ---------------------------------------------------------------- the tree
    def _organization(self) -> dict[str, Any]:
        return self._memo.get(
            ("organization",), lambda: dict(self._caller.call("DescribeOrganization").get("Organization") or {})
        )

    def _levels(self, account: str) -> list[str]:
        """Ids from the root down to the account."""
        levels = [account]
        for _ in range(_DEEPEST):
            identity, kind = self._parent(levels[0])
            levels.insert(0, identity)
            if kind == "ROOT":
                return levels
        raise CallFailedError(Unknown(Reason.TRUNCATED, _PARENTS, "too many levels"), "the tree does not end")

    def _parent(self, child: str) -> tuple[str, str]:
        def ask() -> tuple[str, str]:
            for entry in self._caller.pages("ListParents", "Parents", "NextToken", ChildId=child):
                return str(entry["Id"]), str(entry["Type"])
            raise CallFailedError(Unknown(Reason.SERVER_ERROR, _PARENTS, "no parent"), f"{child} has no parent")

        return self._memo.get(("parent", child), ask)

    # ---------------------------------------------------------------- control policies
    def _guardrails(self, account: str, management: str, levels: list[str]) -> tuple[Guardrails, list[IdentityPolicy]]:
        if account == management:
            return Guardrails(management, [], []), []
        enabled = self._enabled(levels[0])
        kept: dict[str, IdentityPolicy] = {}
        found: dict[str, list[GuardrailLevel]] = {_SCP: [], _RCP: []}
        for kind in sorted(enabled & {_SCP, _RCP}):
            for target in levels:
                policies = [self._policy(identity) for identity in self._attached(target, kind)]
                kept.update({policy.id: policy for policy in policies})
                found[kind].append(GuardrailLevel(target, [policy.id for policy in policies]))
        return Guardrails(management, found[_SCP], found[_RCP]), [kept[key] for key in sorted(kept)]

    def _enabled(self, root: str) -> set[str]:
        """The types of policy that the root has switched on."""

        def ask() -> set[str]:
            for entry in self._caller.pages("ListRoots", "Roots", "NextToken"):
                if entry["Id"] == root:
                    types = entry.get("PolicyTypes") or []
                    # On its way out it still binds; on its way in it may.
                    return {str(one["Type"]) for one in types if one.get("Status") != "DISABLED"}
            gap = Unknown(Reason.TRUNCATED, "organizations:ListRoots", f"{root} is not in the answer")
            raise CallFailedError(gap, gap.detail)

        return self._memo.get(("enabled", root), ask)

    def _attached(self, target: str, kind: str) -> list[str]:
        """Ids of the policies attached to a level, sorted."""
        return self._memo.get(
            ("attached", target, kind),
            lambda: sorted(
                str(entry["Id"])
                for entry in self._caller.pages(
                    "ListPoliciesForTarget", "Policies", "NextToken", TargetId=target, Filter=kind
                )
            ),
        )

    def _policy(self, identity: str) -> IdentityPolicy:
        def ask() -> IdentityPolicy:
            found = self._caller.call("DescribePolicy", PolicyId=identity).get("Policy") or {}
            summary = found.get("PolicySummary") or {}
            return make_policy(
                str(summary.get("Arn", identity)),
                str(summary.get("Name", identity)),
                "guardrail",
                found.get("Content", ""),
            )

        return self._memo.get(("policy", identity), ask)

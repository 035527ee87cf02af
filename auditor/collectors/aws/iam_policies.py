"""iam:GetAccountAuthorizationDetails as principals and policies: groups folded, statements on registries kept.

One paged call brings every user, group, role and customer policy of an account, and the AWS managed policies that
are attached in it. Source: botocore's iam model (API version 2010-05-08).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

from auditor.analysis.identity_policies import keep_touching, read_trust
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.words import moment
from auditor.collectors.failed import CallFailedError
from auditor.errors import InputError
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.identity import IdentityPolicy, PrincipalRecord

DETAILS = "iam:GetAccountAuthorizationDetails"
PAGE = 1000
_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
PolicyKind = Literal["managed", "provider", "inline", "guardrail"]


@dataclass(frozen=True)
class Identities:
    """What an account's authorization details say of registries."""

    principals: list[PrincipalRecord]
    """Sorted by ARN."""
    policies: list[IdentityPolicy]
    """Those that principals refer to, sorted by id."""


def read_identities(iam: Caller) -> Identities:
    """Every role and user of the account, and the policies that bear on registries.

    Errors: `CallFailedError`, also for an answer that refers to something that it does not hold.
    """
    listed: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in _LISTS}
    for answer in iam.answers("GetAccountAuthorizationDetails", "Marker", MaxItems=PAGE):
        for name, entries in listed.items():
            entries.update({str(entry["Arn"]): entry for entry in answer.get(name) or []})
    fold = _Fold(managed=listed["Policies"])
    groups = {str(group["GroupName"]): group for group in listed["GroupDetailList"].values()}
    principals = [
        *(fold.user(user, groups) for user in listed["UserDetailList"].values()),
        *(fold.role(role) for role in listed["RoleDetailList"].values()),
    ]
    return Identities(
        sorted(principals, key=lambda principal: principal.arn),
        [fold.kept[key] for key in sorted(fold.kept)],
    )


def make_policy(identity: str, name: str, kind: PolicyKind, document: Any) -> IdentityPolicy:
    """A policy with the statements that can touch a registry; one that cannot be read says so."""
    try:
        version, statements, size = keep_touching(as_text(document))
    except InputError as error:
        return IdentityPolicy(identity, name, kind, "", [], 0, unread=error.message[:300])
    return IdentityPolicy(identity, name, kind, version, statements, size)


def as_text(document: Any) -> str:
    """A policy document as JSON text. The SDK hands those of IAM out decoded, or URL-encoded where it could not."""
    if isinstance(document, str):
        return unquote(document) if document.lstrip().startswith("%7B") else document
    return json.dumps(document)


@dataclass
class _Fold:
    """Makes principals, and keeps each policy that one of them refers to."""

    managed: dict[str, dict[str, Any]]
    kept: dict[str, IdentityPolicy] = field(default_factory=dict)
    _idle: set[str] = field(default_factory=set)
    """Ids of policies without a statement on registries."""

    def user(self, user: dict[str, Any], groups: dict[str, dict[str, Any]]) -> PrincipalRecord:
        names = sorted(str(name) for name in user.get("GroupList") or [])
        policies = [*self._own(user, "UserPolicyList")]
        for name in names:
            if name not in groups:
                raise _missing(f"the group {name} of {user['Arn']}")
            policies += self._own(groups[name], "GroupPolicyList")
        return self._principal(user, "user", policies, unique_id=str(user.get("UserId", "")), groups=names)

    def role(self, role: dict[str, Any]) -> PrincipalRecord:
        used = (role.get("RoleLastUsed") or {}).get("LastUsedDate")
        trusts, session_tags = _trusts(role)
        return self._principal(
            role,
            "role",
            self._own(role, "RolePolicyList"),
            unique_id=str(role.get("RoleId", "")),
            trusts=trusts,
            session_tags=session_tags,
            last_used_at=moment(used) if used is not None else "",
        )

    def _principal(
        self, entry: dict[str, Any], kind: Literal["role", "user"], policies: Iterable[str], **more: Any
    ) -> PrincipalRecord:
        created = entry.get("CreateDate")
        return PrincipalRecord(
            arn=str(entry["Arn"]),
            kind=kind,
            policies=sorted(set(policies)),
            boundary=self._boundary(entry),
            tags={str(tag["Key"]): str(tag.get("Value", "")) for tag in entry.get("Tags") or []},
            created_at=moment(created) if created is not None else "",
            **more,
        )

    def _own(self, holder: dict[str, Any], inline: str) -> list[str]:
        """Ids of the policies attached to a user, group or role, and of those written into it."""
        found = [self._attached(str(entry["PolicyArn"])) for entry in holder.get("AttachedManagedPolicies") or []]
        for entry in holder.get(inline) or []:
            name = str(entry["PolicyName"])
            found.append(self._inline(f"{holder['Arn']}#{name}", name, entry.get("PolicyDocument", "")))
        return [identity for identity in found if identity]

    def _attached(self, arn: str, *, bounds: bool = False) -> str:
        """The id of a managed policy; empty for one that says nothing of registries, unless it bounds."""
        known = self.kept.get(arn)
        if known is not None:
            return arn if bounds or known.statements or known.unread else ""
        if arn in self._idle and not bounds:
            return ""
        entry = self.managed.get(arn)
        if entry is None:
            raise _missing(f"the policy {arn}")
        default = next((v for v in entry.get("PolicyVersionList") or [] if v.get("IsDefaultVersion")), None)
        if default is None:
            raise _missing(f"the default version of {arn}")
        kind: PolicyKind = "provider" if ":iam::aws:" in arn else "managed"
        policy = make_policy(arn, arn.rpartition("/")[2], kind, default.get("Document", ""))
        return self._keep(policy, bounds=bounds)

    def _inline(self, identity: str, name: str, document: Any) -> str:
        if identity in self.kept or identity in self._idle:
            return identity if identity in self.kept else ""
        return self._keep(make_policy(identity, name, "inline", document))

    def _keep(self, policy: IdentityPolicy, *, bounds: bool = False) -> str:
        if not policy.statements and not policy.unread and not bounds:
            self._idle.add(policy.id)
            return ""
        self.kept[policy.id] = policy
        return policy.id

    def _boundary(self, entry: dict[str, Any]) -> str:
        arn = (entry.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        return self._attached(str(arn), bounds=True) if arn else ""


def _trusts(role: dict[str, Any]) -> tuple[list[str], bool]:
    try:
        return read_trust(as_text(role.get("AssumeRolePolicyDocument", "")))
    except InputError:
        # Who it trusts cannot be told: it may be anyone.
        return ["anyone if"], True


def _missing(what: str) -> CallFailedError:
    """The answer refers to something that it does not hold, as happens when that is changed meanwhile."""
    gap = Unknown(Reason.TRUNCATED, DETAILS, f"{what} is not in the answer")
    return CallFailedError(gap, gap.detail)

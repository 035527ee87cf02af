"""Turns records of a snapshot into what bears on a request: compiled policies, callers, targets.

What was not read becomes a reason, never an empty policy. KMS is left out on purpose: the platform encrypts and
decrypts with grants that it holds on the key ("Encryption at rest" of the ECR user guide), so that a caller
needs no permission on the key to pull or push.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from auditor.analysis.effective.attempt import Bearing, Level
from auditor.analysis.iam_actions import REGISTRY_ACTIONS
from auditor.analysis.policy_layers import LayerKind, Policy, compile_identity, compile_text
from auditor.analysis.request_context import Caller, Target
from auditor.errors import InputError
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.identity import (
    NOT_READ,
    AccountRecord,
    GuardrailLevel,
    Guardrails,
    IdentityPolicy,
    OrganizationPlacement,
    PrincipalRecord,
)
from auditor.inventory.model import Registry, RegistryRecord, RepositoryRecord
from auditor.inventory.parts import PolicyDocument

REPOSITORY_POLICY, REGISTRY_POLICY = "the repository's policy", "the registry's policy"


@dataclass(frozen=True)
class Asked:
    """One caller with the policies on its side."""

    caller: Caller
    identity: tuple[Policy, ...] = ()
    boundary: Level | None = None
    guardrails: tuple[Level, ...] = ()
    unread: str = ""


@dataclass(frozen=True)
class Place:
    """One repository with the policies on its side."""

    id: str
    target: Target
    resource: tuple[Policy, ...]
    guardrails: tuple[Level, ...] = ()
    unread: str = ""


def bearing_of(asked: Asked, place: Place) -> Bearing:
    """Both sides together."""
    # A service-linked role is bound by no control policy.
    over_resource = () if asked.caller.service_linked else place.guardrails
    return Bearing(
        identity=asked.identity,
        boundary=asked.boundary,
        guardrails=(*asked.guardrails, *over_resource),
        resource=place.resource,
        identity_unread=asked.unread,
        resource_unread=place.unread,
    )


def why(fact: Absent | Unknown) -> str:
    """Why a fact is not there, with the call that would settle it."""
    if isinstance(fact, Unknown):
        return f"not read: {fact.source}: {fact.reason.value.replace('_', ' ')}"
    return f"not there: {fact.source}"


@dataclass
class AccountSide:
    """The callers of one account. Each policy is compiled once, and each principal gets the same objects."""

    record: AccountRecord
    _policies: dict[tuple[str, LayerKind], Policy | str] = field(default_factory=dict)
    _levels: dict[str, tuple[Level, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        policies = self.record.policies
        self._known: dict[str, IdentityPolicy] = (
            {policy.id: policy for policy in policies.value} if isinstance(policies, Known) else {}
        )

    @property
    def unread(self) -> str:
        """Why the account's identities are not there; empty when they are."""
        for fact in (self.record.principals, self.record.policies):
            if not isinstance(fact, Known):
                return f"the identity policies of account {self.record.account} were {why(fact)}"
        return ""

    def callers(self) -> Iterator[Asked]:
        """Every principal of the account, and its root user, which no policy has to allow anything."""
        yield self.root()
        if isinstance(self.record.principals, Known):
            for principal in self.record.principals.value:
                yield self.caller(principal)

    def root(self) -> Asked:
        """The account's root user."""
        account = self.record.account
        arn = f"arn:{self._partition()}:iam::{account}:root"
        caller = Caller(arn, account, "root", account, placement=self.record.placement)
        return Asked(caller, guardrails=self.control_levels("scp"))

    def caller(self, principal: PrincipalRecord) -> Asked:
        """One principal with its policies."""
        caller = Caller(
            principal.arn,
            self.record.account,
            principal.kind,
            principal.unique_id,
            principal.tags,
            self.record.placement,
            principal.session_tags,
        )
        identity, unread = self._all(principal.policies, "identity")
        boundary = None
        if principal.boundary:
            bounds, missing = self._all([principal.boundary], "boundary")
            boundary = Level("boundary", principal.boundary, tuple(bounds), missing)
        guardrails = () if caller.service_linked else self.control_levels("scp")
        return Asked(caller, tuple(identity), boundary, guardrails, unread)

    def control_levels(self, kind: LayerKind) -> tuple[Level, ...]:
        """The service (`scp`) or resource control policies (`rcp`), level by level."""
        found = self._levels.get(kind)
        if found is None:
            found = self._levels[kind] = tuple(self._control(kind))
        return found

    def _control(self, kind: LayerKind) -> Iterator[Level]:
        named = "service control policies" if kind == "scp" else "resource control policies"
        guardrails: Fact[Guardrails] = self.record.guardrails
        if isinstance(guardrails, Absent):
            return
        if isinstance(guardrails, Unknown):
            yield Level(kind, "the organisation", (), f"the {named} were {why(guardrails)}")
            return
        over = guardrails.value
        if over.management_account == self.record.account:
            return  # neither kind binds the management account
        levels: list[GuardrailLevel] = over.principal_levels if kind == "scp" else over.resource_levels
        for level in levels:
            policies, missing = self._all(level.policies, kind)
            yield Level(kind, level.target, tuple(policies), missing)

    def _all(self, ids: list[str], layer: LayerKind) -> tuple[list[Policy], str]:
        """The policies of these ids, and why some are not there."""
        found, missing = [], ""
        for name in ids:
            policy = self._policy(name, layer)
            if isinstance(policy, str):
                missing = missing or policy
            else:
                found.append(policy)
        return found, missing

    def _policy(self, name: str, layer: LayerKind) -> Policy | str:
        key = (name, layer)
        if key not in self._policies:
            self._policies[key] = self._compile(name, layer)
        return self._policies[key]

    def _compile(self, name: str, layer: LayerKind) -> Policy | str:
        policy = self._known.get(name)
        if policy is None:
            fact = self.record.policies
            if isinstance(fact, Known):
                return f"the policy {name} is not among those that were read"
            return f"the policy {name} was {why(fact)}"
        if policy.unread:
            return f"the policy {name} cannot be read: {policy.unread}"
        try:
            return compile_identity(policy, layer)
        except InputError as error:
            return f"the policy {name} cannot be read: {error.message}"

    def _partition(self) -> str:
        principals = self.record.principals
        first = principals.value[0].arn if isinstance(principals, Known) and principals.value else "arn:aws:"
        return first.split(":")[1]


@dataclass
class RegistrySide:
    """The repositories of one registry. `account`: the identities' record of its account, for what is over it."""

    registry: RegistryRecord
    account: AccountSide | None

    def __post_init__(self) -> None:
        registry = self.registry.registry
        self._partition = partition_of(registry)
        self._registry_policy, self._registry_unread = _registry_policy(registry)
        self._placement: Fact[OrganizationPlacement]
        if self.account is None:
            self._placement = NOT_READ
            gap = Unknown(Reason.NOT_REQUESTED, "organizations:ListPolicies")
            missing = f"the resource control policies of account {registry.account} were {why(gap)}"
            self._levels: tuple[Level, ...] = (Level("rcp", "the organisation", (), missing),)
        else:
            self._placement = self.account.record.placement
            self._levels = self.account.control_levels("rcp")

    def place(self, record: RepositoryRecord) -> Place:
        """One repository as a place."""
        repository = record.repository
        policy, unread = _compiled(
            repository.access_policy,
            lambda text: compile_text(text, REPOSITORY_POLICY, "repository"),
            "the repository's policy",
        )
        registry = self.registry.registry
        return Place(
            record.id,
            Target(
                registry.account,
                registry.region,
                repository.name,
                self._partition,
                repository.resource_tags,
                self._placement,
                record.now,
            ),
            tuple(p for p in (policy, self._registry_policy) if p is not None),
            self._levels,
            unread or self._registry_unread,
        )


def partition_of(registry: Registry) -> str:
    """`aws`, `aws-cn` or `aws-us-gov`, by the region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(
        "us-gov" if registry.region.startswith("us-gov-") else registry.region.split("-")[0], "aws"
    )


def _registry_policy(registry: Registry) -> tuple[Policy | None, str]:
    scope = registry.policy_scope
    decides = REGISTRY_ACTIONS if isinstance(scope, Known) and scope.value == "registry_actions" else None
    policy, unread = _compiled(
        registry.access_policy,
        lambda text: compile_text(text, REGISTRY_POLICY, "registry", decides),
        "the registry's policy",
    )
    if policy is not None and not isinstance(scope, Known):
        policy = replace(policy, scope_doubt=f"it may decide on registry actions only, its scope was {why(scope)}")
    return policy, unread


def _compiled(fact: Fact[PolicyDocument], compile_: Callable[[str], Policy], what: str) -> tuple[Policy | None, str]:
    if isinstance(fact, Absent):
        return None, ""
    if isinstance(fact, Unknown):
        return None, f"{what} was {why(fact)}"
    if fact.value.format != "aws_iam":
        return None, f"{what} is a document of the form {fact.value.format}"
    try:
        return compile_(fact.value.text), ""
    except (InputError, json.JSONDecodeError) as error:
        return None, f"{what} cannot be read: {error}"

"""Who a resource policy lets in: one document, read as the provider would evaluate it.

A private registry serves nobody without an identity: the widest audience is every account of the
provider. An explicit Deny wins where its conditions are surely met; where that cannot be told the grant
says so. Sound: what is left out here cannot be reached, what is in doubt is marked `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from auditor.analysis.iam_actions import (
    REGISTRY_ACTIONS,
    Service,
    action_table,
    capability_of,
    is_partial,
    match_actions,
    needs_registry,
)
from auditor.analysis.iam_conditions import Narrowing, matching, narrow, required_keys, take_apart
from auditor.analysis.iam_document import ConditionEntry, PolicyText, Statement, parse_policy, resources_as_written
from auditor.analysis.iam_problems import find_problems
from auditor.inventory.derived import CAPABILITIES, AccessAnalysis, Capability, Grant

Scope = Literal["repository", "registry"]
RegistryScope = Literal["registry_actions", "all_actions"]
Audience = Literal["any_account", "account", "organization", "own_account", "service", "network", "nobody"]
MAX_ALTERNATIVES = 64

_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(r"arn:[a-z0-9-]+:(?:iam|sts)::(\d{12}):(.+)", re.DOTALL)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{8,}")


@dataclass(frozen=True)
class _Access:
    """Some callers, and the actions left to them."""

    kind: Audience
    """As `Grant.audience`."""
    values: frozenset[str]
    actions: frozenset[str]
    guarded: bool = False
    doubt: str = ""


def analyse_access(
    text: str,
    *,
    owner_account: str,
    scope: Scope,
    registry_scope: RegistryScope | None = None,
    service: Service = "ecr",
) -> AccessAnalysis:
    """The grants and the problems of one policy document.

    `scope`: what the policy is attached to. `registry_scope`: for a registry policy, which actions it
    decides on; None when that is not known, read as all. `service`: whose actions it is about.
    Errors: `InputError` for text that is no policy document.
    """
    document = parse_policy(text)
    reader = _Reader(owner_account, scope, registry_scope, service)
    return AccessAnalysis(grants=reader.grants(document), problems=find_problems(document, scope, service))


def account_of(principal: str) -> str:
    """The account of a principal given as account id or ARN; empty for anything else."""
    if _ACCOUNT.fullmatch(principal):
        return principal
    found = _ARN.fullmatch(principal)
    return found.group(1) if found else ""


class _Reader:
    """Reads the statements of one document."""

    def __init__(self, owner: str, scope: Scope, registry_scope: RegistryScope | None, service: Service) -> None:
        self._owner = owner
        self._scope = scope
        self._service = service
        known = frozenset(action for action in action_table().actions if action.startswith(f"{service}:"))
        if scope == "repository":
            self._decided = frozenset(action for action in known if not needs_registry(action))
        else:
            self._decided = REGISTRY_ACTIONS if registry_scope == "registry_actions" else known

    def grants(self, document: PolicyText) -> list[Grant]:
        """Every grant, in the order of statements; a document in doubt is an unknown grant of its own."""
        result = [_doubtful(0, "", reason, []) for reason in document.doubts]
        denies = [s for s in document.statements if s.effect == "Deny"]
        for statement in document.statements:
            if statement.effect == "Deny":
                continue
            if statement.doubts or not statement.has_principal:
                reason = statement.doubts[0] if statement.doubts else "it names no principal"
                result.append(_doubtful(statement.index, statement.sid, reason, list(statement.actions)))
                continue
            result.extend(self._statement(statement, denies))
        return result

    def _statement(self, statement: Statement, denies: list[Statement]) -> Iterable[Grant]:
        actions = self._expand(statement)
        if not actions:
            return
        required = required_keys(statement.conditions)
        for base in self._audiences(statement, actions):
            accesses = [base]
            for entry in statement.conditions:
                accesses = self._narrow_all(accesses, [narrow(entry, required)])
            for deny in denies:
                accesses = [left for access in accesses for left in self._after_deny(access, deny)]
                if len(accesses) > MAX_ALTERNATIVES:
                    accesses = [replace(base, doubt="the Deny statements are too many to follow")]
                    break
            for access in dict.fromkeys(accesses):
                yield self._grant(statement, access)

    # ---------------------------------------------------------------- actions
    def _expand(self, statement: Statement) -> frozenset[str]:
        """The known actions of a statement that this policy decides on."""
        if statement.not_actions:
            excluded = {action for pattern in statement.not_actions for action in match_actions(pattern)}
            return self._decided - excluded
        matched = {action for pattern in statement.actions for action in match_actions(pattern)}
        return self._decided & matched

    # ---------------------------------------------------------------- callers
    def _audiences(self, statement: Statement, actions: frozenset[str]) -> list[_Access]:
        """One access for each kind of principal that the statement names."""
        if statement.not_principals:
            return [_Access("any_account", frozenset(), actions)]
        grouped: dict[tuple[Audience, str], set[str]] = {}
        for kind, value in statement.principals:
            audience, name, doubt = self._principal(kind, value)
            grouped.setdefault((audience, doubt), set()).add(name)
        return [
            _Access(audience, frozenset(names - {""}), actions, doubt=doubt)
            for (audience, doubt), names in sorted(grouped.items())
        ]

    def _principal(self, kind: str, value: str) -> tuple[Audience, str, str]:
        """(audience, name, doubt) of one principal."""
        if kind == "Service":
            return "service", value, ""
        if kind in ("Federated", "CanonicalUser"):
            return "nobody", value, ""
        if kind != "AWS":
            return "any_account", value, f"the kind of principal {kind} is not known"
        if value == "*":
            return "any_account", "", ""
        if "${" in value:
            return "any_account", value, "a principal holds a policy variable"
        account = account_of(value)
        if not account or "*" in value:
            return "nobody", value, ""
        if account == self._owner:
            return "own_account", value, ""
        return "account", account if value.endswith(":root") else value, ""

    # ---------------------------------------------------------------- conditions
    def _narrow_all(self, accesses: list[_Access], narrowings: list[Narrowing]) -> list[_Access]:
        """Every access under any one of the narrowings."""
        return [self._narrow(access, narrowing) for access in accesses for narrowing in narrowings]

    def _narrow(self, access: _Access, narrowing: Narrowing) -> _Access:
        """`access`, as far as `narrowing` leaves it; an upper bound where both pin something else."""
        if narrowing.kind == "open" or access.kind in ("nobody", "own_account"):
            return access
        if narrowing.kind == "unknown":
            return replace(access, doubt=access.doubt or narrowing.reason)
        if narrowing.kind == "nobody":
            return replace(access, kind="nobody", values=narrowing.values)
        if narrowing.kind == "service":
            return self._narrow_to_service(access, narrowing)
        if access.kind == "service":
            return access
        if narrowing.kind == "account":
            return self._narrow_to_accounts(access, narrowing)
        if access.kind == "any_account" or (access.kind, narrowing.kind) == ("network", "organization"):
            return replace(access, kind=narrowing.kind, values=narrowing.values)
        if access.kind == narrowing.kind:
            both = access.values & narrowing.values
            return replace(access, kind=access.kind if both else "nobody", values=both)
        return access

    def _narrow_to_service(self, access: _Access, narrowing: Narrowing) -> _Access:
        """A source condition: only services, acting for the accounts it names, fulfil it."""
        foreign = frozenset(name for name in narrowing.values if name != self._owner)
        if access.kind == "any_account":
            if foreign and _ACCOUNT.fullmatch(min(foreign)):
                return replace(access, kind="account", values=foreign)
            return replace(access, kind="service", values=frozenset({"any AWS service"}), guarded=True)
        if access.kind == "service" and narrowing.values:
            if foreign and all(_ACCOUNT.fullmatch(name) for name in foreign):
                return replace(access, kind="account", values=foreign)
            return replace(access, guarded=True)
        return access

    def _narrow_to_accounts(self, access: _Access, narrowing: Narrowing) -> _Access:
        """Pin callers to accounts or ARNs; the own account's are no strangers."""
        values = narrowing.values
        if access.kind == "account":
            wanted = {account_of(value) for value in values}
            values = frozenset(value for value in access.values if account_of(value) in wanted)
        foreign = frozenset(value for value in values if account_of(value) != self._owner)
        if foreign:
            return replace(access, kind="account", values=foreign)
        return replace(access, kind="own_account" if values else "nobody", values=values)

    # ---------------------------------------------------------------- Deny
    def _after_deny(self, access: _Access, deny: Statement) -> list[_Access]:
        """What a Deny statement leaves of an access: untouched actions, and callers it does not meet."""
        denied = access.actions & self._expand(deny)
        if not denied or access.kind == "nobody":
            return [access]
        left = [replace(access, actions=access.actions - denied)] if access.actions - denied else []
        met = replace(access, actions=denied)
        if deny.doubts:
            return [*left, replace(met, doubt=met.doubt or "a Deny statement cannot be read")]
        return [*left, *self._survivors(met, deny)]

    def _survivors(self, access: _Access, deny: Statement) -> list[_Access]:
        survivors: list[_Access] = []
        if deny.not_principals:
            spared = frozenset(value for kind, value in deny.not_principals if kind == "AWS")
            survivors.append(self._narrow(access, Narrowing("account", _accounts(spared))))
        elif not any(kind == "AWS" and value == "*" for kind, value in deny.principals):
            return self._not_named(access, deny)
        for entry in deny.conditions:
            spared_by = _complement(entry)
            if spared_by.kind == "open":
                # Any one false condition spares: only a Deny with this condition alone is surely met.
                return [self._unless_surely_met(access, entry) if len(deny.conditions) == 1 else access]
            survivors.append(self._narrow(access, spared_by))
        return [survivor for survivor in survivors if survivor.kind != "nobody"]

    def _not_named(self, access: _Access, deny: Statement) -> list[_Access]:
        """A Deny for some principals: it takes only them away, and only where it has no condition."""
        if access.kind not in ("account", "own_account") or deny.conditions:
            return [access]
        named = {value for kind, value in deny.principals if kind == "AWS"}
        whole = {account_of(value) for value in named if value.endswith(":root") or _ACCOUNT.fullmatch(value)}
        values = frozenset(v for v in access.values if v not in named and account_of(v) not in whole)
        return [replace(access, values=values)] if values else []

    def _unless_surely_met(self, access: _Access, entry: ConditionEntry) -> _Access:
        """A Deny on a positive condition: an audience whose every caller has the key's value is denied."""
        positive = matching(entry, take_apart(entry.operator))
        if access.kind == "account" and positive.kind == "account" and not take_apart(entry.operator).negative:
            denied = {value for value in positive.values if _ACCOUNT.fullmatch(value)}
            values = frozenset(v for v in access.values if account_of(v) not in denied)
            return replace(access, kind="account" if values else "nobody", values=values)
        return access

    # ---------------------------------------------------------------- results
    def _grant(self, statement: Statement, access: _Access) -> Grant:
        held: dict[Capability, set[str]] = {}
        for action in access.actions:
            capability = capability_of(action)
            if capability:
                held.setdefault(capability, set()).add(action)
        actions = list(statement.actions) or [f"NotAction {pattern}" for pattern in statement.not_actions]
        return Grant(
            audience=access.kind,
            principals=sorted(access.values),
            capabilities=[capability for capability in CAPABILITIES if capability in held],
            partial=is_partial(held, self._service),
            actions=actions,
            statement=statement.index,
            sid=statement.sid,
            guarded=access.guarded,
            certainty="unknown" if access.doubt else "exact",
            reason=access.doubt,
            resources=resources_as_written(statement) if self._scope == "registry" else [],
        )


def _accounts(values: Iterable[str]) -> frozenset[str]:
    return frozenset(account_of(value) if value.endswith(":root") else value for value in values if account_of(value))


def _complement(entry: ConditionEntry) -> Narrowing:
    """Whom a Deny with this condition spares: those for whom it is false."""
    operator = take_apart(entry.operator)
    if any("${" in value for value in entry.values):
        return Narrowing("unknown", reason=f"a Deny compares {entry.key} with a policy variable")
    if operator.base == "bool":
        wanted = {value.lower() for value in entry.values}
        if entry.key == "aws:principalisawsservice" and wanted == {"false"}:
            return Narrowing("service")
        return (
            Narrowing("open") if entry.key in ("aws:securetransport", "aws:principalisawsservice") else _unclear(entry)
        )
    if operator.base == "null":
        return Narrowing("open")
    if not operator.negative:
        known = matching(entry, operator)
        return known if known.kind == "unknown" else Narrowing("open")
    if operator.quantifier == "foranyvalue":
        return Narrowing("open")
    return matching(entry, operator)


def _unclear(entry: ConditionEntry) -> Narrowing:
    return Narrowing("unknown", reason=f"a Deny depends on {entry.key}")


def _doubtful(index: int, sid: str, reason: str, actions: list[str]) -> Grant:
    return Grant(
        audience="any_account",
        principals=[],
        capabilities=[],
        partial=False,
        actions=actions,
        statement=index,
        sid=sid,
        guarded=False,
        certainty="unknown",
        reason=reason,
    )

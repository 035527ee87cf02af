"""Whom resource policies let in beside the principals of audited accounts: asked as callers made up for it.

A whole account is asked as any role or user that its administrators may make and permit everything to: `yes`
means that they can give the access to their own. A role or user of an account whose policies were not read is
`unknown`, since it may lack the permission on its own side. "Any account" is a stranger's account that no policy
names, in no organisation and in one of its own; where a policy compares account or organisation with a pattern,
ones that fit it are asked too. A service is asked as acting for the owner and for a stranger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from auditor.analysis.access import account_of
from auditor.analysis.effective.bearing import Asked, Place
from auditor.analysis.policy_layers import Policy, compile_text, principal_match
from auditor.analysis.request_context import Caller
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.identity import OrganizationPlacement

OutsiderKind = Literal["any_account", "account", "organization", "principal", "service", "unusable"]
_EVERYTHING = compile_text(
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "whatever its administrators allow",
    "identity",
)
_ORGANIZATION = re.compile(r"o-[a-z0-9*?-]{1,40}")
_WIDTH = 12
_ELSEWHERE = Unknown(Reason.NOT_REQUESTED, "organizations:DescribeOrganization", "another account")
MAX_NAMED = 500


@dataclass(frozen=True)
class Outsider:
    """Somebody that a resource policy names. `askers`: it gets in where any one of them does; empty: never."""

    kind: OutsiderKind
    name: str
    account: str
    askers: tuple[Asked, ...]
    note: str = ""


def outsiders(place: Place, audited: Iterable[str]) -> list[Outsider]:
    """Whom the place's policies may let in, the widest first. `audited`: accounts whose principals are asked."""
    known = set(audited)
    named = _Named(place)
    found: list[Outsider] = []
    if named.everyone or place.unread:
        found.append(Outsider("any_account", "any account", "", tuple(_strangers(named))))
        found += [
            Outsider("organization", name, "", tuple(_members(named.stranger, name)))
            for name in sorted(named.organizations)
            if not _wild(name)
        ]
    for account in sorted(named.accounts - known - {place.target.account}):
        found.append(Outsider("account", account, account, tuple(_made_up(account, _ELSEWHERE)), _DELEGATED))
    for principal in sorted(named.principals):
        account = account_of(principal)
        if account not in known:
            found.append(Outsider("principal", principal, account, (_unread(principal, account, place),)))
    found += [Outsider("service", name, "", tuple(_acting(name, named, place))) for name in sorted(named.services)]
    found += [Outsider("unusable", name, "", (), note) for name, note in sorted(named.unusable.items())]
    return found[:MAX_NAMED]


def may_let_in(place: Place, account: str) -> bool:
    """Whether the place's policies can be about principals of another account at all."""
    made_up = next(_made_up(account, _ELSEWHERE)).caller
    for clause in (clause for policy in place.resource for clause in policy.clauses if clause.may_allow):
        if principal_match(clause, made_up) != "no" or clause.statement.doubts:
            return True
        named = [value for kind, value in clause.statement.principals if kind == "AWS"]
        if any(account_of(value) in (account, "") for value in named):
            return True
    return any(policy.doubt for policy in place.resource)


_DELEGATED = "the account's administrators decide who of their own; its identity policies were not read"


class _Named:
    """The names in the Allow statements of a place's policies."""

    def __init__(self, place: Place) -> None:
        self.everyone = False
        self.accounts: set[str] = set()
        self.principals: set[str] = set()
        self.services: set[str] = set()
        self.organizations: set[str] = set()
        self.patterns: set[str] = set()
        """Accounts with wildcards."""
        self.unusable: dict[str, str] = {}
        texts: list[str] = []
        for policy in place.resource:
            self._read(policy)
            texts += [str(clause.statement.raw) for clause in policy.clauses]
        text = " ".join([*texts, place.target.account])
        self.stranger = next(str(n) for n in range(10**11, 10**12) if str(n) not in text)
        self.strange_organization = next(f"o-stranger{n}" for n in range(10**4) if f"o-stranger{n}" not in text)

    def _read(self, policy: Policy) -> None:
        self.everyone |= bool(policy.doubt)
        for clause in policy.clauses:
            statement = clause.statement
            if not clause.may_allow:
                continue
            self.everyone |= bool(statement.not_principals or statement.doubts)
            for kind, value in statement.principals:
                self._principal(kind, value)
            for entry in statement.conditions:
                if entry.key in ("aws:principalorgid", "aws:principalorgpaths"):
                    ids = {value.partition("/")[0] for value in entry.values}
                    self.organizations |= {name for name in ids if _ORGANIZATION.fullmatch(name)}
                elif entry.key in ("aws:principalaccount", "aws:principalarn"):
                    self._accounts(entry.key, entry.values)

    def _principal(self, kind: str, value: str) -> None:
        account = account_of(value)
        if kind == "Service":
            self.services.add(value)
        elif kind != "AWS":
            self.unusable[value] = f"a registry cannot use the kind of principal {kind}"
        elif value == "*":
            self.everyone = True
        elif not account:
            self.unusable[value] = "no account: the id of a deleted principal, or no principal at all"
        elif "*" in value or "?" in value:
            self.unusable[value] = "a wildcard inside an ARN stands for nobody"
        elif value == account or value.endswith(":root"):
            self.accounts.add(account)
        else:
            self.principals.add(value)

    def _accounts(self, key: str, values: Iterable[str]) -> None:
        for value in values:
            parts = value.split(":", 5)
            account = value if key == "aws:principalaccount" else parts[4] if len(parts) > _ACCOUNT_AT else "*"
            if _wild(account):
                self.patterns.add(account)
            elif account.isdigit() and len(account) == _WIDTH:
                self.accounts.add(account)


_ACCOUNT_AT = 4


def _wild(text: str) -> bool:
    return "*" in text or "?" in text


def _strangers(named: _Named) -> Iterator[Asked]:
    accounts = [named.stranger, *filter(None, (_instance(p, named.stranger) for p in sorted(named.patterns)))]
    fitting = [name.replace("*", "x").replace("?", "x") for name in sorted(named.organizations) if _wild(name)]
    organizations = [named.strange_organization, *fitting]
    for account in dict.fromkeys(accounts):
        yield from _made_up(account, Absent("organizations:DescribeOrganization"))
        for name in dict.fromkeys(organizations):
            yield from _members(account, name)


def _instance(pattern: str, filler: str) -> str:
    """An account id that fits a pattern with wildcards; empty where none does."""
    head, star, tail = pattern.partition("*")
    text = head + (filler[: max(0, _WIDTH - len(head) - len(tail.replace("*", "")))] if star else "") + tail
    text = text.replace("*", "").replace("?", "7")
    return text if text.isdigit() and len(text) == _WIDTH else ""


def _members(account: str, organization: str) -> Iterator[Asked]:
    return _made_up(account, Known(OrganizationPlacement(organization, f"{organization}/")))


def _made_up(account: str, placement: Fact[OrganizationPlacement]) -> Iterator[Asked]:
    """Any role and any user of an account that permits it everything."""
    arn = f"arn:aws:iam::{account}:any"
    yield Asked(Caller(arn, account, "role", "", placement=placement, chosen=True), (_EVERYTHING,))
    yield Asked(Caller(arn, account, "user", "", placement=placement, chosen=True), (_EVERYTHING,))


def _unread(arn: str, account: str, place: Place) -> Asked:
    """A named role or user whose account was not read."""
    what = arn.split(":", 5)[-1]
    missing = f"the policies of {arn} itself were not read: the identities of account {account} are not in the snapshot"
    placement = place.target.placement if account == place.target.account else _ELSEWHERE
    session = what.split("/")
    if what.startswith("assumed-role/") and len(session) > 1:
        arn = f"arn:{arn.split(':')[1]}:iam::{account}:role/{session[1]}"
    caller = Caller(arn, account, "user" if what.startswith("user/") else "role", arn, {}, placement, session_tags=True)
    return Asked(caller, unread=missing)


def _acting(name: str, named: _Named, place: Place) -> Iterator[Asked]:
    """A service acting for the owner, and for a stranger."""
    yield Asked(Caller(name, place.target.account, "service", "", placement=place.target.placement))
    yield Asked(Caller(name, named.stranger, "service", "", placement=Absent("organizations:DescribeOrganization")))
    for account in sorted(named.accounts - {place.target.account}):
        yield Asked(Caller(name, account, "service", "", placement=_ELSEWHERE))

"""What the conditions of a statement say of the caller: a narrowing to organisations, accounts or networks.

Source: IAM's condition logic (operators and keys are joined by AND, values by OR; a negated operator is
true for a missing key; `...IfExists` and `ForAllValues:` are too) and the global condition keys.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from auditor.analysis.iam_document import ConditionEntry

Kind = Literal["organization", "account", "network", "service", "nobody", "open", "unknown"]

_ORG = re.compile(r"o-[a-z0-9-]{3,40}")
_ACCOUNT = re.compile(r"\d{12}")
_ARN_ACCOUNT = re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]*:[^:]*:([^:]*):.*", re.DOTALL)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PRIVATE = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
_POSITIVE = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}
_NEGATIVE = {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"}
# Keys that say nothing about who calls, or that the caller chooses.
_OPEN_KEYS = {"aws:securetransport", "aws:useragent", "aws:referer", "aws:requestedregion", "aws:tagkeys"}
_OPEN_PREFIXES = ("aws:resourcetag/", "ecr:resourcetag/", "aws:requesttag/", "aws:principaltag/")
CALLER_CONTROLLED = {"aws:useragent", "aws:referer"}
_IDENTITY = {"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"}
# Account and ARN of the caller are always there: every request to these services is signed.
_MAY_BE_MISSING = frozenset({"aws:principalorgid", "aws:principalorgpaths", "aws:sourcevpce", "aws:sourcevpc"})
_SOURCE = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}


@dataclass(frozen=True)
class Narrowing:
    """To whom a condition leaves the access. `open`: to everybody; `unknown`: it cannot be told."""

    kind: Kind
    values: frozenset[str] = frozenset()
    reason: str = ""


OPEN = Narrowing("open")


@dataclass(frozen=True)
class Operator:
    """An operator taken apart: `ForAnyValue:StringLikeIfExists`."""

    base: str
    if_exists: bool
    quantifier: str

    @property
    def negative(self) -> bool:
        return self.base in _NEGATIVE or self.base == "notipaddress"


def take_apart(operator: str) -> Operator:
    """Split an operator into quantifier, base and suffix, in lower case."""
    quantifier, separator, rest = operator.lower().partition(":")
    if not separator:
        quantifier, rest = "", quantifier
    if_exists = rest.endswith("ifexists")
    return Operator(rest.removesuffix("ifexists"), if_exists, quantifier)


def required_keys(entries: tuple[ConditionEntry, ...]) -> frozenset[str]:
    """Keys that a `Null: false` condition demands."""
    return frozenset(
        e.key
        for e in entries
        if take_apart(e.operator) == Operator("null", if_exists=False, quantifier="")
        and {v.lower() for v in e.values} == {"false"}
    )


def narrow(entry: ConditionEntry, required: frozenset[str]) -> Narrowing:
    """To whom an Allow with this condition is left."""
    operator = take_apart(entry.operator)
    if any("${" in value for value in entry.values):
        return Narrowing("unknown", reason=f"{entry.key} is compared with a policy variable")
    if operator.base == "null":
        return _null(entry)
    missing_is_true = operator.if_exists or operator.quantifier == "forallvalues"
    if missing_is_true and entry.key in _MAY_BE_MISSING - required:
        return OPEN
    if operator.quantifier not in ("", "foranyvalue", "forallvalues"):
        return Narrowing("unknown", reason=f"the operator {entry.operator} is not known")
    if operator.negative and entry.key in _IDENTITY | {"aws:sourcevpce", "aws:sourcevpc", "aws:sourceip"}:
        return OPEN
    return matching(entry, operator)


def matching(entry: ConditionEntry, operator: Operator) -> Narrowing:  # noqa: C901  one case a key
    """Who is left when the key has one of the values (the positive reading of `entry`)."""
    if entry.key in _OPEN_KEYS or entry.key.startswith(_OPEN_PREFIXES):
        return OPEN
    if entry.key == "aws:sourceip" and operator.base in ("ipaddress", "notipaddress"):
        return _networks(entry.values)
    if operator.base not in _POSITIVE | _NEGATIVE:
        if entry.key == "aws:principalisawsservice" and operator.base == "bool":
            wanted = {value.lower() for value in entry.values}
            return Narrowing("service") if wanted == {"true"} else OPEN
        return Narrowing("unknown", reason=f"{entry.operator} on {entry.key} is not understood")
    wild = operator.base not in ("stringequals", "stringnotequals", "stringequalsignorecase")
    match entry.key:
        case "aws:principalorgid":
            return _pins("organization", entry.values, _ORG, wild)
        case "aws:principalorgpaths":
            return _pins("organization", tuple(v.partition("/")[0] for v in entry.values), _ORG, wild)
        case "aws:principalaccount":
            return _pins("account", entry.values, _ACCOUNT, wild)
        case "aws:principalarn":
            return _arns(entry.values)
        case "aws:sourcevpce" | "aws:sourcevpc":
            return OPEN if wild and _any_wild(entry.values) else Narrowing("network", frozenset(entry.values))
        case key if key in _SOURCE:
            return Narrowing("service", frozenset(source_accounts(entry)))
    return Narrowing("unknown", reason=f"the condition key {entry.key} is not understood")


def source_accounts(entry: ConditionEntry) -> list[str]:
    """The accounts that a source condition pins; empty where it pins none."""
    if entry.key == "aws:sourceaccount":
        return [value for value in entry.values if _ACCOUNT.fullmatch(value)]
    if entry.key == "aws:sourcearn":
        found = [m.group(1) for value in entry.values if (m := _ARN_ACCOUNT.fullmatch(value))]
        return found if all(_ACCOUNT.fullmatch(account) for account in found) else []
    return [value for value in entry.values if _ORG.fullmatch(value.partition("/")[0])]


def is_private_only(values: tuple[str, ...]) -> bool:
    """Networks that never are the source of a request outside a VPC endpoint (RFC 1918, RFC 4193)."""
    networks = _parse(values)
    return bool(networks) and all(any(_inside(n, private) for private in _PRIVATE) for n in networks)


def _inside(network: Network, private: Network) -> bool:
    return network.version == private.version and network.subnet_of(private)  # type: ignore[arg-type]  # same version


def covers_everything(values: tuple[str, ...]) -> bool:
    """Whether the networks together are all of IPv4 or all of IPv6."""
    networks = _parse(values)
    for version, bits in ((4, 32), (6, 128)):
        own = [n for n in networks if n.version == version]
        joined = list(ipaddress.collapse_addresses(own))  # type: ignore[type-var]  # one version only
        if sum(2 ** (bits - n.prefixlen) for n in joined) == 2**bits:
            return True
    return False


def _parse(values: tuple[str, ...]) -> list[Network]:
    networks: list[Network] = []
    for value in values:
        try:
            networks.append(ipaddress.ip_network(value, strict=False))
        except ValueError:
            return []
    return networks


def _networks(values: tuple[str, ...]) -> Narrowing:
    if not _parse(values):
        return Narrowing("unknown", reason="a source address is no network")
    if covers_everything(values):
        return OPEN
    if is_private_only(values):
        return Narrowing("nobody", frozenset(values), reason="private addresses never are a source")
    return Narrowing("network", frozenset(values))


def _null(entry: ConditionEntry) -> Narrowing:
    """`Null: false` leaves any member of any organisation, `Null: true` any stranger: everybody, nearly."""
    if entry.key in _IDENTITY | {"aws:sourcevpce", "aws:sourcevpc"} | _OPEN_KEYS:
        return OPEN
    return Narrowing("unknown", reason=f"Null on {entry.key} is not understood")


def _any_wild(values: tuple[str, ...]) -> bool:
    return any("*" in value or "?" in value for value in values)


def _pins(kind: Kind, values: tuple[str, ...], form: re.Pattern[str], wild: bool) -> Narrowing:
    """A list of organisations or accounts; a wildcard among them opens it to all of that kind."""
    if wild and _any_wild(values):
        return OPEN
    # Without wildcard matching a value of another form can equal nothing: it adds nobody.
    usable = frozenset(value for value in values if form.fullmatch(value))
    return Narrowing(kind, usable) if usable else Narrowing("nobody", frozenset(values))


def _arns(values: tuple[str, ...]) -> Narrowing:
    accounts: set[str] = set()
    for value in values:
        found = _ARN_ACCOUNT.fullmatch(value)
        if found is None or not _ACCOUNT.fullmatch(found.group(1)):
            if "*" in value or "?" in value:
                return OPEN
            continue
        accounts.add(value)
    return Narrowing("account", frozenset(accounts)) if accounts else Narrowing("nobody", frozenset(values))

"""Finds a value that a caller could choose for a context key so that given conditions come out as wanted.

Used to answer "is there any request that is allowed": keys are independent of one another, so each is
searched by itself. Exact for text, addresses, numbers, dates and booleans; what is beyond the bounds raises
`UndecidableError` and makes the answer unknown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from auditor.analysis.condition_logic import UndecidableError, Values, holds, is_negated, moment, pattern_matches
from auditor.analysis.iam_conditions import take_apart
from auditor.analysis.iam_document import ConditionEntry
from auditor.analysis.pattern_walk import Group, escape, search_text

ARN_PARTS = 6
FRESH = "zz0"
"""A value that no policy is likely to name."""


@dataclass(frozen=True)
class Wanted:
    """A condition and how it must come out."""

    entry: ConditionEntry
    outcome: bool


@dataclass(frozen=True)
class Domain:
    """What a key may be: whether the request may lack it, and what holds for every value.

    `public_address`: an address of the public Internet. `of_account`: an ARN of a resource of this account.
    """

    may_be_missing: bool = True
    prefix: str = ""
    multivalued: bool = False
    public_address: bool = False
    of_account: str = ""


NOTHING = object()
_COMBINED = 3
_TRIED = 12


def find_value(wanted: Sequence[Wanted], domain: Domain) -> Values | object:
    """A value for which every condition comes out as wanted; `NOTHING` where there is none.

    Errors: `UndecidableError` where the search is too large to finish or a condition is not understood.
    """
    if domain.may_be_missing and _all(wanted, None):
        return None
    candidates = [c for c in dict.fromkeys(_candidates(wanted, domain)) if _fits(c, domain)]
    for candidate in candidates:
        if _all(wanted, (candidate,)):
            return (candidate,)
    if domain.multivalued and (several := _several(wanted, candidates)):
        return several
    found = search_text(_text_groups(wanted, domain))
    if found is None:
        return NOTHING
    if not _fits(found, domain) or not _all(wanted, (found,)):
        raise UndecidableError(f"{wanted[0].entry.key} has too many values to try")
    return (found,)


def _several(wanted: Sequence[Wanted], candidates: Sequence[str]) -> Values:
    for size in range(2, _COMBINED + 1):
        for chosen in combinations(candidates[:_TRIED], size):
            if _all(wanted, chosen):
                return chosen
    if len(wanted) > _COMBINED or len(candidates) > _TRIED:
        raise UndecidableError(f"{wanted[0].entry.key} has too many values to try")
    return None


def _all(wanted: Sequence[Wanted], value: Values) -> bool:
    return all(holds(one.entry, value) == one.outcome for one in wanted)


_PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7")
]


def _fits(value: str, domain: Domain) -> bool:
    if not value.startswith(domain.prefix):
        return False
    if domain.of_account:
        parts = value.split(":", 5)
        return len(parts) == ARN_PARTS and parts[0] == "arn" and parts[4] == domain.of_account
    if not domain.public_address:
        return True
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    # Only a request through a VPC endpoint comes from such an address, and it has no aws:SourceIp.
    return not any(address in network for network in _PRIVATE)


def _candidates(wanted: Sequence[Wanted], domain: Domain) -> Iterator[str]:
    for one in wanted:
        base = take_apart(one.entry.operator).base
        for value in one.entry.values:
            for text in _around(base, value):
                yield text
                if domain.prefix.startswith("arn:"):
                    yield domain.prefix + text.rpartition("/")[2]
                elif domain.of_account:
                    parts = text.split(":", 5)
                    yield ":".join([*parts[:4], domain.of_account, *parts[5:]])
    if domain.public_address:
        for network in _PRIVATE:
            yield from _addresses(str(network))
    if domain.of_account:
        yield f"arn:aws:{FRESH}:{FRESH}:{domain.of_account}:{FRESH}"
    yield from (
        domain.prefix + FRESH,
        *(() if domain.prefix else ("true", "false", "203.0.113.77", "2001:db8::77", "0")),
    )


def _around(base: str, value: str) -> Iterator[str]:
    """The values beside the edges of what a condition accepts."""
    if base.endswith("ipaddress"):
        yield from _addresses(value)
    elif base.startswith("numeric"):
        number = float(value) if _is_number(value) else 0.0
        yield from (repr(number), repr(number - 1), repr(number + 1))
    elif base.startswith("date"):
        point = moment(value)
        yield from (repr(point), repr(point - 1), repr(point + 1))
    else:
        yield value
        yield value.replace("*", "").replace("?", "x")
        yield value.replace("*", "x").replace("?", "x")
        yield value.swapcase()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _addresses(value: str) -> Iterator[str]:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = type(network.network_address)
    for number in (first, last, first - 1, last + 1):
        if 0 <= number < 2**network.max_prefixlen:
            yield str(kind(number))


# ---------------------------------------------------------------- text that must match several patterns
_ARN = {"arnequals", "arnlike", "arnnotequals", "arnnotlike"}


def _text_groups(wanted: Sequence[Wanted], domain: Domain) -> list[Group] | None:
    """The patterns that a text must match, or must not; None where trying the edges was all that there is."""
    groups: list[Group] = []
    typed = False
    for one in wanted:
        operator = take_apart(one.entry.operator)
        patterns = _patterns(operator.base, one.entry, domain)
        if patterns is not None:
            groups.append((one.outcome != is_negated(operator), patterns))
        elif operator.base != "null":
            typed = True
        elif holds(one.entry, ("",)) != one.outcome:
            return None
    if typed and groups:
        raise UndecidableError(f"{wanted[0].entry.key} is compared as text and as a value")
    if typed:
        return None
    if domain.prefix:
        groups.append((True, [escape(domain.prefix) + "*"]))
    if domain.of_account:
        groups.append((True, [f"arn:*:*:*:{domain.of_account}:*"]))
    return groups


def _patterns(base: str, entry: ConditionEntry, domain: Domain) -> list[str] | None:
    """The values of a condition on text as patterns; None for one on values of another type."""
    if base in ("stringequals", "stringnotequals"):
        return [escape(value) for value in entry.values]
    if base in ("stringlike", "stringnotlike"):
        return [value for value in entry.values if _may_be_of(domain.of_account, value)]
    if base in _ARN and domain.of_account:
        parts = [(value, value.split(":", 5)) for value in entry.values]
        return [v for v, p in parts if len(p) == ARN_PARTS and pattern_matches(domain.of_account, p[4])]
    if base in _ARN and domain.prefix.startswith("arn:"):
        return [text for value in entry.values if (text := _after_account(value, domain.prefix)) is not None]
    if base in ("null", "bool", "ipaddress", "notipaddress") or base.startswith(("numeric", "date")):
        return None
    raise UndecidableError(f"{entry.operator} on {entry.key} has too many values to try")


def _may_be_of(account: str, pattern: str) -> bool:
    """Whether a text of this pattern can be an ARN of the account: surely not where it fixes another one."""
    parts = pattern.split(":", 5)
    fixed = account and len(parts) == ARN_PARTS and "*" not in "".join(parts[:5])
    return not fixed or pattern_matches(account, parts[4])


def _after_account(pattern: str, prefix: str) -> str | None:
    """An ARN pattern as a pattern of text, for ARNs whose first five parts are those of `prefix`."""
    parts, fixed = pattern.split(":", 5), prefix.split(":", 5)
    if len(parts) != ARN_PARTS or not all(map(pattern_matches, fixed[:5], parts[:5])):
        return None
    return ":".join([*map(escape, fixed[:5]), parts[5]])

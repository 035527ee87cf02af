"""IAM's condition operators on concrete values.

Source: "IAM JSON policy elements: Condition operators" and "Multivalued context keys" of the IAM user guide.
A missing key makes a positive operator false and a negated one true; `...IfExists` and `ForAllValues:` are true
for a missing key, `ForAnyValue:` is false.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from auditor.analysis.iam_actions import pattern_regex
from auditor.analysis.iam_conditions import Operator, take_apart
from auditor.analysis.iam_document import ConditionEntry

Values = tuple[str, ...] | None
"""The values of a context key in a request; None: the request does not have the key."""


class UndecidableError(Exception):
    """A condition that this module does not know how to evaluate; the text says what."""


_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnlike",
    "arnnotlike": "arnlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
}


def holds(entry: ConditionEntry, actual: Values) -> bool:
    """Whether a condition holds for a request whose key has these values. Errors: `UndecidableError`."""
    parts = take_apart(entry.operator)
    if parts.base == "null":
        wanted = {value.lower() for value in entry.values}
        return ("true" if actual is None else "false") in wanted
    if parts.quantifier not in ("", "foranyvalue", "forallvalues"):
        raise UndecidableError(f"the operator {entry.operator} is not known")
    one = _single(parts, entry.values)
    if actual is None:
        return missing_result(parts)
    if parts.quantifier == "forallvalues":
        return all(one(value) for value in actual)
    if parts.quantifier == "foranyvalue" or len(actual) != 1:
        return any(one(value) for value in actual)
    return one(actual[0])


def missing_result(parts: Operator) -> bool:
    """What an operator gives for a key that the request does not have."""
    if parts.quantifier == "foranyvalue":
        return parts.if_exists
    return parts.if_exists or parts.quantifier == "forallvalues" or parts.base in _NEGATED


def is_negated(parts: Operator) -> bool:
    """Whether the operator is true for values that match none of those listed."""
    return parts.base in _NEGATED


def _single(parts: Operator, wanted: Sequence[str]) -> Callable[[str], bool]:
    """The test of one value: any of `wanted` for a positive operator, none of them for a negated one."""
    negated = parts.base in _NEGATED
    compare = _COMPARE.get(_NEGATED.get(parts.base, parts.base))
    if compare is None:
        raise UndecidableError(f"the operator {parts.base} is not known")
    return lambda actual: any(compare(actual, value) for value in wanted) != negated


def arn_like(actual: str, pattern: str) -> bool:
    """ARNs compare part by part: a wildcard does not cross the first five colons."""
    parts, wanted = actual.split(":", 5), pattern.split(":", 5)
    if len(wanted) != len(parts):
        return False
    return all(pattern_matches(value, part) for value, part in zip(parts, wanted, strict=True))


def _arns(actual: str, pattern: str) -> bool:
    if arn_like(actual, pattern):
        return True
    if pattern.count(":") < _COLONS and pattern_matches(actual, pattern):
        raise UndecidableError(f"{pattern!r} is no ARN, and matches one only as text")
    return False


_COLONS = 5


def pattern_matches(actual: str, pattern: str) -> bool:
    """`*` any run, `?` one character, case-sensitive."""
    return pattern_regex(pattern, False).fullmatch(actual) is not None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UndecidableError(f"{text!r} is no number") from error


def _numbers(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return _typed(_number, compare)


def _moments(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return _typed(moment, compare)


def _typed(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    """A comparison of typed values: one in the request that is of another type matches nothing."""

    def matches(actual: str, wanted: str) -> bool:
        limit = read(wanted)
        try:
            return compare(read(actual), limit)
        except UndecidableError:
            return False

    return matches


def moment(text: str) -> float:
    """A date as IAM writes it, ISO 8601 or epoch seconds, as epoch seconds."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise UndecidableError(f"{text!r} is no date") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _inside(actual: str, network: str) -> bool:
    try:
        wanted = ipaddress.ip_network(network, strict=False)
    except ValueError as error:
        raise UndecidableError(f"{network!r} is no network") from error
    try:
        return ipaddress.ip_address(actual) in wanted
    except ValueError:
        return False


_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda actual, wanted: actual == wanted,
    "stringequalsignorecase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "stringlike": pattern_matches,
    "arnlike": _arns,
    "arnequals": _arns,
    "bool": lambda actual, wanted: actual.lower() == wanted.lower(),
    "binaryequals": lambda actual, wanted: actual == wanted,
    "ipaddress": _inside,
    "numericequals": _numbers(operator.eq),
    "numericlessthan": _numbers(operator.lt),
    "numericlessthanequals": _numbers(operator.le),
    "numericgreaterthan": _numbers(operator.gt),
    "numericgreaterthanequals": _numbers(operator.ge),
    "dateequals": _moments(operator.eq),
    "datelessthan": _moments(operator.lt),
    "datelessthanequals": _moments(operator.le),
    "dategreaterthan": _moments(operator.gt),
    "dategreaterthanequals": _moments(operator.ge),
}

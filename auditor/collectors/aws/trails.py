"""Which management events a CloudTrail trail records, read from its event selectors.

ECR's API calls, pushes and pulls included, are management events. Source: the fields of basic and advanced event
selectors in botocore's cloudtrail model (API version 2013-11-01).
"""

from __future__ import annotations

from typing import Any

from auditor.inventory.facts import Fact, Known, Reason, Unknown

SELECTORS = "cloudtrail:GetEventSelectors"
_ECR = "ecr.amazonaws.com"
_BOTH = frozenset({"read", "write"})
_KINDS = {"All": _BOTH, "ReadOnly": frozenset({"read"}), "WriteOnly": frozenset({"write"})}


def records_registries(answer: dict[str, Any]) -> Fact[bool]:
    """Whether the selectors of a trail take in read and write management events of ECR.

    Unknown where a selector narrows them by something that is not looked at here, as the name of the event.
    """
    surely: set[str] = set()
    perhaps: set[str] = set()
    for selector in answer.get("EventSelectors") or []:
        surely |= _basic(selector)
    for selector in answer.get("AdvancedEventSelectors") or []:
        kinds, exact = _advanced(selector)
        (surely if exact else perhaps).update(kinds)
    if surely >= _BOTH:
        return Known(True, SELECTORS)
    if surely | perhaps >= _BOTH:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, SELECTORS, "a selector narrows management events")
    return Known(False, SELECTORS)


def _basic(selector: dict[str, Any]) -> frozenset[str]:
    if not selector.get("IncludeManagementEvents", True) or _ECR in (
        selector.get("ExcludeManagementEventSources") or []
    ):
        return frozenset()
    return _KINDS.get(str(selector.get("ReadWriteType", "All")), frozenset())


def _advanced(selector: dict[str, Any]) -> tuple[frozenset[str], bool]:
    """The kinds of management events of ECR that it takes in, and whether it takes in all of these."""
    kinds: frozenset[str] = _BOTH
    category, exact = False, True
    for condition in selector.get("FieldSelectors") or []:
        match condition.get("Field"):
            case "eventCategory":
                category = _fits(condition, "Management")
            case "readOnly":
                kinds &= {kind for kind, value in (("read", "true"), ("write", "false")) if _fits(condition, value)}
            case "eventSource":
                if not _fits(condition, _ECR):
                    return frozenset(), True
            case _:
                exact = False
    return (kinds, exact) if category else (frozenset(), True)


def _fits(condition: dict[str, Any], value: str) -> bool:
    """Whether a field selector lets a value through: any of the positive forms, none of the negative ones."""

    def listed(key: str) -> list[str]:
        return [str(entry) for entry in condition.get(key) or []]

    wanted = [value in listed("Equals")] if listed("Equals") else []
    wanted += [value.startswith(tuple(listed("StartsWith")))] if listed("StartsWith") else []
    wanted += [value.endswith(tuple(listed("EndsWith")))] if listed("EndsWith") else []
    refused = (
        value in listed("NotEquals")
        or value.startswith(tuple(listed("NotStartsWith")))
        or value.endswith(tuple(listed("NotEndsWith")))
    )
    return (not wanted or any(wanted)) and not refused

"""AWS's words to ours."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Literal

from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.parts import Encryption, Immutability, NameFilter, PolicyDocument

_MODES: dict[str, Literal["none", "all", "all_except", "none_except"]] = {
    "MUTABLE": "none",
    "IMMUTABLE": "all",
    "IMMUTABLE_WITH_EXCLUSION": "all_except",
    "MUTABLE_WITH_EXCLUSION": "none_except",
}
_TYPES: dict[str, Literal["platform", "kms", "kms_dsse"]] = {"AES256": "platform", "KMS": "kms", "KMS_DSSE": "kms_dsse"}
FREQUENCIES: dict[str, Literal["on_push", "continuous", "manual"]] = {
    "SCAN_ON_PUSH": "on_push",
    "CONTINUOUS_SCAN": "continuous",
    "MANUAL": "manual",
}


def moment(value: datetime) -> str:
    """A time as RFC 3339 UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_fact(entry: dict[str, Any], key: str, source: str) -> Fact[str]:
    """A time of an answer; absent where the answer has none."""
    value = entry.get(key)
    return Known(moment(value)) if value is not None else Absent(source)


def text_fact(entry: dict[str, Any], key: str, source: str) -> Fact[str]:
    """A text of an answer; absent where the answer has none."""
    value = entry.get(key)
    return Known(str(value)) if value else Absent(source)


def document(text: str, form: Literal["aws_iam", "ecr_lifecycle"]) -> PolicyDocument:
    """A policy text with its digest."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return PolicyDocument(format=form, text=text, digest=f"sha256:{digest}")


def immutability(entry: dict[str, Any], source: str) -> Fact[Immutability]:
    """Tag mutability with its exclusion filters.

    A mode with exclusions whose filters are not in the answer (an old SDK drops them) is unknown.
    """
    word = entry.get("imageTagMutability")
    if word not in _MODES:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, source, f"imageTagMutability {word}")
    filters = entry.get("imageTagMutabilityExclusionFilters")
    if word.endswith("_WITH_EXCLUSION") and not filters:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, source, "the exclusion filters are missing")
    return Known(Immutability(mode=_MODES[word], rules=[NameFilter("glob", f["filter"]) for f in filters or []]))


def encryption(entry: dict[str, Any], manager: Fact[Any], source: str) -> Fact[Encryption]:
    """Encryption at rest; `manager` is who manages the key, where there is one."""
    found = entry.get("encryptionConfiguration")
    if not found:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, source, "encryptionConfiguration is missing")
    kind = _TYPES.get(found.get("encryptionType", ""))
    if kind is None:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, source, f"encryptionType {found.get('encryptionType')}")
    if kind == "platform":
        return Known(Encryption(kind, Absent(source), Known("provider")))
    return Known(Encryption(kind, text_fact(found, "kmsKey", source), manager))


def wildcard(filters: list[dict[str, Any]] | None) -> list[NameFilter]:
    """Filters of registry-wide rules."""
    return [
        NameFilter("prefix" if f.get("filterType") == "PREFIX_MATCH" else "glob", str(f.get("filter", "")))
        for f in filters or []
    ]

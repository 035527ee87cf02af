"""Inspector's suppression rules: what they are, and which of them hides a finding.

Inspector does not say which filter suppressed a finding. It is named where exactly one filter may have; otherwise
words stand in its place, and never nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from auditor.collectors.aws.findings import SUPPRESSED
from auditor.collectors.aws.words import time_fact
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.scanning import Suppression

FILTERS = "inspector2:ListFilters"
MAX_VALUES = 200
MAX_TEXT = 500
_OWNER_TAGS = frozenset({"owner", "team", "contact"})
_END_TAGS = frozenset({"expires", "expiry", "expiration", "expires-at", "expires_at", "valid-until", "valid_until"})
_DATE = r"(\d{4}-\d{2}-\d{2})"
_END = re.compile(rf"\b(?:expires|expiry|until|valid until|ends?)\b[\s:=]*(?:on\s+)?{_DATE}", re.IGNORECASE)
_OWNER = re.compile(r"\bowner\b[\s:=]+([\w@.+/-]{2,80})", re.IGNORECASE)
_ISO = re.compile(rf"^{_DATE}(T\d{{2}}:\d{{2}}:\d{{2}}Z)?$")

# Criteria that only findings of other resources can meet, where they ask for something.
_ELSEWHERE = (
    "ec2", "lambda", "codeRepository", "codeVulnerability", "machineImage", "cloudVm", "cloudImage", "cloudServerless",
    "portRange", "network",
)  # fmt: skip
_IMAGE = "AWS_ECR_CONTAINER_IMAGE"


class SuppressionBook:
    """The filters that can hide findings on images, and which of them hides one."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.filters = [entry for entry in entries if _on_images(entry.get("criteria") or {})]

    def hidden_by(self, finding: dict[str, Any]) -> str:
        """The id of the one filter that may hide a suppressed finding; words where none or several may."""
        fitting = [entry for entry in self.filters if _may_match(entry.get("criteria") or {}, finding)]
        if len(fitting) == 1:
            return suppression_id(fitting[0])
        return f"one of {len(fitting)} suppressions" if fitting else SUPPRESSED


def suppression_id(entry: dict[str, Any]) -> str:
    """`urn:cr:inspector2:ACCOUNT:REGION:suppression/ID`, from `arn:aws:inspector2:R:A:owner/A/filter/ID`."""
    parts = str(entry.get("arn", "")).split(":")
    region, account = (parts[3], parts[4]) if len(parts) > 5 else ("", str(entry.get("ownerId", "")))  # noqa: PLR2004
    return f"urn:cr:inspector2:{account}:{region}:suppression/{parts[-1].rpartition('/')[2]}"


def suppression_of(entry: dict[str, Any]) -> Suppression:
    """A filter with the action SUPPRESS, in our words.

    Inspector has no field for an owner and none for an end: they are read from the filter's tags (owner, team or
    contact; expires, expiry or valid-until), else from its reason and description (`owner: NAME`, `until DATE`).
    """
    criteria = entry.get("criteria") or {}
    tags = {str(key).lower(): str(value) for key, value in (entry.get("tags") or {}).items()}
    reason = str(entry.get("reason") or entry.get("description") or "").strip()[:MAX_TEXT]
    text = f"{entry.get('reason') or ''}\n{entry.get('description') or ''}"
    return Suppression(
        id=suppression_id(entry),
        name=str(entry.get("name", ""))[:MAX_TEXT],
        reason=reason,
        owner=_owner(tags, text),
        created_at=time_fact(entry, "createdAt", FILTERS),
        expires=_expires(tags, text),
        vulnerabilities=_named(criteria, "vulnerabilityId", "title"),
        repositories=_named(criteria, "ecrImageRepositoryName"),
        criteria=_words(criteria),
        packages=_packages(criteria),
        images=_named(criteria, "ecrImageHash", "ecrImageTags", "resourceId"),
    )


def _on_images(criteria: dict[str, Any]) -> bool:
    """Whether findings on container images can meet the criteria."""
    kinds = criteria.get("resourceType") or []
    if any(kind.get("comparison") == "EQUALS" for kind in kinds) and not any(
        kind.get("value") == _IMAGE for kind in kinds
    ):
        return False
    return not any(
        value.get("comparison") != "NOT_EQUALS"
        for key, values in criteria.items()
        if key.startswith(_ELSEWHERE)
        for value in values or []
    )


def _owner(tags: dict[str, str], text: str) -> str:
    for key in sorted(_OWNER_TAGS & tags.keys()):
        if tags[key].strip():
            return tags[key].strip()[:MAX_TEXT]
    found = _OWNER.search(text)
    return found.group(1) if found else ""


def _expires(tags: dict[str, str], text: str) -> Fact[str]:
    for key in sorted(_END_TAGS & tags.keys()):
        if _ISO.match(tags[key].strip()):
            return Known(_moment(tags[key].strip()), FILTERS)
        return Unknown(Reason.PARSE_ERROR, FILTERS, f"the tag {key} holds no date (YYYY-MM-DD)")
    found = _END.search(text)
    return Known(_moment(found.group(1)), FILTERS) if found else Absent(FILTERS)


def _moment(text: str) -> str:
    """The end of the day that a date names."""
    return text if "T" in text else f"{text}T23:59:59Z"


def _named(criteria: dict[str, Any], *fields: str) -> list[str]:
    """What the fields name, with `*` after a prefix. A list that only excludes names nothing."""
    found = set()
    for field in fields:
        for criterion in criteria.get(field) or []:
            value = str(criterion.get("value", ""))[:MAX_TEXT]
            match criterion.get("comparison"):
                case "EQUALS":
                    found.add(value)
                case "PREFIX":
                    found.add(f"{value}*")
    return sorted(found)[:MAX_VALUES]


def _packages(criteria: dict[str, Any]) -> list[str]:
    filters = [package["name"] for package in criteria.get("vulnerablePackages") or [] if package.get("name")]
    return _named({"name": filters}, "name")


def _words(criteria: dict[str, Any]) -> list[str]:
    """Every criterion for people."""
    lines = []
    for field, values in sorted(criteria.items()):
        for value in values or []:
            if isinstance(value, dict) and "comparison" in value:
                line = f"{field} {value['comparison']} {value.get('value', value.get('key', ''))}"
            else:
                line = f"{field} {value}"
            lines.append(line[:MAX_TEXT])
    return lines[:MAX_VALUES]


def _texts(finding: dict[str, Any], key: str) -> list[str]:
    """The values of a finding that a criterion named `key` looks at; none for a criterion not looked at here."""
    details = finding.get("packageVulnerabilityDetails") or {}
    images: list[dict[str, Any]] = [
        (resource.get("details") or {}).get("awsEcrContainerImage") or {} for resource in finding.get("resources") or []
    ]
    look: dict[str, Callable[[], list[Any]]] = {
        "vulnerabilityId": lambda: [details.get("vulnerabilityId")],
        "severity": lambda: [finding.get("severity")],
        "title": lambda: [finding.get("title")],
        "fixAvailable": lambda: [finding.get("fixAvailable")],
        "exploitAvailable": lambda: [finding.get("exploitAvailable")],
        "ecrImageRepositoryName": lambda: [image.get("repositoryName") for image in images],
        "ecrImageHash": lambda: [image.get("imageHash") for image in images],
        "ecrImageTags": lambda: [tag for image in images for tag in image.get("imageTags") or []],
        "resourceId": lambda: [resource.get("id") for resource in finding.get("resources") or []],
    }
    return [str(value) for value in look.get(key, list)() if value is not None]


def _may_match(criteria: dict[str, Any], finding: dict[str, Any]) -> bool:
    """Whether nothing that is looked at here speaks against it: criteria on other things count as met."""
    for key, wanted in criteria.items():
        values = _texts(finding, key)
        if not values or not wanted:
            continue
        allowed = [c for c in wanted if c.get("comparison") in ("EQUALS", "PREFIX")]
        refused = [c for c in wanted if c.get("comparison") == "NOT_EQUALS"]
        if allowed and not any(_fits(criterion, value) for criterion in allowed for value in values):
            return False
        if any(str(criterion.get("value")) == value for criterion in refused for value in values):
            return False
    return True


def _fits(criterion: dict[str, Any], value: str) -> bool:
    wanted = str(criterion.get("value", ""))
    return value.startswith(wanted) if criterion.get("comparison") == "PREFIX" else value == wanted

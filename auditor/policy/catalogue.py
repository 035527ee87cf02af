"""The rules as the program knows them: metadata, parameters, selection."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from auditor.config.validation import problems
from auditor.errors import UsageError
from auditor.findings.model import RemediationText, RuleInfo, Severity

_PER_IMAGE = frozenset({"image", "finding", "signature", "attestation"})


class RuleMeta(msgspec.Struct, frozen=True):
    """One rule: what its METADATA says, and where it stands."""

    id: str
    title: str
    description: str
    group: str
    name: str
    severity: Severity
    since: str
    inputs: list[Literal["registry", "repository", "account", "workload", "waivers"]]
    """Which records it is evaluated on."""
    entity: Literal[
        "registry", "repository", "image", "policy", "principal", "credential", "key", "suppression", "workload",
        "waiver",
    ]  # fmt: skip
    """What its verdicts are about."""
    registries: list[str]
    frameworks: dict[str, list[str]]
    low_confidence: list[str]
    params: dict[str, dict[str, Any]]
    """Parameter -> JSON Schema with `default` and `description`."""
    remediation: RemediationText
    file: str
    line: int
    whole_repository: bool = False
    """Its verdicts on images take the repository's other images, or places beside it."""
    builtin: bool = False
    """Comes with the auditor, and is tested on every path of every engine."""

    @property
    def path(self) -> str:
        """`group/name`."""
        return f"{self.group}/{self.name}"

    @property
    def judges_alone(self) -> bool:
        """Whether it can judge an image of which nothing else of the repository was read."""
        return self.entity in _PER_IMAGE and not self.whole_repository

    def is_for(self, registry: str) -> bool:
        """Whether the rule is about registries of this kind (`ecr`)."""
        return "all" in self.registries or registry in self.registries


def find_rule(rules: Iterable[RuleMeta], name: str) -> RuleMeta:
    """A rule by id, in any case, with or without its `REG-` prefix. Errors: `UsageError` with near ids."""
    wanted = name.strip().upper()
    by_id = {rule.id: rule for rule in rules}
    if wanted in by_id:
        return by_id[wanted]
    if f"REG-{wanted}" in by_id:
        return by_id[f"REG-{wanted}"]
    near = difflib.get_close_matches(wanted, by_id, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "auditor rules list shows them all"
    raise UsageError(f"unknown rule {name!r}", hint=hint)


def resolve_params(rules: Iterable[RuleMeta], overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rule id -> parameters: the defaults, with checked overrides over them.

    Errors: `UsageError` for an unknown rule or parameter, or a value that does not fit the declared type.
    """
    catalogue = list(rules)
    resolved = {rule.id: {name: schema["default"] for name, schema in rule.params.items()} for rule in catalogue}
    for name, values in overrides.items():
        rule = find_rule(catalogue, name)
        for parameter, value in values.items():
            _check_parameter(rule, parameter, value)
            resolved[rule.id][parameter] = value
    return resolved


def _check_parameter(rule: RuleMeta, parameter: str, value: Any) -> None:
    schema = rule.params.get(parameter)
    if schema is None:
        near = difflib.get_close_matches(parameter, rule.params, n=1)
        known = ", ".join(sorted(rule.params)) or "it has none"
        hint = f"did you mean {near[0]}?" if near else f"its parameters: {known}"
        raise UsageError(f"{rule.id} has no parameter {parameter!r}", hint=hint)
    for pointer, message in problems(value, schema):
        where = f"{parameter}{pointer.replace('/', '.')}"
        raise UsageError(f"{rule.id}: {where}: {message}", hint=f"auditor rules show {rule.id}")


def select(
    rules: Iterable[RuleMeta],
    *,
    check: Sequence[str] = (),
    skip: Sequence[str] = (),
    severities: Sequence[str] = (),
    frameworks: Sequence[str] = (),
) -> list[RuleMeta]:
    """The rules that pass every filter, sorted by id. Errors: `UsageError` for unknown names."""
    catalogue = sorted(rules, key=lambda rule: rule.id)
    wanted = {find_rule(catalogue, name).id for name in check}
    unwanted = {find_rule(catalogue, name).id for name in skip}
    known = {framework for rule in catalogue for framework in rule.frameworks}
    for name in frameworks:
        if name not in known:
            raise UsageError(f"unknown framework {name!r}", hint=f"known: {', '.join(sorted(known))}")
    return [
        rule
        for rule in catalogue
        if (not wanted or rule.id in wanted)
        and rule.id not in unwanted
        and (not severities or rule.severity in severities)
        and (not frameworks or any(name in rule.frameworks for name in frameworks))
    ]


def selection_document(rules: Iterable[RuleMeta]) -> dict[str, dict[str, list[str]]]:
    """`data.selection` for main.rego: record type -> group -> rule names."""
    document: dict[str, dict[str, list[str]]] = {}
    for rule in rules:
        for record in rule.inputs:
            document.setdefault(record, {}).setdefault(rule.group, []).append(rule.name)
    return document


def fast_rules(rules: Iterable[RuleMeta]) -> list[str]:
    """The rules that an engine may run on a faster path: our own on images, which take nearly all the time.

    tests/engines/test_agreement.py holds them to the same verdicts on every path.
    """
    return [rule.path for rule in rules if rule.builtin and rule.entity == "image"]


def to_rule_info(rule: RuleMeta, severity: Severity | None = None) -> RuleInfo:
    """The rule as results show it, with the user's severity where there is one."""
    return RuleInfo(
        id=rule.id,
        title=rule.title,
        severity=severity or rule.severity,
        frameworks=rule.frameworks,
        remediation=rule.remediation,
        description=rule.description.strip(),
        group=rule.group,
        entity=rule.entity,
        low_confidence=rule.low_confidence,
    )

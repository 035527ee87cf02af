"""Rule settings of auditor.yaml and `--param`, brought to full rule ids and checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from auditor.config.settings import Config, RuleSettings
from auditor.errors import AuditorError, ConfigError, UsageError
from auditor.policy.catalogue import RuleMeta, find_rule, resolve_params


def merge_parameters(rules: Iterable[RuleMeta], config: Config, options: Sequence[str]) -> dict[str, RuleSettings]:
    """Rule id -> settings: the file's, with the command line's parameters over them.

    Errors: `ConfigError` with file and line, `UsageError` for an option: unknown rule or parameter,
    or a value that does not fit what the rule declares.
    """
    catalogue = list(rules)
    merged: dict[str, RuleSettings] = {}
    for name, settings in config.settings.rules.items():
        try:
            rule = find_rule(catalogue, name)
            resolve_params([rule], {rule.id: settings.params})
        except AuditorError as error:
            raise _at(config, name, error) from error
        merged[rule.id] = settings
    for option in options:
        rule, parameter, value = _parse(catalogue, option)
        old = merged.get(rule.id, RuleSettings())
        params = {**old.params, parameter: value}
        resolve_params([rule], {rule.id: params})
        merged[rule.id] = RuleSettings(enabled=old.enabled, severity=old.severity, params=params)
    return merged


def _at(config: Config, name: str, error: AuditorError) -> AuditorError:
    document = config.document
    if document is None:
        return error
    line = document.line(f"/rules/{name}")
    return ConfigError(error.message, path=document.path, line=line, field=f"rules.{name}", hint=error.hint)


def _parse(rules: list[RuleMeta], option: str) -> tuple[RuleMeta, str, Any]:
    """`RULE.parameter=value`, or `parameter=value` where only one rule declares it."""
    name, separator, text = option.partition("=")
    if not separator or not name:
        raise UsageError(f"--param {option!r} is not NAME=VALUE", hint="as in IMM-001.exempt_ptc=false")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"--param {name}: the value is not YAML", hint="quote it, as in '[a, b]'") from error
    rule_name, dot, parameter = name.rpartition(".")
    if dot:
        return find_rule(rules, rule_name), parameter, value
    owners = [rule for rule in rules if parameter in rule.params]
    if len(owners) == 1:
        return owners[0], parameter, value
    if not owners:
        raise UsageError(f"--param {parameter}: no rule has such a parameter", hint="auditor rules show ID")
    ids = ", ".join(rule.id for rule in owners)
    raise UsageError(f"--param {parameter}: several rules have it ({ids})", hint="write RULE.NAME=VALUE")

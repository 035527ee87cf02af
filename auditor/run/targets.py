"""The targets of a configuration: checked against their schemas, composite ones expanded, in the order of reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auditor import plugins
from auditor.config.settings import Config, judgement_digest
from auditor.config.validation import check_document, packaged_schema, problems
from auditor.errors import ConfigError

_ORDER = ("workloads", "identities", "registries")
_SPEED = frozenset({"concurrency", "scopes_at_once", "rate", "attempts"})
"""Settings that decide how a target is read, not what."""


Targets = list[tuple[Any, dict[str, Any]]]
"""(collector, target), in the order of their phases."""


def checked_targets(config: Config, wanted: Callable[[dict[str, Any]], bool] = lambda _target: True) -> Targets:
    """Every (collector, target), in the order of their phases; only of targets that are `wanted`.

    Errors: `ConfigError` for a target that does not fit, with file, line and field.
    """
    targets = config.settings.targets
    if not targets:
        path = config.document.path if config.document else None
        raise ConfigError("has no targets", path=path, field="targets", hint="auditor init shows an example")
    found = [pair for index, target in enumerate(targets) if wanted(target) for pair in _checked(config, index, target)]
    found.sort(key=lambda pair: _ORDER.index(pair[0].phase))
    return found


def targets_digest(targets: Targets) -> str:
    """`sha256:…` over what is read, leaving out how fast."""
    return judgement_digest([{k: v for k, v in target.items() if k not in _SPEED} for _, target in targets])


def _checked(config: Config, index: int, target: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    kind = target["kind"]
    if kind not in plugins.names("composites"):
        collector: Any = plugins.collector(_known(config, index, kind))
        _validate(config, index, collector, target)
        return [(collector(), target)]
    composite = plugins.composite(kind)
    _validate(config, index, composite, target)
    pairs = []
    for part in composite.expand(target):
        found: Any = plugins.collector(_known(config, index, part["kind"]))
        for pointer, message in problems(part, packaged_schema(*found.schema)):
            raise _error(config, index, f"{message} (of kind {part['kind']})", pointer)
        pairs.append((found(), part))
    return pairs


def _validate(config: Config, index: int, checked: Any, target: dict[str, Any]) -> None:
    if config.document is not None:
        check_document(config.document, packaged_schema(*checked.schema), at=f"/targets/{index}", data=target)


def _known(config: Config, index: int, kind: str) -> str:
    known = plugins.names("collectors")
    if kind in known:
        return kind
    shown = ", ".join(sorted([*known, *plugins.names("composites")]))
    raise _error(config, index, f"unknown target kind {kind!r}", "/kind", hint=f"known: {shown}")


def _error(config: Config, index: int, message: str, pointer: str, hint: str = "") -> ConfigError:
    return config.error(f"/targets/{index}{pointer}", message, hint)


__all__ = ["Targets", "checked_targets", "targets_digest"]

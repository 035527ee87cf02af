"""Names to implementations: lazy tables of our own, and entry points of others.

A table maps a name to "module:attribute"; nothing is imported before it is asked for. Third parties
register under the groups `auditor.collectors`, `auditor.engines` and `auditor.reporters`.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from auditor.errors import PluginError, UsageError
from auditor.ports import Collector, Composite, Reporter

BUILTIN: dict[str, dict[str, str]] = {
    "collectors": {
        "ecr": "auditor.collectors.aws.ecr:EcrCollector",
        "ecr_public": "auditor.collectors.aws.ecr_public:EcrPublicCollector",
        "iam": "auditor.collectors.aws.iam:IamCollector",
        "kubernetes": "auditor.collectors.kubernetes.collector:KubernetesCollector",
        "oci": "auditor.collectors.oci.collector:OciCollector",
        "workloads": "auditor.collectors.aws.workloads:WorkloadsCollector",
    },
    "composites": {"aws": "auditor.collectors.aws.composite:AwsTarget"},
    "engines": {
        "embedded": "auditor.policy.engines.embedded:EmbeddedEngine",
        "opa": "auditor.policy.engines.opa:OpaEngine",
    },
    "reporters": {
        "html": "auditor.report.html:HtmlReporter",
        "json": "auditor.report.json_report:JsonReporter",
        "sarif": "auditor.report.sarif:SarifReporter",
        "junit": "auditor.report.junit:JunitReporter",
        "markdown": "auditor.report.markdown:MarkdownReporter",
        "csv": "auditor.report.csv_report:CsvReporter",
    },
}

_SINGULAR = {
    "collectors": "target kind",
    "composites": "target kind",
    "engines": "engine",
    "reporters": "report format",
}


def names(kind: str) -> list[str]:
    """Every name of a kind (`collectors`, `engines`, `reporters`), sorted."""
    return sorted({*BUILTIN[kind], *_foreign(kind)})


def load(kind: str, name: str) -> Any:
    """The class registered under `name`.

    Errors: `UsageError` for an unknown name, `PluginError` for one that does not load or that clashes
    with one of ours.
    """
    foreign = _foreign(kind)
    if name in BUILTIN[kind]:
        if name in foreign:
            raise PluginError(
                f"{_distribution(foreign[name])} registers {name!r}, which is built in",
                hint="uninstall it or ask its author for another name",
            )
        module, _, attribute = BUILTIN[kind][name].partition(":")
        return getattr(import_module(module), attribute)
    if name not in foreign:
        known = names(kind)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        raise UsageError(f"unknown {_SINGULAR[kind]} {name!r}", hint=hint)
    try:
        return foreign[name].load()
    except Exception as error:  # a plug-in may fail in any way; it is named, and the run stops
        raise PluginError(
            f"the {_SINGULAR[kind]} {name!r} of {_distribution(foreign[name])} does not load: {error}",
            hint="update or uninstall it",
        ) from error


def collector(kind: str) -> type[Collector]:
    """The collector of a target kind."""
    return cast("type[Collector]", load("collectors", kind))


def composite(kind: str) -> Composite:
    """What a target kind stands for, ready to expand."""
    return cast("Composite", load("composites", kind)())


def reporter(name: str) -> Reporter:
    """A reporter of a format, ready to write."""
    return cast("Reporter", load("reporters", name)())


def _foreign(kind: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"auditor.{kind}")}


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value

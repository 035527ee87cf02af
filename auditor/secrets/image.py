"""Joins what was found in an image's layers and config: one scan, and the os-release that counts."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from auditor.inventory.contents import MOST_FINDINGS, ScanGap, SecretFinding, SecretScan
from auditor.inventory.facts import Reason
from auditor.secrets.config import MOST_VARIABLES, find_in_config, is_cut, labels_of, variables_of
from auditor.secrets.layer import OS_RELEASE, LayerContents

MOST_GAPS = 50


@dataclass(frozen=True)
class Layer:
    """One layer as it was read. `digest`: as the manifest has it."""

    digest: str
    contents: LayerContents


def join(layers: Sequence[Layer], config: dict[str, Any], annotations: Any, gaps: Sequence[ScanGap] = ()) -> SecretScan:
    """The scan of an image, of its layers from the lowest up. `gaps`: what is missing besides the layers' own."""
    labels = labels_of(config, annotations)
    found = find_in_config(config, labels)
    variables = variables_of(config)
    if is_cut(config, labels) or len(variables) >= MOST_VARIABLES:
        gaps = [ScanGap("", Reason.TRUNCATED, "its config holds more than is looked at"), *gaps]
    beyond = 0
    for number, layer in enumerate(layers):
        above = [upper.contents.whiteouts for upper in layers[number + 1 :]]
        beyond += layer.contents.total - len(layer.contents.findings)
        for finding in layer.contents.findings:
            gone = any(_covers(whiteouts, finding.path) for whiteouts in above)
            found.append(msgspec.structs.replace(finding, removed=gone))
    distinct = sorted(set(found), key=_rank)
    all_gaps = [*gaps, *(ScanGap(one.digest, reason, text) for one in layers for reason, text in one.contents.gaps)]
    return SecretScan(
        source="auditor",
        findings=distinct[:MOST_FINDINGS],
        total=len(distinct) + beyond,
        variables=variables,
        layers=sum(one.contents.whole for one in layers),
        gaps=list(dict.fromkeys(all_gaps))[:MOST_GAPS],
    )


def os_release(layers: Sequence[Layer]) -> str | None:
    """The text of the os-release that a container would see; None where no layer has one.

    Of two paths the one in /etc counts, which elsewhere is a link to the other. Only for layers that were all seen.
    """
    for path in OS_RELEASE:
        for number in range(len(layers) - 1, -1, -1):
            text = dict(layers[number].contents.os_release).get(path)
            if text is not None:
                return text
            if _covers(layers[number].contents.whiteouts, path):
                break
    return None


def _covers(whiteouts: frozenset[str], path: str) -> bool:
    """Whether a layer deletes a path of the layers below: itself, or a folder around it."""
    if path in whiteouts:
        return True
    folder = posixpath.dirname(path)
    while folder:
        if folder in whiteouts or f"{folder}/" in whiteouts:
            return True
        folder = posixpath.dirname(folder)
    return "/" in whiteouts


def _rank(finding: SecretFinding) -> tuple[Any, ...]:
    return (
        finding.confidence != "format",
        finding.where, finding.layer, finding.path, finding.line, finding.index, finding.name, finding.rule,
    )  # fmt: skip

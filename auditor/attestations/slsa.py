"""SLSA provenance, v0.2 and v1: who built it, from what.

Source: slsa.dev/spec (v0.2 and v1.0 provenance), BuildKit's and GitHub's build types. Only what the builder itself
states is taken: BuildKit's hints on version control come from the caller's machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.attestations.outcome import UnreadableError, text_of
from auditor.inventory.attestations import Provenance

_COMMIT = ("sha1", "gitCommit", "sha256")


def read_provenance(predicate: Any, form: str) -> Provenance:
    """A provenance predicate of the form `slsa-v0.2` or `slsa-v1`. Errors: `UnreadableError`."""
    if not isinstance(predicate, dict):
        raise UnreadableError("the provenance is no object")
    return _v1(predicate) if form == "slsa-v1" else _v02(predicate)


def _v02(predicate: dict[str, Any]) -> Provenance:
    build_type = text_of(predicate.get("buildType"))
    builder = predicate.get("builder")
    if not build_type or not isinstance(builder, dict):
        raise UnreadableError("the provenance lacks builder or buildType")
    source = _inside(predicate, "invocation", "configSource")
    return Provenance(
        builder=text_of(builder.get("id")),
        build_type=build_type,
        source=text_of(source.get("uri")),
        source_digest=_commit(source),
        materials=len(_list(predicate.get("materials"))),
    )


def _v1(predicate: dict[str, Any]) -> Provenance:
    definition, run = predicate.get("buildDefinition"), predicate.get("runDetails")
    if not isinstance(definition, dict) or not isinstance(run, dict) or not isinstance(run.get("builder"), dict):
        raise UnreadableError("the provenance lacks buildDefinition or runDetails.builder")
    build_type = text_of(definition.get("buildType"))
    if not build_type:
        raise UnreadableError("the provenance lacks buildType")
    materials = _list(definition.get("resolvedDependencies"))
    source, digest = _source_v1(definition.get("externalParameters"), materials)
    return Provenance(text_of(run["builder"].get("id")), build_type, source, digest, len(materials))


def _source_v1(parameters: Any, materials: list[dict[str, Any]]) -> tuple[str, str]:
    """The source that was asked for, and its commit; else the first repository among the dependencies."""
    parameters = parameters if isinstance(parameters, dict) else {}
    config = _inside(parameters, "configSource")
    if text_of(config.get("uri")):
        return text_of(config["uri"]), _commit(config)
    asked = text_of(_inside(parameters, "workflow").get("repository"))
    asked = asked or text_of(_inside(parameters, "source").get("uri")) or text_of(parameters.get("source"))
    for material in materials:
        uri = text_of(material.get("uri"))
        if asked and _repository(uri) == _repository(asked):
            return asked, _commit(material)
        if not asked and uri.startswith("git+"):
            return uri, _commit(material)
    return asked, ""


def _repository(uri: str) -> str:
    """`git+https://host/a/b@refs/heads/main` without scheme prefix, reference and `.git`."""
    plain = uri.removeprefix("git+")
    scheme, separator, rest = plain.partition("://")
    return f"{scheme}{separator}{rest.partition('@')[0].partition('#')[0].removesuffix('.git').rstrip('/')}"


def _commit(material: dict[str, Any]) -> str:
    digests = material.get("digest")
    if not isinstance(digests, dict):
        return ""
    found: Iterable[str] = (f"{name}:{digests[name]}" for name in _COMMIT if text_of(digests.get(name)))
    return text_of(next(iter(found), ""))


def _inside(document: dict[str, Any], *path: str) -> dict[str, Any]:
    current: Any = document
    for name in path:
        current = current.get(name) if isinstance(current, dict) else None
    return current if isinstance(current, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []

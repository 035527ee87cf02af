"""Which image a text means, and which target may be asked for it: no host that the user did not name."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor import plugins
from auditor.analysis.references import DEFAULT_REGISTRY, ParsedReference, parse_reference
from auditor.config.settings import Config
from auditor.errors import UsageError
from auditor.inventory.extent import NamedReference
from auditor.ports import ReferenceReader
from auditor.run.targets import Targets, checked_targets

_HUB_TARGET = "a target of kind oci with url: https://registry-1.docker.io (docs/check.md)"
_AWS_KINDS = frozenset({"aws", "ecr"})


@dataclass(frozen=True)
class Direct:
    """How to reach the registries that references name where there is no configuration."""

    plain_http: bool = False
    """Loopback only."""
    allow_helpers: bool = False
    """Run the credential helper that Docker's configuration names."""
    token_hosts: tuple[str, ...] = ()
    blob_hosts: tuple[str, ...] = ()


def read_references(texts: Sequence[str], *, hosts_only: bool) -> list[NamedReference]:
    """The images that texts name, each once; with `hosts_only` each must name its registry.

    Errors: `UsageError` for a path, for what is no reference, and for one without a host.
    """
    found = {text: _read(text, hosts_only=hosts_only) for text in texts}
    if not found:
        raise UsageError("names no image", hint="as in auditor check registry.example.com/team/app:1.2")
    return list(found.values())


def _read(text: str, *, hosts_only: bool) -> NamedReference:
    shown = text[:200]
    if text.startswith(("/", "./", "../", "~")) or text in (".", "..") or _exists(text):
        raise UsageError(
            f"{shown} is a path: this version checks images",
            hint="as in auditor check registry.example.com/team/app:1.2; files come with a later version",
        )
    parsed = parse_reference(text)
    if parsed.kind == "invalid":
        raise UsageError(f"{shown!r} is no reference to an image: {parsed.reason}", hint="as in host/team/app:1.2")
    if parsed.kind == "unresolved":
        raise UsageError(f"{shown!r} has a placeholder", hint="check what it stands for when it is deployed")
    if hosts_only and parsed.registry == DEFAULT_REGISTRY:
        raise UsageError(
            f"{shown} is {DEFAULT_REGISTRY}/{parsed.repository}, and Docker Hub takes more than one host",
            hint=f"name them in auditor.yaml, {_HUB_TARGET}, and give it with -c; else write out the registry's host",
        )
    return _named(text, parsed)


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except OSError:  # too long for a name
        return False


def _named(text: str, parsed: ParsedReference) -> NamedReference:
    return NamedReference(text, parsed.registry, parsed.repository, parsed.tag, parsed.digest)


def targets_for(references: Sequence[NamedReference], config: Config, direct: Direct | None) -> Targets:
    """(collector, target) of every registry that is asked, each cut down to its images.

    Errors: `UsageError` for a reference at no target, or at one of a kind that cannot read single images.
    """
    if direct is not None:
        return [_direct(host, references, direct) for host in dict.fromkeys(one.registry.lower() for one in references)]
    left = list(references)
    found: Targets = []
    for collector, target in checked_targets(config, _may_hold(references)):
        if not left or not isinstance(collector, ReferenceReader):
            continue
        narrowed, taken = collector.narrow(target, left)
        if taken:
            found.append((collector, narrowed))
            left = [one for one in left if one not in taken]
    if left:
        _refuse(left[0], config)
    return found


def _may_hold(references: Sequence[NamedReference]) -> Any:
    """Tells targets that need not be looked at: the SDK of AWS is loaded for an image of ECR only."""
    aws = any(_is_ecr(one) for one in references)
    return lambda target: aws or target["kind"] not in _AWS_KINDS


def _is_ecr(reference: NamedReference) -> bool:
    parsed = parse_reference(f"{reference.registry}/{reference.repository}")
    return parsed.kind == "parsed" and bool(parsed.account)


def _refuse(reference: NamedReference, config: Config) -> None:
    path = config.document.path if config.document else None
    hint = f"add a target of kind oci with url: https://{reference.registry}"
    if reference.registry == DEFAULT_REGISTRY:
        hint = f"Docker Hub: {_HUB_TARGET}"
    raise UsageError(
        f"{reference.text[:200]}: no target is the registry {reference.registry}, and no other host is asked",
        path=path,
        hint=hint,
    )


def _direct(host: str, references: Sequence[NamedReference], direct: Direct) -> tuple[Any, dict[str, Any]]:
    """The target of a registry that the user named on the command line."""
    if direct.plain_http and not _is_loopback(host):
        raise UsageError(
            f"--plain-http is for a registry on this machine, not for {host}",
            hint="a target of kind oci with url: http://... says so in auditor.yaml",
        )
    collector: Any = plugins.collector("oci")()
    login = {"docker_config": "default", "allow_helpers": direct.allow_helpers} if _docker_config().is_file() else {}
    target = {
        "kind": "oci",
        "url": f"{'http' if direct.plain_http else 'https'}://{host}",
        "login": login,
        "token_hosts": list(direct.token_hosts),
        "blob_hosts": list(direct.blob_hosts),
    }
    return collector, collector.narrow(target, references)[0]


def _docker_config() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    name = name.strip("[]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

"""Parses image references as deployments write them.

Source: the reference grammar of the distribution project and the name rules of distribution-spec 1.1;
the first part is a host when it holds a dot, a colon or an upper-case letter, or is `localhost`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from auditor.inventory.derived import ReferenceAnalysis

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"
MAX_NAME = 255
MAX_TEXT = 4096

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?"
)
_PLACEHOLDER = re.compile(r"\$\{?[A-Za-z_]|\{\{|<[a-z-]+>|%[A-Z_]+%")
_DEFAULTED = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*:-([^}]*)\}")
_HEX_LENGTH = {"sha256": 64, "sha512": 128}
# One registry answers under several names: plain, FIPS, dual-stack, each with its partition's ending.
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.(?:com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov"
    r"|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)


@dataclass(frozen=True)
class ParsedReference:
    """A well-formed reference. `tag` is empty when only a digest is given; `digest` decides where both are."""

    registry: str
    repository: str
    tag: str
    digest: str
    tag_is_default: bool
    account: str = ""
    region: str = ""
    kind: Literal["parsed"] = "parsed"


@dataclass(frozen=True)
class UnresolvedReference:
    """A reference with placeholders; `default_tag` is the tag it falls back to, where it says so."""

    text: str
    default_tag: str
    kind: Literal["unresolved"] = "unresolved"


@dataclass(frozen=True)
class InvalidReference:
    """Text that is no reference, and why."""

    reason: str
    kind: Literal["invalid"] = "invalid"


Reference = ParsedReference | UnresolvedReference | InvalidReference


def parse_reference(text: str) -> Reference:
    """Parse one reference; never raises.

    >>> parse_reference("nginx").repository
    'library/nginx'
    >>> parse_reference("localhost:5000/app:v1").registry
    'localhost:5000'
    >>> parse_reference("MyApp:v1").reason
    'the path MyApp has a character that is not allowed'
    """
    if len(text) > MAX_TEXT:
        return InvalidReference("it is too long")
    if not text or text != text.strip():
        return InvalidReference("it is empty or has spaces around it")
    if _PLACEHOLDER.search(text):
        default = _DEFAULTED.search(text.rpartition(":")[2] if not text.endswith("}") else text)
        tail = _DEFAULTED.findall(text)
        return UnresolvedReference(text, tail[-1] if default and tail and text.endswith("}") else "")
    if "://" in text:
        return InvalidReference("it has a scheme")
    name, at, digest = text.partition("@")
    problem = _digest_problem(digest) if at else ""
    if problem:
        return InvalidReference(problem)
    registry, rest = _split_host(name)
    path, colon, tag = rest.rpartition(":")
    if not colon:
        path, tag = rest, ""
    problem = (_tag_problem(tag) if colon else "") or _name_problem(registry, path)
    if problem:
        return InvalidReference(problem)
    return _finish(registry, path, tag, digest)


def _finish(registry: str, path: str, tag: str, digest: str) -> ParsedReference:
    host = DEFAULT_REGISTRY if registry in ("", "index.docker.io") else registry
    if host == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    ecr = _ECR.fullmatch(host.lower().removesuffix(":443"))
    default = not tag and not digest
    return ParsedReference(
        registry=host,
        repository=path,
        tag=DEFAULT_TAG if default else tag,
        digest=digest,
        tag_is_default=default,
        account=ecr.group("account") if ecr else "",
        region=ecr.group("region") if ecr else "",
    )


def _split_host(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and (any(c in first for c in ".:") or first == "localhost" or first != first.lower()):
        return first, rest
    return "", name


def _digest_problem(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    if not _DIGEST.fullmatch(digest):
        return "the digest is not algorithm:hex"
    wanted = _HEX_LENGTH.get(algorithm)
    return f"the digest has {len(value)} digits of {wanted}" if wanted and len(value) != wanted else ""


def _tag_problem(tag: str) -> str:
    if not tag:
        return "the tag is empty"
    return "" if _TAG.fullmatch(tag) else f"the tag {tag[:140]} has a character that is not allowed"


def _name_problem(registry: str, path: str) -> str:
    if registry and registry != registry.lower() and "." not in registry and ":" not in registry:
        return f"the path {registry}/{path} has a character that is not allowed"
    if registry and not _HOST.fullmatch(registry):
        return f"{registry} is no host"
    if not registry and re.fullmatch(r"[0-9a-f]{64}", path):
        return "64 hexadecimal digits are an image id, not a name"
    if not _PATH.fullmatch(path):
        return f"the path {path} has a character that is not allowed"
    return f"the name is longer than {MAX_NAME}" if len(registry) + 1 + len(path) > MAX_NAME else ""


def repository_path_error(name: str) -> str:
    """Why a text is no repository path; empty for one that is."""
    return _name_problem("", name)


def analyse_repository_name(name: str, host: str, tags: list[str]) -> ReferenceAnalysis:
    """Whether `host/name` and every tag are well-formed; bad tags sorted. `host` may hold the start of the path."""
    registry, slash, prefix = host.partition("/")
    return ReferenceAnalysis(
        repository_error=_name_problem(registry, f"{prefix}{slash}{name}"),
        components=name.split("/"),
        bad_tags=sorted({tag for tag in tags if _tag_problem(tag)}),
    )

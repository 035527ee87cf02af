"""Loads policies: ours, and a user's directories, files and OPA bundle tarballs beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.config.document import parse_document
from auditor.config.validation import check_document, packaged_schema
from auditor.errors import PolicyError
from auditor.findings.model import RemediationText, Severity
from auditor.policy.annotations import Header, annotation, read_header
from auditor.policy.archive import read_archive
from auditor.policy.catalogue import RuleMeta
from auditor.policy.resources import policy_root

RULE_PREFIX = "auditor.rules."
RESERVED_DATA = ("auditor", "params", "selection", "context")
MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 10_000
_DATA_NAMES = ("data.json", "data.yaml", "data.yml")


@dataclass(frozen=True)
class Bundle:
    """Everything that was loaded. Paths are as shown in errors: below the root that was named."""

    modules: dict[str, str]
    """Path -> Rego text, without tests."""
    tests: dict[str, str]
    data: dict[str, Any]
    rules: tuple[RuleMeta, ...]
    digest: str
    """`sha256:…` over paths below their roots and contents, wherever they lie on disk."""
    packages: dict[str, str] = field(repr=False)
    """Path -> package, tests included."""


def load_bundle(paths: Sequence[Path] = (), *, builtin: bool = True) -> Bundle:
    """Load the built-in policies and those at `paths`.

    Errors: `PolicyError` with file and line: unreadable, no package, metadata that does not fit, a rule
    id or a rule's package twice, data under a reserved name.
    """
    files: dict[str, tuple[str, bytes]] = {}
    if builtin:
        files.update(_read("policies", policy_root()))
    own = set(files)
    for path in paths:
        for shown, entry in _read(str(path), path).items():
            if shown in files:
                raise PolicyError("is loaded twice", path=shown, hint="name every --policy once")
            files[shown] = entry
    return _assemble(files, own)


def _read(label: str, path: Path) -> dict[str, tuple[str, bytes]]:
    """Shown path -> (path below its root, content)."""
    if not path.exists():
        raise PolicyError("does not exist", path=path, hint="a directory, a .rego file or an OPA bundle tarball")
    if path.is_dir():
        return {f"{label}/{name}": (name, content) for name, content in _read_directory(path)}
    if path.name.endswith((".tar.gz", ".tgz")):
        return {f"{label}!{name}": (name, content) for name, content in read_archive(path, _wanted)}
    if path.suffix == ".rego":
        return {label: (path.name, _content(path))}
    raise PolicyError("is no policy", path=path, hint="a directory, a .rego file or an OPA bundle tarball (.tar.gz)")


def _wanted(name: str) -> bool:
    return name.endswith(".rego") or name.rpartition("/")[2] in _DATA_NAMES


def _read_directory(root: Path) -> Iterable[tuple[str, bytes]]:
    found = [p for p in sorted(root.rglob("*")) if p.is_file() and _wanted(p.name) and not _hidden(p, root)]
    if len(found) > MAX_FILES:
        raise PolicyError(f"holds more than {MAX_FILES} files", path=root)
    if not any(path.suffix == ".rego" for path in found):
        raise PolicyError("holds no .rego file", path=root)
    return [(path.relative_to(root).as_posix(), _content(path)) for path in found]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PolicyError(f"is larger than {MAX_FILE_BYTES // 2**20} MiB", path=path)
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(f"cannot be read: {error.strerror}", path=path) from error


def _assemble(files: dict[str, tuple[str, bytes]], own: set[str]) -> Bundle:
    modules: dict[str, str] = {}
    tests: dict[str, str] = {}
    packages: dict[str, str] = {}
    data: dict[str, Any] = {}
    rules: list[RuleMeta] = []
    for shown, (name, content) in sorted(files.items()):
        text = _text(shown, content)
        if not name.endswith(".rego"):
            _merge_data(data, shown, name, text)
            continue
        # What our libraries and tests say of themselves is for people, and takes a third of the time that loading does.
        header = read_header(shown, text, only=RULE_PREFIX if shown in own else "")
        packages[shown] = header.package
        if name.endswith("_test.rego"):
            tests[shown] = text
            continue
        modules[shown] = text
        if header.package.startswith(RULE_PREFIX):
            rules.append(_rule(shown, header, builtin=shown in own))
    _refuse_duplicates(rules)
    _refuse_intruders(packages, own)
    digest = hashlib.sha256()
    for name, content in sorted((name, content) for name, content in files.values()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return Bundle(modules, tests, data, tuple(rules), f"sha256:{digest.hexdigest()}", packages)


def _text(shown: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError("is not UTF-8", path=shown, line=line) from error


def _merge_data(data: dict[str, Any], shown: str, name: str, text: str) -> None:
    document = parse_document(shown, text, kind=PolicyError)
    target = data
    for part in name.split("/")[:-1]:
        target = target.setdefault(part, {})
    if not isinstance(document.data, dict):
        raise PolicyError("is no object", path=shown, line=1, hint="data files hold one JSON object")
    for key, value in document.data.items():
        if target is data and key in RESERVED_DATA:
            raise PolicyError(f"sets data.{key}, which is reserved", path=shown, line=document.line(f"/{key}"))
        if key in target:
            raise PolicyError(f"sets data twice: {key}", path=shown, line=document.line(f"/{key}"))
        target[key] = value
    reserved = [key for key in RESERVED_DATA if key in data]
    if reserved:
        raise PolicyError(f"sets data.{reserved[0]}, which is reserved", path=shown, line=1)


def _rule(shown: str, header: Header, *, builtin: bool) -> RuleMeta:
    group, _, name = header.package.removeprefix(RULE_PREFIX).partition(".")
    if not name or "." in name:
        raise PolicyError(
            f"the package {header.package} is no rule",
            path=shown,
            line=header.package_line,
            hint="rules are auditor.rules.<group>.<rule>",
        )
    if header.document is None:
        raise PolicyError(
            "has no METADATA above its package", path=shown, line=header.package_line, hint="see docs/writing-rules.md"
        )
    if not builtin:
        # Ours are checked by the tests: a schema for each of them would be half of the time that loading takes.
        check_document(header.document, packaged_schema("auditor.policy", "metadata_schema.json"), kind=PolicyError)
    meta = annotation(header)
    custom = meta["custom"]
    rule = RuleMeta(
        id=custom["id"],
        title=meta["title"],
        description=meta["description"],
        group=group,
        name=name,
        severity=Severity(custom["severity"]),
        since=custom["since"],
        inputs=custom["inputs"],
        entity=custom["entity"],
        registries=custom["registries"],
        frameworks=custom["frameworks"],
        low_confidence=custom.get("low_confidence", []),
        params=custom["params"],
        remediation=RemediationText(**custom["remediation"]),
        file=shown,
        line=header.package_line,
        whole_repository=custom.get("whole_repository", False),
        builtin=builtin,
    )
    if not builtin:
        _check_defaults(header, rule)
    return rule


def _check_defaults(header: Header, rule: RuleMeta) -> None:
    """Every parameter's schema is one, and its default fits it."""
    import jsonschema

    from auditor.config.validation import problems

    document = header.document
    for name, schema in rule.params.items():
        line = document.line(f"/custom/params/{name}") if document else None
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise PolicyError(f"parameter {name}: {error.message}", path=rule.file, line=line) from error
        for pointer, message in problems(schema["default"], schema):
            raise PolicyError(f"parameter {name}: default{pointer}: {message}", path=rule.file, line=line)


def _refuse_duplicates(rules: list[RuleMeta]) -> None:
    by_id: dict[str, RuleMeta] = {}
    by_path: dict[str, RuleMeta] = {}
    for rule in rules:
        for seen, key, what in ((by_id, rule.id, "rule id"), (by_path, rule.path, "rule")):
            other = seen.setdefault(key, rule)
            if other is not rule:
                raise PolicyError(
                    f"the {what} {key} is also in {other.file}:{other.line}", path=rule.file, line=rule.line
                )


def _refuse_intruders(packages: dict[str, str], own: set[str]) -> None:
    """A user's module must not reach into a package of ours: it could change what our rules say."""
    ours = {packages[shown] for shown in own if shown in packages}
    for shown, package in packages.items():
        if shown not in own and package in ours:
            raise PolicyError(
                f"the package {package} is one of ours", path=shown, line=1, hint="take another package name"
            )

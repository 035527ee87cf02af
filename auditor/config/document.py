"""YAML and JSON files that remember their lines, so that an error can name one.

Strict where YAML surprises: duplicate keys, aliases and tags are refused, dates stay text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from auditor.errors import ConfigError, InputError

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 64

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """A parsed file. `lines` maps a JSON pointer to its line, from 1."""

    path: Path
    data: Any
    lines: Mapping[str, int] = field(repr=False)

    def line(self, pointer: str) -> int | None:
        """The line of a pointer, or of its nearest parent that has one."""
        while pointer:
            if pointer in self.lines:
                return self.lines[pointer]
            pointer = pointer.rpartition("/")[0]
        return self.lines.get("")


def pointer_of(parts: list[Any]) -> str:
    """A JSON pointer (RFC 6901) of path parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def load_document(path: Path, *, kind: type[InputError | ConfigError] = ConfigError) -> Document:
    """Read a YAML or JSON file.

    Errors: `kind`, with file and line, for a missing, oversized, too deep or malformed file.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise kind(f"is larger than {MAX_BYTES // 2**20} MiB", path=path)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise kind("does not exist", path=path, hint="auditor init writes a commented one") from None
    except UnicodeDecodeError as error:
        raise kind(f"is not UTF-8 (byte {error.start})", path=path) from error
    except OSError as error:
        raise kind(f"cannot be read: {error.strerror}", path=path) from error
    return parse_document(path, text, kind=kind)


def parse_document(
    path: Path | str, text: str, *, kind: type[InputError] | type[ConfigError] = ConfigError
) -> Document:
    """As `load_document`, for text already read from `path`."""
    path = Path(path)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise kind(f"is not valid YAML: {problem}", path=path, line=mark.line + 1 if mark else None) from error
    except RecursionError as error:
        raise kind("is nested too deeply", path=path) from error
    builder = _Builder(path, kind)
    data = None if node is None else builder.build(node, [], 0)
    return Document(path, data, builder.lines)


class _Builder:
    """Turns composed nodes into plain data, noting lines."""

    def __init__(self, path: Path, kind: type[InputError | ConfigError]) -> None:
        self.path = path
        self.kind = kind
        self.lines: dict[str, int] = {}
        self._seen: set[int] = set()
        self._scalars = yaml.SafeLoader("")

    def build(self, node: yaml.Node, parts: list[Any], depth: int) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(pointer_of(parts), line)
        if depth > MAX_DEPTH:
            raise self.kind("is nested too deeply", path=self.path, line=line)
        if id(node) in self._seen:
            raise self.kind("uses a YAML alias, which is not supported", path=self.path, line=line)
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, parts, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, [*parts, i], depth + 1) for i, child in enumerate(node.value)]
        return self._scalar(node, line)

    def _mapping(self, node: yaml.MappingNode, parts: list[Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _PREFIX + "merge":
                raise self.kind("has a key that is not plain text", path=self.path, line=line)
            key = key_node.value
            if key in result:
                raise self.kind(f"has the key {key!r} twice", path=self.path, line=line)
            self.lines[pointer_of([*parts, key])] = line
            result[key] = self.build(value_node, [*parts, key], depth + 1)
        return result

    def _scalar(self, node: yaml.Node, line: int) -> Any:
        kind = node.tag.removeprefix(_PREFIX)
        if kind in ("null", "bool", "int", "float"):
            try:
                value = self._scalars.construct_object(node)
            except (ValueError, KeyError) as error:
                raise self.kind(f"has an unusable value {node.value!r}", path=self.path, line=line) from error
            if isinstance(value, float) and not math.isfinite(value):
                raise self.kind("has a number that is not finite", path=self.path, line=line)
            return value
        if kind in ("str", "timestamp", "value"):
            return str(node.value)
        raise self.kind(f"uses the tag {node.tag}, which is not supported", path=self.path, line=line)

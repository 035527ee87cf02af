"""Searches an image's config: environment, history, labels, commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from auditor.inventory.contents import NamedValue, SecretFinding, Where
from auditor.secrets.detectors import TooManyError, find_secrets, redacted
from auditor.secrets.layer import printable
from auditor.secrets.values import content_of

MOST_ENTRIES = 1000
MAX_TEXT = 64 * 1024
MAX_NAME = 256
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NOP = re.compile(r"^(?:/bin/sh -c )?#\(nop\)\s+")
_ARGS = re.compile(r"^(?:RUN )?\|(\d{1,4}) ")
_SHELL_ARGS = re.compile(r"(?:^|[;&|\s])(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,120})=(\"[^\"]*\"|'[^']*'|[^\s;&|]*)")
_ADD = re.compile(r"^(?:/bin/sh -c #\(nop\)\s+)?ADD\s+(.*)$", re.DOTALL)


def variables_of(document: dict[str, Any]) -> list[NamedValue]:
    """The names of the environment and of the build's arguments, and what kind of value each has."""
    found: dict[NamedValue, None] = {}
    for name, value in environment(document):
        found[NamedValue("env", printable(name[:MAX_NAME]), content_of(name, value))] = None
    for index, line in enumerate(history(document)):
        for name, value in _assignments(line):
            found[NamedValue("history", printable(name[:MAX_NAME]), content_of(name, value), index)] = None
    return list(found)[:MOST_ENTRIES]


def find_in_config(document: dict[str, Any], labels: dict[str, str]) -> list[SecretFinding]:
    """Secrets by their own form or look, whatever the name they stand under."""
    found: list[SecretFinding] = []
    for name, value in environment(document):
        found += _search(f"{name}={value}", "env", name=name)
    for index, line in enumerate(history(document)):
        found += _search(line, "history", index=index)
    for name, value in labels.items():
        found += _search(f"{name}={value}", "label", name=name)
    for part in ("Cmd", "Entrypoint", "Shell", "Healthcheck"):
        words = _inner(document).get(part)
        if isinstance(words, dict):
            words = words.get("Test")
        if isinstance(words, list):
            found += _search(" ".join(str(word) for word in words), "command", name=part)
    return found


def without_secrets(labels: dict[str, str]) -> dict[str, str]:
    """Labels whose values may be shown: a secret in one is replaced by what is said of it."""
    return {name: _safe(name, value) for name, value in labels.items()}


def added_hosts(document: dict[str, Any]) -> list[str]:
    """The hosts that ADD took files from, by the history."""
    hosts: dict[str, None] = {}
    for line in history(document):
        added = _ADD.match(line)
        for word in added.group(1).split()[:50] if added else ():
            if word.startswith(("http://", "https://")):
                try:
                    hosts[urlsplit(word).hostname or ""] = None
                except ValueError:
                    hosts[""] = None
    return sorted(printable(host[:MAX_NAME]) for host in hosts)[:20]


def environment(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value of each variable."""
    entries = _inner(document).get("Env")
    for entry in entries[:MOST_ENTRIES] if isinstance(entries, list) else ():
        name, _, value = str(entry)[:MAX_TEXT].partition("=")
        yield name, value


def history(document: dict[str, Any]) -> Iterator[str]:
    """What made each step, as the builder wrote it."""
    entries = document.get("history")
    for entry in entries[:MOST_ENTRIES] if isinstance(entries, list) else ():
        yield str(entry.get("created_by") or "")[:MAX_TEXT] if isinstance(entry, dict) else ""


def _inner(document: dict[str, Any]) -> dict[str, Any]:
    inner = document.get("config")
    return inner if isinstance(inner, dict) else {}


def _safe(name: str, value: str) -> str:
    if not redacted(f"{name}={value}")[1]:
        return value
    alone, found = redacted(value)
    return alone if found else f"… ({len(value)} characters)"


def _search(text: str, where: Where, *, name: str = "", index: int = 0) -> Iterator[SecretFinding]:
    shown = printable(redacted(name)[0][:MAX_NAME])
    try:
        for match in find_secrets(text.encode("utf-8", "replace"), settings=True):
            yield SecretFinding(match.rule, match.confidence, where, name=shown, index=index, match=match.redacted)
    except TooManyError:
        yield SecretFinding("too-many-to-tell", "entropy", where, name=shown, index=index)


def _assignments(line: str) -> Iterator[tuple[str, str]]:
    """The arguments and variables that a step of the history sets, of the old builder and of BuildKit."""
    line = _NOP.sub("", line)
    arguments = _ARGS.match(line)
    if arguments:
        # `|2 TOKEN=a NAME=b /bin/sh -c make`: so many arguments stand before the command, unquoted.
        words = line[arguments.end() :].split(" ")
        yield from _pairs(_joined(words, int(arguments.group(1))))
        line = line[arguments.end() :].partition(" -c ")[2]
    instruction, _, rest = line.partition(" ")
    if instruction.upper() in ("ENV", "ARG", "LABEL"):
        if instruction.upper() != "LABEL":
            yield from _settings(rest)
        return
    for match in _SHELL_ARGS.finditer(line):
        yield match.group(1), match.group(2)


def _joined(words: list[str], number: int) -> Iterator[str]:
    """The first `number` assignments; a word that is none belongs to the value before it."""
    current = ""
    for word in words:
        name = word.partition("=")[0]
        if "=" in word and _NAME.fullmatch(name):
            if current:
                yield current
                number -= 1
            if not number:
                return
            current = word
        elif word.startswith("/") and number <= 1:
            break
        else:
            current += f" {word}"
    if current and number:
        yield current


def _settings(rest: str) -> Iterator[tuple[str, str]]:
    """Of ENV and ARG: `A=b C="d e"`, or `A b c`."""
    name, _, value = rest.partition(" ")
    if "=" not in name:
        yield name, value
        return
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split(" ")
    yield from _pairs(iter(words))


def _pairs(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, equals, value = word.partition("=")
        if equals and _NAME.fullmatch(name):
            yield name, value

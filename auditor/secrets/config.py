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
MOST_VARIABLES = 2000
MAX_TEXT = 64 * 1024
MAX_NAME = 256
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NOP = re.compile(r"^(?:/bin/sh -c )?#\(nop\)\s+")
_ARGS = re.compile(r"^(?:RUN )?\|(\d{1,4}) ")
_SHELL_ARGS = re.compile(r"(?:^|[;&|\s])(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,120})=(\"[^\"]*\"|'[^']*'|[^\s;&|]*)")
_ADD = re.compile(r"^(?:/bin/sh -c #\(nop\)\s+)?ADD\s+(.*)$", re.DOTALL)


def variables_of(document: dict[str, Any]) -> list[NamedValue]:
    """The names of the environment and of the build's arguments, and what kind of value each has.

    At most `MOST_VARIABLES`: as many as that means that there may be more.
    """
    found: dict[NamedValue, None] = {}
    for name, value in environment(document):
        found[NamedValue("env", printable(name[:MAX_NAME]), content_of(name, value))] = None
    for index, line in enumerate(history(document)):
        for name, value in _assignments(line):
            found[NamedValue("history", printable(name[:MAX_NAME]), content_of(name, value), index)] = None
            if len(found) >= MOST_VARIABLES:
                return list(found)
    return list(found)


def is_cut(document: dict[str, Any], labels: dict[str, Any]) -> bool:
    """Whether there is more in a config, or longer texts, than is looked at."""
    inner = _inner(document)
    entries = [value for value in (inner.get("Env"), document.get("history")) if isinstance(value, list)]
    texts = [*environment(document), *labels.items()]
    return (
        any(len(part) > MOST_ENTRIES for part in (*entries, labels))
        or any(len(str(name)) + len(str(value)) + 1 >= MAX_TEXT for name, value in texts)
        or any(len(text) >= MAX_TEXT for text in (*history(document), *(text for _, text in _commands(document))))
    )


def labels_of(document: dict[str, Any], annotations: Any) -> dict[str, Any]:
    """Labels joined with the manifest's annotations, which win; whole, unlike those that are shown."""
    own = _inner(document).get("Labels")
    return {**(own if isinstance(own, dict) else {}), **(annotations if isinstance(annotations, dict) else {})}


def find_in_config(document: dict[str, Any], labels: dict[str, Any]) -> list[SecretFinding]:
    """Secrets by their own form or look, whatever the name they stand under."""
    found: list[SecretFinding] = []
    for name, value in environment(document):
        found += _search(f"{name}={value}", "env", name=name)
    for index, line in enumerate(history(document)):
        found += _search(line, "history", index=index)
    for name, value in list(labels.items())[:MOST_ENTRIES]:
        found += _search(f"{name}={value}"[:MAX_TEXT], "label", name=str(name))
    for part, text in _commands(document):
        found += _search(text, "command", name=part)
    return found


def _commands(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part in ("Cmd", "Entrypoint", "Shell", "Healthcheck"):
        words = _inner(document).get(part)
        if isinstance(words, dict):
            words = words.get("Test")
        if isinstance(words, list):
            yield part, " ".join(str(word) for word in words)[:MAX_TEXT]


def without_secrets(labels: dict[str, Any]) -> dict[str, str]:
    """Labels whose values may be shown: a secret in one is replaced by what is said of it."""
    return {
        redacted(str(name)[:MAX_NAME])[0]: _safe(str(name), str(value)[:MAX_TEXT])
        for name, value in list(labels.items())[:MOST_ENTRIES]
    }


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

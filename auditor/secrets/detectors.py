"""Finds secrets in text. The forms are those of detect-secrets' plug-ins: their patterns, and their measure of entropy.

The patterns are applied here: `verify`, which asks the issuer of a secret over the network, is never called, and
`analyze_string` gives a group of a match in place of the match where a pattern has groups. All plug-ins on every line
are slow, so that a pattern sees only the surroundings of a word that its secrets must hold.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from auditor.secrets.values import content_of, is_sample

MOST_CANDIDATES = 2_000
"""Places in one text that are looked at; a text of nothing else would take forever."""
_BEFORE, _AFTER = 256, 1024
_SHOWN = 4
_LOADING = threading.Lock()
_NAME_LENGTH = 60
_PEM_LENGTH = 16 * 1024


@dataclass(frozen=True)
class Match:
    """A secret in a text, without the secret. `line` from 1; `start`, `end`: where in the text it stands."""

    rule: str
    confidence: Literal["format", "entropy"]
    line: int
    redacted: str
    start: int
    end: int


@dataclass(frozen=True)
class _Form:
    """`words`: one of them stands in every secret of the form; `fixed`: how many first characters are the form's own.

    `plugin`: module and class in detect-secrets, or else `pattern`; `first`: how many of its patterns are taken.
    """

    rule: str
    words: tuple[bytes, ...]
    plugin: str = ""
    pattern: str = ""
    fixed: int = 0
    first: int | None = None


_FORMS = (
    # The second pattern of AWS's plug-in goes by names, as the search for random values does.
    _Form("aws-access-key", (b"AKIA", b"ASIA", b"ABIA", b"ACCA"), "aws:AWSKeyDetector", fixed=4, first=1),
    _Form("github-token", (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"), "github_token:GitHubTokenDetector", fixed=4),
    _Form("github-token", (b"github_pat_",), pattern=r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b", fixed=4),
    _Form("gitlab-token", (b"glpat-", b"gldt-", b"glsoat-", b"glrt-", b"glcbt-", b"glptt-", b"glagent-", b"gloas-"),
          "gitlab_token:GitLabTokenDetector", fixed=4),
    _Form("slack-token", (b"xoxa-", b"xoxb-", b"xoxp-", b"xoxo-", b"xoxs-", b"xoxr-", b"hooks.slack.com/services/"),
          "slack:SlackDetector"),
    _Form("stripe-key", (b"sk_live_", b"rk_live_"), "stripe:StripeDetector", fixed=3),
    # NpmDetector's match begins with the registry, whose name may be one of examples.
    _Form("npm-token", (b":_authToken=",), pattern=r"(?<=:_authToken=)(?:npm_[A-Za-z0-9]{36}|[0-9a-fA-F-]{36})(?!\w)"),
    _Form("pypi-token", (b"pypi-AgE",), "pypi_token:PypiTokenDetector", fixed=4),
    _Form("sendgrid-key", (b"SG.",), "sendgrid:SendGridDetector", fixed=3),
    _Form("openai-key", (b"T3BlbkFJ",), "openai:OpenAIDetector", fixed=3),
    _Form("azure-storage-key", (b"AccountKey=",), "azure_storage_key:AzureStorageKeyDetector"),
    _Form("square-secret", (b"sq0csp-",), "square_oauth:SquareOAuthDetector", fixed=4),
)  # fmt: skip
_PRIVATE_KEY = re.compile(rb"-----BEGIN ((?:RSA |DSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY|PGP PRIVATE KEY BLOCK)-----")
_DOCKER_AUTH = re.compile(rb'"auth"\s{0,20}:\s{0,20}"([A-Za-z0-9+/]{8,4096}={0,2})"')
_NAMED = re.compile(
    rb"(?i)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)"
    rb"[\w.-]{0,40}[\"']?[ \t]{0,8}(?::=|=>|=|:)[ \t]{0,8}[\"']?([A-Za-z0-9+/=_\-.~!@#%^&*]{16,512})"
)
_USER_AND_PASSWORD = re.compile(rb"[^\s:/@\"'<>{}$]{1,80}:([^\s:/@\"'<>{}$]{3,200})@[a-zA-Z0-9\[]")
_HEX = re.compile(r"[0-9a-fA-F]+")


def find_secrets(text: bytes, *, settings: bool) -> Iterator[Match]:
    """Every secret in a text, in no order. `settings`: the text is one of settings, whose random values count too.

    Errors: `TooManyError` where a text holds more suspicious places than are looked at.
    """
    found: set[tuple[str, int]] = set()
    forms: list[tuple[int, int]] = []
    for start, end, rule, confidence, fixed in _everything(text, settings=settings):
        if confidence == "format":
            forms.append((start, end))
        elif any(start < other_end and other_start < end for other_start, other_end in forms):
            continue  # what it is was said already
        line = text.count(b"\n", 0, start) + 1
        if (rule, line) not in found:
            found.add((rule, line))
            shown = text[start : start + min(fixed, _SHOWN)].decode("latin-1")
            yield Match(rule, confidence, line, f"{shown}… ({end - start} characters)", start, end)


class TooManyError(Exception):
    """A text is made of suspicious places."""


_Found = tuple[int, int, str, Literal["format", "entropy"], int]


def _everything(text: bytes, *, settings: bool) -> Iterator[_Found]:
    budget = _Budget()
    for form in _FORMS:
        for word in form.words:
            if word in text:
                yield from _of_form(text, form, word, budget)
    if b"PRIVATE KEY" in text:
        yield from _private_keys(text, budget)
    if b'"auth"' in text:
        yield from _docker_auths(text, budget)
    if settings:
        yield from _random_values(text, budget)
        if b"://" in text:
            yield from _basic_auths(text, budget)


class _Budget:
    def __init__(self) -> None:
        self._spent = 0

    def spend(self) -> None:
        self._spent += 1
        if self._spent > MOST_CANDIDATES:
            raise TooManyError


def _of_form(text: bytes, form: _Form, word: bytes, budget: _Budget) -> Iterator[_Found]:
    at = text.find(word)
    while at >= 0:
        budget.spend()
        start = max(text.rfind(b"\n", max(0, at - _BEFORE), at) + 1, at - _BEFORE, 0)
        end = text.find(b"\n", at, at + _AFTER)
        end = min(at + _AFTER, len(text)) if end < 0 else end
        # One character a byte, so that positions hold; every form is ASCII.
        window = text[start:end].decode("latin-1")
        for pattern in _patterns(form):
            for match in pattern.finditer(window):
                if not is_sample(match.group()):
                    yield start + match.start(), start + match.end(), form.rule, "format", form.fixed
        at = text.find(word, end)


@cache
def _patterns(form: _Form) -> tuple[re.Pattern[str], ...]:
    if form.pattern:
        return (re.compile(form.pattern),)
    module, _, name = form.plugin.partition(":")
    return tuple(_plugin(module, name).denylist)[: form.first]


@cache
def _plugin(module: str, name: str) -> Any:
    return getattr(library(f"plugins.{module}"), name)()


@cache
def library(name: str) -> Any:
    """A module of detect-secrets, loaded with the first suspicion: most audits need none.

    Its modules import each other in a circle, which two threads at once turn into a deadlock.
    """
    with _LOADING:
        return importlib.import_module(f"detect_secrets.{name}")


def _private_keys(text: bytes, budget: _Budget) -> Iterator[_Found]:
    """Keys with a body that decodes: the mere words are in every library that reads keys."""
    for header in _PRIVATE_KEY.finditer(text):
        budget.spend()
        end = text.find(b"-----END", header.end(), header.end() + _PEM_LENGTH)
        if end < 0:
            continue
        body = text[header.end() : end].replace(b"\\n", b"\n").replace(b"\\r", b"")
        sealed = b"ENCRYPTED" in header.group(1) or b"ENCRYPTED" in body
        lines = [line.strip() for line in body.splitlines()]
        coded = b"".join(line for line in lines if line and b":" not in line and not line.startswith(b"="))
        if _is_key(coded, any_first=sealed or b"PGP" in header.group(1)):
            rule = "encrypted-private-key" if sealed else "private-key"
            yield header.start(), end, rule, "entropy" if sealed else "format", 0


def _is_key(coded: bytes, *, any_first: bool) -> bool:
    """Base64 of something that begins as a key does; `any_first`: ciphertext and OpenPGP packets begin otherwise."""
    try:
        content = base64.b64decode(coded + b"=" * (-len(coded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    least = 32
    if len(content) < least:
        return False
    return any_first or content.startswith((b"\x30", b"openssh-key-v1\x00"))


def _docker_auths(text: bytes, budget: _Budget) -> Iterator[_Found]:
    for match in _DOCKER_AUTH.finditer(text):
        budget.spend()
        try:
            pair = base64.b64decode(match.group(1), validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        user, colon, password = pair.partition(":")
        if colon and user and pair.isprintable() and content_of("", password) == "set":
            yield match.start(1), match.end(1), "docker-auth", "format", 0


def _random_values(text: bytes, budget: _Budget) -> Iterator[_Found]:
    for match in _NAMED.finditer(text):
        budget.spend()
        name = text[max(0, match.start() - _NAME_LENGTH) : match.start(1)].decode("latin-1")
        value = match.group(1).decode("latin-1")
        if content_of(name, value) == "set" and not is_sample(value) and is_random(value):
            yield match.start(1), match.end(1), "high-entropy", "entropy", 0


def is_random(value: str) -> bool:
    """By detect-secrets' measure and filters: too even a mix of characters for words, no UUID, no sequence."""
    heuristic = library("filters.heuristic")
    least = 16
    if len(value) < least or heuristic.is_potential_uuid(value) or heuristic.is_sequential_string(value):
        return False
    if heuristic.is_not_alphanumeric_string(value) or heuristic.is_templated_secret(value):
        return False
    kind = "HexHighEntropyString" if _HEX.fullmatch(value) else "Base64HighEntropyString"
    plugin = _plugin("high_entropy_strings", kind)
    # A value of n characters reaches log2(n) bits at most: the plug-in's limit of 4.5 is for long ones.
    limit = plugin.entropy_limit if len(value) > 2 * least else min(plugin.entropy_limit, 3.7)
    return float(plugin.calculate_shannon_entropy(value)) > limit and (
        kind == "HexHighEntropyString" or any(character.isdigit() for character in value)
    )


def _basic_auths(text: bytes, budget: _Budget) -> Iterator[_Found]:
    at = text.find(b"://")
    while at >= 0:
        match = _USER_AND_PASSWORD.match(text, at + 3)
        at = text.find(b"://", at + 3)
        if match is None:
            continue
        budget.spend()
        if content_of("", match.group(1).decode("latin-1")) == "set":
            yield match.start(1), match.end(1), "password-in-url", "entropy", 0


def redacted(text: str) -> tuple[str, list[Match]]:
    """A text for people, with every secret in it replaced, and what was found."""
    content = text.encode("utf-8", "replace")
    try:
        found = sorted(find_secrets(content, settings=True), key=lambda match: match.start)
    except TooManyError:
        return "…", []
    pieces, at = [], 0
    for match in found:
        if match.start >= at:
            pieces += [content[at : match.start], match.redacted.encode()]
            at = match.end
    pieces.append(content[at:])
    return b"".join(pieces).decode("utf-8", "replace") if found else text, found

"""Searches one layer: its texts for secrets, its names for what it deletes, its os-release for the distribution."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.inventory.contents import MOST_FINDINGS, SecretFinding
from auditor.inventory.facts import Reason
from auditor.secrets.detectors import Match, TooManyError, find_secrets, library, redacted
from auditor.secrets.inflate import Blob, unpacked
from auditor.secrets.limits import Deadline, LayerLimits, LimitReachedError
from auditor.secrets.tarstream import Member, TarReader

MOST_WHITEOUTS_BYTES = 256 * 1024
MAX_PATH = 512
_HEAD = 8192
_PIECE = 1024 * 1024
_SETTINGS_LIMIT = 1024 * 1024
_MOST_LINKS = 20_000
_MOST_HOPS = 40
_SETTINGS = re.compile(
    r"""(?x) .*\.(?: env|ini|cfg|conf|cnf|config|properties|ya?ml|json|toml|xml|sh|bash|tfvars|tfstate|sql ) $
    | \.env\..* $ | \.(?: npmrc|pypirc|netrc|pgpass|git-credentials|htpasswd|dockercfg|dockerconfigjson|boto|s3cfg ) $
    | \.(?: bashrc|zshrc|profile|(?:bash|zsh|python|mysql|psql)_history ) $
    | (?: .*\.)?credentials $ | config $ | environment $"""
)
OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass(frozen=True)
class LayerContents:
    """What was found in a layer; kept by its digest. Nothing in it is a secret.

    `whiteouts`: paths that it deletes, a folder whose older content it hides ending in `/`;
    `os_release`: path -> text, empty where it cannot be had;
    `gaps`: what was not looked into, and why; `whole`: every entry was seen; `text_bytes`: how much was searched.
    """

    findings: tuple[SecretFinding, ...] = ()
    total: int = 0
    whiteouts: frozenset[str] = frozenset()
    os_release: tuple[tuple[str, str], ...] = ()
    gaps: tuple[tuple[Reason, str], ...] = ()
    whole: bool = False
    text_bytes: int = 0

    @property
    def weight(self) -> int:
        """About how many bytes it takes to keep."""
        return 500 * (len(self.findings) + 1) + sum(len(path) + 60 for path in self.whiteouts)


@dataclass
class _Search:
    digest: str
    limits: LayerLimits
    deadline: Deadline
    findings: list[SecretFinding] = field(default_factory=list)
    total: int = 0
    whiteouts: set[str] = field(default_factory=set)
    whiteout_bytes: int = 0
    os_release: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    gaps: dict[tuple[Reason, str], None] = field(default_factory=dict)
    whole: bool = False
    text_bytes: int = 0

    # ---------------------------------------------------------------- members
    def take(self, archive: TarReader) -> None:
        for member in archive:
            name = posixpath.basename(member.path)
            if name.startswith(_WHITEOUT):
                self._whiteout(member.path, name)
            elif self._is_usable(member):
                self._look(member, archive)
        if any(self._is_circle(path) for path in self.links):
            self.gap(Reason.PARSE_ERROR, "its symbolic links lead in a circle")

    def gap(self, reason: Reason, detail: str) -> None:
        self.gaps[reason, detail] = None

    def _is_usable(self, member: Member) -> bool:
        if len(member.path) > self.limits.path_length or member.path.count("/") >= self.limits.path_depth:
            self.gap(Reason.TRUNCATED, "paths that are too long or too deep")
            return False
        if ".." in member.path.split("/"):
            # No runtime unpacks it: what it would be is anybody's guess.
            self.gap(Reason.PARSE_ERROR, "paths that lead out of the image")
            return False
        return True

    def _look(self, member: Member, archive: TarReader) -> None:
        if member.kind == "sparse":
            self.gap(Reason.UNSUPPORTED_BY_COLLECTOR, "sparse files")
        elif member.kind == "symlink" and len(self.links) < _MOST_LINKS:
            folder = posixpath.dirname(member.path)
            self.links[member.path] = posixpath.normpath(posixpath.join("/", folder, member.target)).lstrip("/")
        elif member.kind == "hardlink" and member.path in OS_RELEASE:
            self.os_release[member.path] = ""
        elif member.kind == "file" and member.size:
            self._file(member, archive)

    def _whiteout(self, path: str, name: str) -> None:
        folder = posixpath.dirname(path)
        gone = f"{folder}/" if name == _OPAQUE else posixpath.join(folder, name.removeprefix(_WHITEOUT))
        self.whiteout_bytes += len(gone)
        if self.whiteout_bytes > MOST_WHITEOUTS_BYTES:
            self.gap(Reason.TRUNCATED, "more deleted files than are kept")
            return
        self.whiteouts.add(gone)

    def _is_circle(self, path: str) -> bool:
        seen = {path}
        for _ in range(_MOST_HOPS):
            following = self.links.get(path)
            if following is None:
                return False
            if following in seen:
                return True
            seen.add(following)
            path = following
        return True

    # ---------------------------------------------------------------- texts
    def _file(self, member: Member, archive: TarReader) -> None:
        self.deadline.check()
        text = archive.read(_HEAD)
        if b"\x00" in text:
            return
        pieces = [text]
        size = len(text)
        while size < min(member.size, self.limits.text_file):
            self.deadline.check()
            piece = archive.read(min(_PIECE, self.limits.text_file - size))
            pieces.append(piece)
            size += len(piece)
        if size < member.size:
            self.gap(Reason.TRUNCATED, f"texts beyond their first {self.limits.text_file} bytes")
        text = b"".join(pieces)
        self.text_bytes += size
        if member.path in OS_RELEASE:
            self.os_release[member.path] = text[:4096].decode("utf-8", "replace")
        settings = is_settings(member.path) and size <= _SETTINGS_LIMIT
        try:
            for match in find_secrets(text, settings=settings):
                self.deadline.check()
                self._found(member.path, match)
        except TooManyError:
            self.gap(Reason.TRUNCATED, "a text with more suspicious places than are looked at")

    def _found(self, path: str, match: Match) -> None:
        self.total += 1
        if len(self.findings) < MOST_FINDINGS:
            shown = printable(redacted(path)[0])
            self.findings.append(
                SecretFinding(
                    match.rule, match.confidence, "layer", self.digest, shown, match.line, match=match.redacted
                )
            )

    def contents(self) -> LayerContents:
        return LayerContents(
            tuple(self.findings), self.total, frozenset(self.whiteouts), tuple(sorted(self.os_release.items())),
            tuple(self.gaps), self.whole, self.text_bytes,
        )  # fmt: skip


def is_settings(path: str) -> bool:
    """Whether a file is one of settings by its name; in code and data random values are no secrets."""
    name = posixpath.basename(path).lower()
    return bool(_SETTINGS.match(name)) and not library("filters.heuristic").is_lock_file(path)


def printable(text: str) -> str:
    """A stranger's words as one line of bounded length."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: MAX_PATH + 1])
    return plain if len(plain) <= MAX_PATH else plain[: MAX_PATH - 1] + "…"


def search_layer(chunks: Iterator[bytes], digest: str, limits: LayerLimits, deadline: Deadline) -> LayerContents:
    """Search a layer's blob. What breaks a limit is a gap; of a blob of another digest nothing counts."""
    search = _Search(digest, limits, deadline)
    blob = Blob(chunks, digest, limits, deadline)
    try:
        search.take(TarReader(unpacked(blob, limits, deadline), limits, deadline))
        search.whole = True
    except LimitReachedError as error:
        search.gap(error.reason, error.detail)
    try:
        blob.finish()
    except LimitReachedError as error:
        # Bytes that are not surely this layer's say nothing of it.
        return LayerContents(gaps=tuple(dict.fromkeys([*search.gaps, (error.reason, error.detail)])))
    return search.contents()

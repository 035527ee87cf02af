"""Reads a tar archive that nobody vouches for, in one pass.

Python's tarfile takes a PAX header or a GNU long name of any size into memory, keeps every member it has seen, and
seeks through chains of extension headers by recursion: none of that can be bounded from outside. This reader holds
one header and one piece. It follows Go's archive/tar, which container runtimes use, so that both see the same files.
Source: POSIX.1-2017 pax, GNU tar's manual on its formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from auditor.inventory.facts import Reason
from auditor.secrets.limits import Deadline, LayerLimits, LimitReachedError

BLOCK = 512
_ZEROS = bytes(BLOCK)
_REGULAR = b"0\x007"
_CHECK_EVERY = 1024


@dataclass(frozen=True)
class Member:
    """One entry. `path` as written, without leading `/` and `./`; `target` of a link."""

    path: str
    kind: Literal["file", "symlink", "hardlink", "sparse", "other"]
    size: int
    target: str = ""


class _Stream:
    """Bytes by number, from pieces of any size."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")

    def take(self, most: int) -> memoryview:
        """At least one byte and at most `most`; empty at the end."""
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return self._piece
            self._piece = memoryview(piece)
        taken, self._piece = self._piece[:most], self._piece[most:]
        return taken

    def exactly(self, number: int) -> bytes:
        """So many bytes, of which there must be few. Errors: `LimitReachedError` where the archive ends."""
        found = bytearray()
        while len(found) < number:
            part = self.take(number - len(found))
            if not part:
                raise _broken("it is cut off")
            found += part
        return bytes(found)

    def header(self) -> bytes:
        """A block; empty where the archive ends before it, which some writers leave it at."""
        first = bytes(self.take(BLOCK))
        return first and first + self.exactly(BLOCK - len(first))


class TarReader:
    """Iterate for the members; `read` gives the content of the one before the next is asked for."""

    def __init__(self, pieces: Iterator[bytes], limits: LayerLimits, deadline: Deadline) -> None:
        self._stream = _Stream(pieces)
        self._limits = limits
        self._deadline = deadline
        self._left = 0
        """Bytes of the current member, with its padding, that were not taken."""
        self._content = 0

    def __iter__(self) -> Iterator[Member]:
        """Errors: `LimitReachedError`."""
        extended: dict[str, str] = {}
        seen = 0
        while True:
            self._skip()
            block = self._stream.header()
            if block in (b"", _ZEROS):
                return
            seen += 1
            if seen > self._limits.entries:
                raise LimitReachedError(Reason.TRUNCATED, f"it has more than {self._limits.entries} entries")
            if not seen % _CHECK_EVERY:
                self._deadline.check()
            kind = block[156:157]
            size = _checked_size(block)
            if kind in b"xgLK" and kind:
                self._deadline.check()
                self._enter(size)
                if size > self._limits.header:
                    raise LimitReachedError(Reason.TRUNCATED, f"a header is larger than {self._limits.header} bytes")
                content = self.read(size)
                # A global header changes nothing for Go, and so for a runtime.
                if kind != b"g":
                    extended |= _pax(content) if kind == b"x" else {_LONG[kind]: _text(content)}
                continue
            yield self._member(block, kind, size, extended)
            extended = {}

    def read(self, most: int) -> bytes:
        """The next bytes of the current member, at most `most`."""
        wanted = min(most, self._content)
        found = self._stream.exactly(wanted)
        self._content -= wanted
        self._left -= wanted
        return found

    def _member(self, block: bytes, kind: bytes, size: int, extended: dict[str, str]) -> Member:
        name = extended.get("path") or _name(block)
        target = extended.get("linkpath") or _text(block[157:257])
        if "size" in extended:
            size = _decimal(extended["size"])
        path = _plain(name)
        if kind == b"S" or any(key.startswith("GNU.sparse.") for key in extended):
            more = kind == b"S" and block[482:483] == b"\x01"
            while more:
                self._deadline.check()
                more = self._stream.exactly(BLOCK)[504:505] == b"\x01"
            self._enter(size)
            return Member(path, "sparse", size)
        if kind and kind in _REGULAR:
            self._enter(size)
            return Member(path, "other" if name.endswith("/") else "file", size)
        # Links, devices and folders have no content, whatever size they state.
        self._enter(0 if kind in b"123456" else size)
        kinds: dict[bytes, Literal["symlink", "hardlink"]] = {b"1": "hardlink", b"2": "symlink"}
        return Member(path, kinds.get(kind, "other"), 0, target)

    def _enter(self, size: int) -> None:
        self._content = size
        self._left = size + -size % BLOCK

    def _skip(self) -> None:
        while self._left:
            taken = len(self._stream.take(self._left))
            if not taken:
                raise _broken("it is cut off")
            self._left -= taken
        self._content = 0


_LONG = {b"L": "path", b"K": "linkpath"}


def _broken(detail: str) -> LimitReachedError:
    return LimitReachedError(Reason.PARSE_ERROR, f"its archive does not parse: {detail}")


def _checked_size(block: bytes) -> int:
    """The size that a header states, once its checksum is right."""
    if _number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * 0x20:
        raise _broken("a header has a wrong checksum")
    return _number(block[124:136])


def _number(field: bytes) -> int:
    """Octal, or base 256 where the first bit is set."""
    if field[0] & 0x80:
        if field[0] & 0x40:
            raise _broken("a negative number")
        value = int.from_bytes(bytes([field[0] & 0x3F]) + field[1:], "big")
    else:
        digits = field.partition(b"\x00")[0].strip()
        if digits.strip(b"01234567"):
            raise _broken("no number")
        value = int(digits or b"0", 8)
    if value >= 2**62:
        raise _broken("a number beyond every file")
    return value


def _decimal(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004  more is beyond every file
        raise _broken("no number")
    return int(text)


def _pax(content: bytes) -> dict[str, str]:
    """Records, each its length, a space, key=value and the end of a line; only those that this reader uses are kept."""
    found: dict[str, str] = {}
    at = 0
    while at < len(content):
        space = content.find(b" ", at, at + 20)
        if space < 0:
            raise _broken("a PAX record")
        end = at + _decimal(content[at:space].decode("latin-1"))
        equals = content.find(b"=", space, end)
        if equals < 0 or end > len(content) or content[end - 1 : end] != b"\n":
            raise _broken("a PAX record")
        name = content[space + 1 : equals].decode("utf-8", "replace")
        if name in ("path", "linkpath", "size") or name.startswith("GNU.sparse."):
            found[name] = content[equals + 1 : end - 1].decode("utf-8", "replace")
        at = end
    return found


def _text(field: bytes) -> str:
    return field.partition(b"\x00")[0].decode("utf-8", "replace")


def _name(block: bytes) -> str:
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\x00" else ""
    return f"{prefix}/{name}" if prefix else name


def _plain(name: str) -> str:
    """Without what leads nowhere: `./etc/passwd` and `/etc/passwd` are `etc/passwd`."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))

"""Just enough DER to find a part that a library does not hand out."""

from __future__ import annotations

from dataclasses import dataclass

INTEGER, BITS, OCTETS, OBJECT_ID, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30
_LONG = 0x80
_MAX_LENGTH_BYTES = 4


class BadDerError(ValueError):
    """Bytes that are no DER."""


@dataclass(frozen=True)
class Element:
    """One element: its tag byte, its content, and both with the length between them."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> list[Element]:
        """The elements in its content. Errors: `BadDerError`."""
        return elements(self.content)


def elements(content: bytes) -> list[Element]:
    """The elements that follow one another in `content`. Errors: `BadDerError`."""
    found, position = [], 0
    while position < len(content):
        element = _element(content, position)
        found.append(element)
        position += len(element.whole)
    return found


def encode(tag: int, content: bytes) -> bytes:
    """An element's bytes."""
    length = len(content)
    if length < _LONG:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, _LONG | len(size)]) + size + content


def _element(content: bytes, start: int) -> Element:
    header = content[start : start + 2]
    if len(header) < 2:  # noqa: PLR2004  a tag and a length
        raise BadDerError("an element is cut off")
    tag, length, begin = header[0], header[1], start + 2
    if length >= _LONG:
        count = length & ~_LONG
        if not 0 < count <= _MAX_LENGTH_BYTES or begin + count > len(content):
            raise BadDerError("a length is not definite or too long")
        length = int.from_bytes(content[begin : begin + count])
        begin += count
    end = begin + length
    if end > len(content):
        raise BadDerError("an element is cut off")
    return Element(tag, content[begin:end], content[start:end])

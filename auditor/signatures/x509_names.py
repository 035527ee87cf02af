"""Distinguished names as notation's trust policy compares them.

Source: Notary Project trust policy specification 1.1, "Trusted identities constraints": attributes are unique, the
country, state and organisation are mandatory, and a trusted name matches a subject that has all its attributes.
"""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

MANDATORY = ("C", "ST", "O")
MAX_NAME = 4096
_SHORT = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COMMON_NAME: "CN",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
    NameOID.STREET_ADDRESS: "STREET",
    NameOID.POSTAL_CODE: "POSTALCODE",
}
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{2}")
_SPECIAL = ' "#+,;<=>\\'


class BadNameError(ValueError):
    """A name that notation does not take; the text says why."""


def parse_name(text: str) -> dict[str, str]:
    """The attributes of a name in RFC 4514 form, `S` read as `ST`. Errors: `BadNameError`."""
    if len(text) > MAX_NAME:
        raise BadNameError(f"it is longer than {MAX_NAME} characters")
    if "=#" in text:
        raise BadNameError("values in hexadecimal (=#) are not supported")
    found: dict[str, str] = {}
    for part in _split(text):
        kind, separator, value = part.partition("=")
        kind = kind.strip()
        if not separator or not _TYPE.fullmatch(kind):
            raise BadNameError(f"{part[:80]!r} is no attribute")
        _add(found, kind, _unescape(value.strip(" ") if not value.endswith("\\ ") else value.lstrip(" ")))
    return _complete(found)


def name_of(subject: x509.Name) -> dict[str, str]:
    """The attributes of a certificate's subject. Errors: `BadNameError`."""
    found: dict[str, str] = {}
    for relative in subject.rdns:
        if len(relative) > 1:
            raise BadNameError("a part of the name has several values")
        for attribute in relative:
            kind, value = _SHORT.get(attribute.oid, ""), attribute.value
            if not kind or not isinstance(value, str) or "=#" in value:
                raise BadNameError(f"the name has an attribute that is not supported ({attribute.oid.dotted_string})")
            _add(found, kind, value)
    return _complete(found)


def matches(trusted: dict[str, str], subject: dict[str, str]) -> bool:
    """Whether the subject has every attribute of the trusted name."""
    return all(subject.get(kind) == value for kind, value in trusted.items())


def _add(found: dict[str, str], kind: str, value: str) -> None:
    kind = "ST" if kind == "S" else kind
    if kind in found:
        raise BadNameError(f"{kind} is there twice")
    found[kind] = value


def _complete(found: dict[str, str]) -> dict[str, str]:
    missing = next((kind for kind in MANDATORY if not found.get(kind)), "")
    if missing:
        raise BadNameError(f"it has no {missing}: C, ST and O are mandatory")
    return found


def _split(text: str) -> list[str]:
    """The parts between commas that are not escaped."""
    parts, start, position = [], 0, 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == "+":
            raise BadNameError("a part of the name has several values")
        elif character in ",;":
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _unescape(value: str) -> str:
    """RFC 4514, 2.4: a backslash before a special character, or before two hexadecimal digits of UTF-8."""
    content, position = bytearray(), 0
    while position < len(value):
        if value[position] != "\\":
            content += value[position].encode()
            position += 1
        elif value[position + 1 : position + 2] and value[position + 1] in _SPECIAL:
            content += value[position + 1].encode()
            position += 2
        elif _HEXADECIMAL.fullmatch(value[position + 1 : position + 3]):
            content.append(int(value[position + 1 : position + 3], 16))
            position += 3
        else:
            raise BadNameError("a backslash escapes nothing")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadNameError("an escaped value is no UTF-8") from None

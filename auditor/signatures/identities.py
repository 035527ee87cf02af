"""Who a certificate of Fulcio is for, and whom the user trusts.

Source: sigstore's Fulcio documentation, "Fulcio certificate specification" and "oid-info": the identity is the one
subject alternative name (URI, e-mail address or the name of the type .57264.1.7); the issuer of the identity's token
is in .57264.1.8 as UTF8String, in older certificates in .57264.1.1 as bare text.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from cryptography import x509

from auditor.signatures.der import BadDerError, elements
from auditor.signatures.linear_regexp import Pattern

MAX_IDENTITY = 2048
_ISSUER, _OLD_ISSUER = (x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}") for number in (8, 1))
_OTHER_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")
_UTF8 = 0x0C


class NoIdentityError(ValueError):
    """A certificate that does not say in one way whom it is for."""


@dataclass(frozen=True)
class Identity:
    """Somebody, as somebody's issuer knows them."""

    name: str
    issuer: str

    def __str__(self) -> str:
        """As results show it: on one line, whatever a certificate holds."""
        text = f"{self.name} ({self.issuer})"
        return "".join(character if character.isprintable() else "?" for character in text)


@dataclass(frozen=True)
class TrustedIdentity:
    """An identity that the user trusts: by its exact `name`, or by a `pattern` that the whole of it matches.

    `repositories`: globs of `host/path` that it counts for, `*` crosses slashes.
    """

    issuer: str
    name: str = ""
    pattern: Pattern | None = None
    repositories: tuple[str, ...] = ("*",)

    def covers(self, repository: str) -> bool:
        """Whether it counts for a repository."""
        return any(fnmatch.fnmatchcase(repository, glob.replace("[", "[[]")) for glob in self.repositories)

    def is_one(self, identity: Identity) -> bool:
        """Whether an identity is this one."""
        if identity.issuer != self.issuer:
            return False
        return self.pattern.matches(identity.name) if self.pattern else identity.name == self.name


def identity_of(certificate: x509.Certificate) -> Identity:
    """Whom a certificate is for. Errors: `NoIdentityError`."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = [_text(name) for name in names]
        issuer = _issuer(certificate)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, BadDerError, ValueError) as error:
        raise NoIdentityError(f"its certificate does not say whom it is for: {str(error)[:100]}") from None
    if len(found) != 1:
        raise NoIdentityError(f"its certificate names {len(found)} identities instead of one")
    if not found[0] or len(found[0]) > MAX_IDENTITY:
        raise NoIdentityError("its certificate names an identity of a kind or length that is not understood")
    return Identity(found[0], issuer)


def _text(name: x509.GeneralName) -> str:
    if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
        return name.value
    if isinstance(name, x509.OtherName) and name.type_id == _OTHER_NAME:
        return _utf8(name.value)
    return ""


def _issuer(certificate: x509.Certificate) -> str:
    for oid, read in ((_ISSUER, _utf8), (_OLD_ISSUER, bytes.decode)):
        try:
            value = certificate.extensions.get_extension_for_oid(oid).value
        except x509.ExtensionNotFound:
            continue
        if isinstance(value, x509.UnrecognizedExtension):
            return read(value.value)
    raise NoIdentityError("there is no issuer of the identity in it")


def _utf8(content: bytes) -> str:
    found = elements(content)
    if len(found) != 1 or found[0].tag != _UTF8:
        raise BadDerError("a text is no UTF8String")
    return found[0].content.decode()

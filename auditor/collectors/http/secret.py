"""Credentials that never show themselves."""

from __future__ import annotations

from dataclasses import dataclass, field


class Secret:
    """A text that does not appear in repr, str, format, pickles or copies of the holder's dictionary."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not stored")


@dataclass(frozen=True)
class Login:
    """How to identify to a registry: user and password, or a refresh token (`identitytoken`), or a bearer token."""

    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    identity_token: Secret = field(default_factory=lambda: Secret(""))
    bearer: Secret = field(default_factory=lambda: Secret(""))

    @property
    def anonymous(self) -> bool:
        """Whether there is nothing to identify with."""
        return not (self.user or self.password or self.identity_token or self.bearer)


ANONYMOUS = Login()

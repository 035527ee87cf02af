"""What a case of a notation signature is, and who signs in most of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from auditor.signatures.notation import Target
from tests.support.certificates import (
    DAY,
    Party,
    authority,
    leaf,
)
from tests.support.notation import (
    TARGET,
    Recipe,
    envelope,
    statement,
)

PLUGIN, PLUGIN_VERSION = "io.cncf.notary.verificationPlugin", "io.cncf.notary.verificationPluginMinVersion"
AWS = "com.amazonaws.signer.notation.plugin"
PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release"
YEAR = 365 * DAY


@dataclass
class Attempt:
    """One question: is this a good signature? `served`: revocation lists by path, for implementations that fetch."""

    content: bytes
    target: Target = TARGET
    statements: list[dict[str, Any]] = field(default_factory=lambda: [statement()])
    stores: dict[str, list[Party]] = field(default_factory=dict)
    served: dict[str, x509.CertificateRevocationList] = field(default_factory=dict)


@dataclass
class Case:
    """`differs`: why notation-go comes to another answer than we; empty where it agrees."""

    name: str
    form: str
    state: str
    make: Callable[[str, str], Attempt]
    says: str
    differs: str


CASES: list[Case] = []
ROOT, OTHER_ROOT = authority(), authority("Other root")
MIDDLE = authority("Middle", ROOT, path_length=0)
SIGNER = leaf(MIDDLE)
FORMS = ("jws", "cose")


def case(state: str, *, says: str = "", differs: str = "", forms: tuple[str, ...] = FORMS) -> Any:
    def add(make: Callable[[str, str], Attempt]) -> Any:
        CASES.extend(Case(make.__name__, form, state, make, says, differs) for form in forms)
        return make

    return add


def attempt(form: str, recipe: Recipe | None = None, *, stores: dict[str, list[Party]] | None = None, **rest: Any) -> Attempt:  # fmt: skip
    content = rest.pop("content", None) or envelope(form, recipe or Recipe(SIGNER))
    return Attempt(content, stores=stores or {"ca:acme": [ROOT]}, **rest)

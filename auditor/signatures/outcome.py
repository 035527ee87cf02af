"""What a verification says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["verified", "invalid", "untrusted", "expired", "revoked", "not_checked"]
"""`invalid`: it does not say what it should, or its bytes do not verify; `untrusted`: nothing that is trusted made it;
`not_checked`: something that the check needs is missing, which `detail` names."""

RANK: tuple[State, ...] = ("verified", "not_checked", "expired", "revoked", "untrusted", "invalid")
"""From best to worst, for several signatures of which one is enough."""


@dataclass(frozen=True)
class Outcome:
    """One signature's state. `signer`: the key's name, or identity and issuer, or the certificate's subject.

    `certificate`: what the signer's is, where one made the signature and the bytes verify with it: issued by an
    authority, signed by itself, or the one that `notation cert generate-test` makes. `tag`: the one that a verified
    signature names.
    """

    state: State
    detail: str = ""
    signer: str = ""
    signed_at: str = ""
    expires: str = ""
    certificate: Literal["", "issued", "self_signed", "test"] = ""
    tag: str = ""


def best(outcomes: list[Outcome]) -> Outcome | None:
    """The best of several outcomes; None of none."""
    return min(outcomes, key=lambda outcome: RANK.index(outcome.state), default=None)

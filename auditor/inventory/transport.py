"""How a registry is reached, as the audit itself saw it."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Absent, Fact

NO_TLS = Absent("registry endpoint", "no TLS")


class Transport(Record, frozen=True, kw_only=True):
    """The way from the auditor to one registry. Others may reach it by another way."""

    encrypted: bool
    """Over TLS, at the endpoint that was configured."""
    loopback: bool = False
    """At an address of this machine, as through a tunnel: that says nothing of how others reach it."""
    tls_version: Fact[str] = NO_TLS
    """As negotiated: `TLSv1.3`, `TLSv1.2`; `TLSv1.1` stands for a server that speaks nothing newer."""
    certificate: Fact[Literal["valid", "expired"]] = NO_TLS
    """Unknown where it was refused for another reason: the auditor may lack the authority that issued it."""
    certificate_expires_at: Fact[str] = NO_TLS

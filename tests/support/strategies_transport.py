"""Strategies for how a registry is reached."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.transport import NO_TLS, Transport

_unknowns = st.builds(Unknown, st.sampled_from(list(Reason)), st.just("registry endpoint"))
_loopbacks = st.sampled_from([False, False, False, True])
_encrypted = st.builds(
    Transport,
    encrypted=st.just(True),
    loopback=_loopbacks,
    tls_version=st.one_of(st.sampled_from(["TLSv1.3", "TLSv1.3", "TLSv1.2", "TLSv1.1"]).map(Known), _unknowns),
    certificate=st.one_of(st.sampled_from(["valid", "valid", "valid", "expired"]).map(Known), _unknowns),
    certificate_expires_at=st.one_of(
        st.sampled_from(["2036-01-01T00:00:00Z", "2026-11-30T00:00:00Z"]).map(Known), _unknowns, st.just(NO_TLS)
    ),
)
_plain = st.builds(Transport, encrypted=st.just(False), loopback=_loopbacks)
transports: st.SearchStrategy[Any] = st.one_of(
    _encrypted.map(Known), _encrypted.map(Known), _plain.map(Known), _unknowns, st.just(Absent("x:Call"))
)

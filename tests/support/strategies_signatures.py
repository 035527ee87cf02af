"""Signatures in every state of verification, of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.images import Signature

STATES = ("verified", "invalid", "untrusted", "expired", "revoked")
_UNASKED = Unknown(Reason.NOT_REQUESTED, "trust in auditor.yaml", "no trust is configured")


def signatures(
    facts: Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]],
    digests: st.SearchStrategy[str],
    text: st.SearchStrategy[str],
) -> st.SearchStrategy[Signature]:
    return st.builds(
        Signature,
        st.sampled_from(["cosign", "cosign_bundle", "notation", "vendor"]),
        st.sampled_from(["tag_scheme", "referrers"]),
        digests,
        st.just(""),
        facts(st.sampled_from(STATES)) | st.just(_UNASKED),
        text,
        text,
        facts(st.sampled_from(["issued", "self_signed", "test"])),
        st.sampled_from(["", "v1", "v2", "latest"]),
    )

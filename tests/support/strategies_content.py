"""What of a registry's content could not be read, and what became of the signatures of tags that moved."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from auditor.inventory.content import UnreadManifest
from auditor.inventory.facts import Absent, Fact, Known

signature_states = st.sampled_from(["", "lost", "untrusted"])


def unread_manifests(digests: st.SearchStrategy[str], unknowns: st.SearchStrategy[Any]) -> st.SearchStrategy[Fact[list[UnreadManifest]]]:  # fmt: skip
    """Mostly none."""
    entries = st.lists(st.builds(UnreadManifest, digests, unknowns), min_size=1, max_size=3, unique_by=lambda e: e.digest)  # fmt: skip
    nothing: st.SearchStrategy[Fact[list[UnreadManifest]]] = st.just(Absent("auditor:collect"))
    return nothing | entries.map(Known)

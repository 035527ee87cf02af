"""Whom the user trusts for which repositories, and what a signature there is worth.

Nothing here reads from a registry: collectors bring the bytes. Made once a run by `trust.read_verifier`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.writing import SnapshotWriter
from auditor.signatures.cosign import (
    BUNDLE_TYPE,
    CERTIFIED,
    NO_KEY,
    SIGN_PREDICATE,
    SIGNATURE_ANNOTATION,
    verify_bundle,
    verify_classic,
    verify_envelope,
)
from auditor.signatures.dsse import decode_base64
from auditor.signatures.keyless import (
    NO_ROOT,
    NOT_ASKED,
    KeylessTrust,
    verify_keyless_bundle,
    verify_keyless_envelope,
    verify_keyless_payload,
)
from auditor.signatures.keys import TrustedKey
from auditor.signatures.notation import Target, Trust, verify_notation
from auditor.signatures.outcome import Outcome, best

SETTING = "trust in auditor.yaml"
"""What settles a signature that nothing was configured for."""
MAX_TEXT = 300
_SHARED = "signatures.verifier"

Verification = Fact[Literal["verified", "invalid", "untrusted", "expired", "revoked"]]


@dataclass(frozen=True)
class Checked:
    """An outcome; where it is `not_checked`, `reason` says why and `source` what would settle it."""

    outcome: Outcome
    reason: Reason = Reason.NOT_REQUESTED
    source: str = SETTING

    @property
    def fact(self) -> Verification:
        """As the inventory keeps it."""
        state = self.outcome.state
        if state == "not_checked":
            return Unknown(self.reason, self.source, self.detail)
        return Known(state)

    @property
    def detail(self) -> str:
        """Why, of a length that fits a message: it may quote what a stranger wrote."""
        return self.outcome.detail[:MAX_TEXT]

    @property
    def signer(self) -> str:
        """Who signed, where that is known."""
        return self.outcome.signer[:MAX_TEXT]


def best_of(checked: Sequence[Checked]) -> Checked | None:
    """The best of several signatures of which one is enough; None of none."""
    winner = best([one.outcome for one in checked])
    return next((one for one in checked if one.outcome is winner), None)


@dataclass(frozen=True)
class KeyTrust:
    """A key, and globs of the repositories (`host/path`, `*` crosses slashes) that it counts for."""

    key: TrustedKey
    repositories: tuple[str, ...] = ("*",)

    def covers(self, repository: str) -> bool:
        """Whether the key counts for a repository."""
        return any(fnmatch.fnmatchcase(repository, glob.replace("[", "[[]")) for glob in self.repositories)


@dataclass(frozen=True)
class Verifier:
    """Checks signatures. `digest`: of all that decides its answers; empty where nothing is trusted, so nothing checked.

    A signature of a kind that the repository has no trust for was not asked about; see `Checked.reason`.
    """

    keys: tuple[KeyTrust, ...] = ()
    notation: Trust | None = None
    digest: str = ""
    keyless: KeylessTrust = field(default_factory=KeylessTrust)

    @property
    def asked(self) -> bool:
        """Whether the user asked for anything to be checked."""
        return bool(self.keys) or bool(self.keyless.identities) or self.notation is not None

    def unasked(self, kind: str, repository: str) -> Checked | None:
        """Why nothing need be read of a signature of a kind; None where somebody is trusted for it."""
        if kind == "notation":
            configured, detail = self.notation is not None, "no notation trust policy is configured"
        else:
            configured = bool(self._keys(repository)) or self.keyless.covers(repository)
            detail = f"no key or identity is trusted for {repository}"
        return None if configured else Checked(Outcome("not_checked", detail))

    def classic(self, payload: bytes, annotations: dict[str, str], target: Target) -> Checked:
        """A layer of a classic cosign signature, by a key or else by its certificate."""
        keys = self._keys(target.repository)
        outcome = verify_classic(payload, annotations, digest=target.digest, repository=target.repository, keys=keys)
        if outcome is CERTIFIED:
            signature = decode_base64(annotations[SIGNATURE_ANNOTATION])
            outcome = verify_keyless_payload(
                payload, annotations, signature=signature, repository=target.repository, trust=self.keyless
            )
        return self._cosign(outcome, target)

    def bundle(self, content: bytes, target: Target) -> Checked:
        """A sigstore bundle that is said to be a signature: its signed statement must say so, not only its label."""
        checked, statement = self.attestation(content, target)
        if checked.outcome.state != "invalid" and statement and statement.get("predicateType") != SIGN_PREDICATE:
            kind = str(statement.get("predicateType"))[:80]
            return Checked(Outcome("invalid", f"it is an attestation of the type {kind!r}, not a signature"))
        return checked

    def attestation(
        self, content: bytes, target: Target, annotations: dict[str, str] | None = None
    ) -> tuple[Checked, dict[str, Any] | None]:
        """By a key or by its certificate, and the statement in it, about anything, where there is one that can be read.

        `annotations`: of the layer of a classic one, a DSSE envelope; None: it is a sigstore bundle.
        """
        digest, repository, keys = target.digest, target.repository, self._keys(target.repository)
        if annotations is None:
            outcome, statement = verify_bundle(content, digest=digest, keys=keys)
            if outcome is CERTIFIED:
                outcome, statement = verify_keyless_bundle(
                    content, digest=digest, repository=repository, trust=self.keyless
                )
        else:
            outcome, statement = verify_envelope(content, annotations, digest=digest, keys=keys)
            if outcome is CERTIFIED:
                outcome, statement = verify_keyless_envelope(
                    content, annotations, digest=digest, repository=repository, trust=self.keyless
                )
        return self._cosign(outcome, target), statement

    def envelope(self, content: bytes, media_type: str, target: Target, now: datetime) -> Checked:
        """A notation signature; `now`: when the snapshot was taken."""
        if self.notation is None:
            return Checked(Outcome("not_checked", "no notation trust policy is configured"))
        outcome = verify_notation(content, media_type, target=target, trust=self.notation, now=now)
        statement = self.notation.policy.statement_for(target.repository)
        if statement is None or statement.actions["authenticity"] != "enforce":
            # The policy itself asks for no trust there.
            return Checked(outcome)
        return Checked(outcome, Reason.UNSUPPORTED_BY_COLLECTOR, "notation verify")

    def _keys(self, repository: str) -> list[TrustedKey]:
        return [trust.key for trust in self.keys if trust.covers(repository)]

    def _cosign(self, outcome: Outcome, target: Target) -> Checked:
        """Nobody is trusted, nobody of this kind is, or there is no way to check it."""
        if outcome.state != "not_checked":
            return Checked(outcome)
        if unasked := self.unasked("cosign", target.repository):
            return unasked
        maker, trusted = {NO_KEY: ("key", "identities"), NOT_ASKED: ("certificate", "keys")}.get(outcome, ("", ""))
        if maker:
            detail = f"a {maker} made it, and only {trusted} are trusted for {target.repository}"
            return Checked(Outcome("untrusted", detail))
        if outcome is NO_ROOT:
            return Checked(outcome)
        return Checked(outcome, Reason.UNSUPPORTED_BY_COLLECTOR, "cosign verify")


def share_verifier(writer: SnapshotWriter, verifier: Verifier) -> None:
    """Hand a run's verifier to the collectors that write to `writer`."""
    writer.shared(_SHARED, lambda: verifier)


def shared_verifier(writer: SnapshotWriter) -> Verifier:
    """The run's verifier; one that checks nothing where none was shared."""
    return writer.shared(_SHARED, Verifier)


__all__ = ["BUNDLE_TYPE", "Checked", "KeyTrust", "Target", "Verifier", "best_of", "share_verifier", "shared_verifier"]

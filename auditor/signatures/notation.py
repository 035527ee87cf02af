"""notation signatures: integrity, trust, expiry, time and revocation, as notation's own trust policy wants them.

Source: Notary Project signature, trust store and trust policy specifications 1.1, checked against notation-go 1.3.2 by
tests. How the policy's levels become states, and where we differ on purpose, is told in docs/notation.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from auditor.signatures.algorithms import signature_holds
from auditor.signatures.aws_signer import NOT_ASKED, identity_problem
from auditor.signatures.dsse import BadEnvelopeError
from auditor.signatures.notation_cose import MEDIA_TYPE as COSE
from auditor.signatures.notation_cose import read_cose
from auditor.signatures.notation_envelope import AWS_SIGNER, X509, Signed, Target, check_payload
from auditor.signatures.notation_jws import MEDIA_TYPE as JWS
from auditor.signatures.notation_jws import read_jws
from auditor.signatures.notation_policy import Check, Statement, TrustPolicy, read_trust_policy
from auditor.signatures.notation_store import TrustStore, read_trust_store
from auditor.signatures.notation_timestamp import BadTimestampError, Timestamp, read_timestamp
from auditor.signatures.outcome import RANK, Outcome, State
from auditor.signatures.x509_chain import (
    BadChainError,
    check_code_signing,
    invalid_at,
    kind_of,
    read_chain,
    subject_of,
)
from auditor.signatures.x509_names import BadNameError, name_of
from auditor.signatures.x509_revocation import RevocationList, read_revocation_lists, revocation_of

__all__ = ["COSE", "JWS", "Target", "Trust", "read_trust", "verify_notation"]
_READERS = {JWS: read_jws, COSE: read_cose}
_ALWAYS = (("authenticity", "untrusted"), ("revocation", "revoked"))
"""What is never waved through: a signer that nobody trusts, and one known to have lost its key."""
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Trust:
    """Whom the user trusts: notation's policy and store, and revocation lists."""

    policy: TrustPolicy
    store: TrustStore
    lists: tuple[RevocationList, ...] = ()


@dataclass(frozen=True)
class _Problem:
    """What one of the policy's checks found. `check`: empty for what no policy can wave through."""

    check: Check | None
    state: State
    text: str


def read_trust(policy: Path, store: Path, lists: Sequence[Path] = ()) -> Trust:
    """Trust from `trustpolicy.json`, the `truststore` directory and CRL files. Errors: `ConfigError`."""
    statements = read_trust_policy(policy)
    return Trust(statements, read_trust_store(store, statements), read_revocation_lists(lists))


def verify_notation(envelope: bytes, media_type: str, *, target: Target, trust: Trust, now: datetime) -> Outcome:
    """What a signature of `target` is worth.

    `media_type`: of the envelope; `now`: when the snapshot was taken, with its zone.
    """
    statement = trust.policy.statement_for(target.repository)
    if statement is not None and statement.level == "skip":
        return Outcome("not_checked", f"the trust policy {statement.name!r} skips verification")
    read = _READERS.get(media_type)
    if read is None:
        return Outcome("not_checked", f"envelopes of the type {media_type[:80]!r} are not known")
    try:
        signed = read(envelope)
        chain = read_chain(signed.chain)
        check_code_signing(chain)
        check_payload(signed.payload, target)
    except (BadEnvelopeError, BadChainError) as error:
        return Outcome("invalid", str(error))
    if not signature_holds(chain[0].public_key(), signed.algorithm, signed.signature, signed.message):
        return Outcome("invalid", "the signature does not verify with its certificate's key")
    if statement is None:
        return Outcome("not_checked", f"no trust policy covers {target.repository[:200]}", expires=_text(signed.expiry))
    return _Verification(signed, chain, statement, trust, now.astimezone(UTC)).outcome()


@dataclass
class _Verification:
    """An intact signature against one statement of the policy."""

    signed: Signed
    chain: tuple[x509.Certificate, ...]
    statement: Statement
    trust: Trust
    now: datetime
    timestamp: Timestamp | None = None

    def outcome(self) -> Outcome:
        """The worst of what counts, or verified with what does not count as a remark."""
        problems = list(self._problems())
        counting = [problem for problem in problems if self._counts(problem)]
        times: dict[str, Any] = {"signed_at": _text(self._signed_at()), "expires": _text(self.signed.expiry)}
        times["certificate"] = kind_of(self.chain)
        signer = subject_of(self.chain[0])
        worst = max(counting, key=lambda problem: RANK.index(problem.state), default=None)
        if worst is not None:
            known = "" if worst.state == "untrusted" else signer
            return Outcome(worst.state, worst.text, signer=known, **times)
        remarks = "; ".join(f"logged only: {problem.text}" for problem in problems)
        if self.statement.actions["authenticity"] != "enforce":
            text = f"everything holds, but the trust policy {self.statement.name!r} does not enforce trust"
            return Outcome("not_checked", "; ".join(filter(None, [text, remarks])), signer=signer, **times)
        return Outcome("verified", remarks, signer=signer, **times)

    def _counts(self, problem: _Problem) -> bool:
        """Whether a problem decides. What the policy only logs does not, but for broken trust and revocation."""
        if problem.check is None or (problem.check, problem.state) in _ALWAYS:
            return True
        return self.statement.actions[problem.check] == "enforce"

    def _problems(self) -> Iterator[_Problem]:
        yield from self._authenticity()
        if self.signed.expiry is not None and self.now >= self.signed.expiry:
            yield _Problem("expiry", "expired", f"it expired at {_text(self.signed.expiry)}")
        yield from self._time()
        if self.statement.actions["revocation"] != "skip":
            yield from self._revocation()
        if self.signed.plugin and self.signed.plugin != AWS_SIGNER:
            text = f"the rest holds, but the plugin {self.signed.plugin!r} must decide as well"
            yield _Problem(None, "not_checked", text)

    def _authenticity(self) -> Iterator[_Problem]:
        kind = "ca" if self.signed.scheme == X509 else "signingAuthority"
        trusted = self.trust.store.of(kind, self.statement.stores_of(kind))
        if not any(certificate in trusted for certificate in self.chain):
            text = f"its chain leads to no certificate in the {kind} stores of the trust policy {self.statement.name!r}"
            yield _Problem("authenticity", "untrusted", text)
            return
        if self.signed.plugin == AWS_SIGNER:
            problem = identity_problem(self.signed, self.statement.identities)
            if problem:
                yield _Problem("authenticity", "untrusted", problem)
            return
        if self.statement.identities == ("*",):
            return
        try:
            if self.statement.trusts(name_of(self.chain[0].subject)):
                return
            reason = f"{subject_of(self.chain[0])} is no trusted identity"
        except BadNameError as error:
            reason = f"{subject_of(self.chain[0])} cannot be compared with the trusted identities: {error}"
        yield _Problem("authenticity", "untrusted", reason)

    def _time(self) -> Iterator[_Problem]:
        """Whether the chain was valid when it signed, or is now where nothing proves when that was."""
        authentic = self.signed.authentic_time
        if authentic is not None:
            bad = invalid_at(self.chain, authentic, authentic)
            if bad is not None:
                text = f"the certificate of {subject_of(bad)} was not valid when it signed"
                yield _Problem("authenticTimestamp", "invalid", text)
            return
        expired = next((one for one in self.chain if self.now > one.not_valid_after_utc), None)
        late = self.statement.timestamp_only_after_expiry and expired is None
        if not self.statement.stores_of("tsa") or late:
            yield from self._valid_now(expired)
            return
        problem = self._countersignature()
        if problem and expired is not None:
            yield _Problem("authenticTimestamp", "expired", f"{_expired(expired)}, and {problem.text}")
        elif problem:
            yield problem

    def _valid_now(self, expired: x509.Certificate | None) -> Iterator[_Problem]:
        if expired is not None:
            text = f"{_expired(expired)}, and no timestamp shows that it was made before"
            yield _Problem("authenticTimestamp", "expired", text)
        early = next((one for one in self.chain if self.now < one.not_valid_before_utc), None)
        if early is not None:
            yield _Problem("authenticTimestamp", "invalid", f"the certificate of {subject_of(early)} is not valid yet")

    def _countersignature(self) -> _Problem | None:
        """What is wrong with the timestamp; None where it proves a time at which the whole chain was valid."""
        if not self.signed.timestamp:
            return _Problem("authenticTimestamp", "untrusted", "it has no timestamp, which the trust policy asks for")
        roots = self.trust.store.of("tsa", self.statement.stores_of("tsa"))
        try:
            stamp = read_timestamp(self.signed.timestamp, self.signed.signature, roots)
        except BadTimestampError as error:
            return _Problem("authenticTimestamp", "untrusted", f"its timestamp counts for nothing: {error}")
        bad = invalid_at(self.chain, stamp.earliest, stamp.latest)
        if bad is not None:
            text = f"the certificate of {subject_of(bad)} was not valid at the time of its timestamp"
            return _Problem("authenticTimestamp", "untrusted", text)
        if self.statement.actions["revocation"] != "skip":
            found = revocation_of(stamp.chain, self.trust.lists, now=self.now, signed_at=None)
            if found.status == "revoked":
                return _Problem("authenticTimestamp", "untrusted", f"its timestamp counts for nothing: {found.detail}")
            if found.status == "unknown" and self.statement.actions["revocation"] == "enforce":
                return _Problem("authenticTimestamp", "not_checked", f"of its timestamp, {found.detail}")
        self.timestamp = stamp
        return None

    def _revocation(self) -> Iterator[_Problem]:
        found = revocation_of(self.chain, self.trust.lists, now=self.now, signed_at=self.signed.authentic_time)
        if found.status == "revoked":
            yield _Problem("revocation", "revoked", found.detail)
        elif found.status == "unknown":
            yield _Problem("revocation", "not_checked", f"revocation is not known: {found.detail}")
        if self.signed.plugin == AWS_SIGNER:
            yield _Problem("revocation", "not_checked", NOT_ASKED)

    def _signed_at(self) -> datetime:
        return self.timestamp.time if self.timestamp is not None else self.signed.signing_time


def _expired(certificate: x509.Certificate) -> str:
    return f"the certificate of {subject_of(certificate)} expired at {_text(certificate.not_valid_after_utc)}"


def _text(time: datetime | None) -> str:
    return "" if time is None else time.astimezone(UTC).strftime(_TIME)

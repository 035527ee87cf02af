"""From a rule's verdict to a finding: fingerprint, resource, severity, waiver, baseline."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from auditor.findings.fingerprint import fingerprint
from auditor.findings.ledger import VerdictLedger
from auditor.findings.model import (
    SEVERITY_RANK,
    Evidence,
    Finding,
    RemediationRef,
    Resource,
    RuleInfo,
    Severity,
    Status,
)
from auditor.findings.spool import FindingSpool
from auditor.findings.waivers import WaiverBook
from auditor.inventory.names import REGISTRY_KINDS, WORKLOAD_PLATFORMS


class Verdict(msgspec.Struct, frozen=True):
    """What a rule says of one resource."""

    status: Literal["pass", "fail", "unknown", "not_applicable"]
    resource_id: str
    message: str = ""
    evidence: list[Evidence] = []
    severity: Severity | None = None
    """Lower than the rule's own, where the rule tells degrees apart."""
    settle: list[str] = []
    tag: str = ""
    vulnerabilities: list[str] = []
    """All vulnerability ids that this verdict counts, for waivers that name one."""
    in_use: bool = False
    """The image runs, or is kept ready to run."""
    not_asked: bool = False
    """Unknown for want of what this audit was not asked to read, as the rule says; see `lacks_only_unasked`."""


_NEVER_ASKED = {"not_requested", "unsupported_by_platform"}


def lacks_only_unasked(verdict: Verdict) -> bool:
    """Whether an unknown verdict misses nothing but what nobody set out to read: no gap of the audit.

    Told by its evidence: it holds unknown facts, and all of them were not requested, or the platform has no such thing.
    """
    if verdict.not_asked or verdict.status != "unknown":
        return verdict.not_asked
    found = False
    stack: list[Any] = [item.value for item in verdict.evidence]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("state") == "unknown" and "reason" in value:
                if value["reason"] not in _NEVER_ASKED:
                    return False
                found = True
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return found


class Place(msgspec.Struct, frozen=True):
    """Where the resources of a scope are."""

    registry: str
    account: str
    region: str


NOWHERE = Place("", "", "")


class FindingSink:
    """Takes the verdicts of a run: counts all, keeps the findings."""

    def __init__(
        self,
        spool: FindingSpool,
        rules: list[RuleInfo],
        *,
        overridden: set[str],
        waivers: WaiverBook,
        baseline: dict[str, str],
        now: str,
        include_passed: bool = False,
    ) -> None:
        self.ledger = VerdictLedger([rule.id for rule in rules])
        self.new_failures: dict[str, int] = {}
        """Failures that are neither waived nor in the baseline, by severity: they decide the exit code."""
        self._spool = spool
        self._rules = {rule.id: rule for rule in rules}
        self._overridden = overridden
        self._waivers = waivers
        self._baseline = baseline
        self._now = now
        self._include_passed = include_passed

    def add(self, rule_id: str, verdicts: list[Verdict], place: Place) -> None:
        """Take all verdicts of one rule on one record. Most are passes, which only count."""
        rule = self._rules[rule_id]
        quiet = {"not_applicable": 0} if self._include_passed else {"not_applicable": 0, "pass": 0}
        for verdict in verdicts:
            if verdict.status in quiet:
                quiet[verdict.status] += 1
            else:
                self._keep(rule, verdict, make_resource(verdict, place))
        for status, count in quiet.items():
            if count:
                self.ledger.add(rule_id, status, rule.severity, count)

    def add_at(self, rule_id: str, verdict: Verdict, file: str, line: int) -> None:
        """Take one verdict on something that stands in a file."""
        if verdict.status in ("not_applicable", "pass"):
            self.add(rule_id, [verdict], NOWHERE)
            return
        resource = msgspec.structs.replace(make_resource(verdict, NOWHERE), file=file, line=line)
        self._keep(self._rules[rule_id], verdict, resource)

    def _keep(self, rule: RuleInfo, verdict: Verdict, resource: Resource) -> None:
        severity = self._severity(rule, verdict)
        status = Status(verdict.status)
        applied = None
        if status is not Status.PASS:
            waiver = self._waivers.find(rule.id, resource.id, verdict.vulnerabilities)
            applied = waiver.applied() if waiver else None
        identity = fingerprint(rule.id, resource.id)
        shown = Status.WAIVED if applied else status
        known = identity in self._baseline
        self.ledger.add(rule.id, shown.value, severity)
        unasked = shown is Status.UNKNOWN and lacks_only_unasked(verdict)
        self.ledger.unasked += unasked
        if shown is Status.FAIL and not known:
            self.new_failures[severity] = self.new_failures.get(severity, 0) + 1
        self._spool.add(
            Finding(
                id=identity,
                rule=rule.id,
                status=shown,
                severity=severity,
                resource=resource,
                message=verdict.message or f"{rule.title}: {status}.",
                evidence=verdict.evidence,
                waiver=applied,
                first_seen=self._baseline.get(identity, self._now),
                remediation=RemediationRef(rule.remediation.action, rule.remediation.mode),
                settle=verdict.settle,
                baseline=known and shown is Status.FAIL,
                waived_status=status.value if applied else "",
                in_use=verdict.in_use or msgspec.UNSET,
                not_asked=unasked or msgspec.UNSET,
            )
        )

    def _severity(self, rule: RuleInfo, verdict: Verdict) -> Severity:
        """The user's override first; else the verdict's, which may only lower the rule's."""
        own = verdict.severity
        if own is None or rule.id in self._overridden or SEVERITY_RANK[own] < SEVERITY_RANK[rule.severity]:
            return rule.severity
        return own


def make_resource(verdict: Verdict, place: Place) -> Resource:
    """The resource of a verdict, read from its id (`inventory.names`)."""
    identity = verdict.resource_id
    if not identity.startswith("urn:cr:"):
        return Resource(id=identity, kind=identity.partition(":")[0])
    parts = identity.split(":", 5)
    path = parts[5] if len(parts) > 5 else ""  # noqa: PLR2004  urn:cr:kind:account:region:path
    if parts[2] in WORKLOAD_PLATFORMS:
        return Resource(id=identity, kind="workload", account=place.account, region=place.region)
    if parts[2] not in REGISTRY_KINDS and path:
        # policy/…, principal/…, credential/…, key/…, suppression/…: what it is stands first.
        return Resource(id=identity, kind=path.partition("/")[0], account=place.account, region=place.region)
    name, _, digest = path.partition("@")
    kind = "image" if digest else "repository" if name else "registry"
    return Resource(
        id=identity,
        kind=kind,
        registry=place.registry,
        account=place.account,
        region=place.region,
        repository=name,
        tag=verdict.tag,
        digest=digest,
    )

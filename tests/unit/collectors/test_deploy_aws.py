"""What deploy/aws grants is what the collectors call: no action less, none more, each as narrow as AWS allows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.analysis.permissions import ORGANIZATION, READ_ONLY, READ_SIGNATURES, action_of, policy_of
from auditor.errors import InputError
from tools import generate_policies

FOLDER = Path(__file__).parents[3] / "deploy" / "aws"
POLICIES = (READ_ONLY, READ_SIGNATURES, ORGANIZATION)


def policy(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / name).read_text())


def actions(document: dict[str, Any]) -> set[str]:
    listed = [action for statement in document["Statement"] for action in statement["Action"]]
    assert len(listed) == len(set(listed))
    return set(listed)


def test_policies_grant_exactly_what_the_collectors_call() -> None:
    calls = generate_policies.aws_calls()
    wanted = {action_of(call) for call in calls}

    granted = set().union(*(actions(policy(name)) for name in POLICIES))

    assert granted == wanted
    for call in calls:
        assert action_of(call) in actions(policy(policy_of(call)))


@pytest.mark.parametrize("name", POLICIES)
def test_files_are_up_to_date_and_fit_a_managed_policy(name: str) -> None:
    assert policy(name) == generate_policies.policy_document(name)
    assert len(re.sub(r"\s", "", (FOLDER / name).read_text())) <= generate_policies.MAX_POLICY


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_changes_anything(name: str) -> None:
    verbs = ("Get", "List", "Describe", "BatchGet", "Lookup", "BatchDescribe")
    for action in actions(policy(name)) - {"sts:AssumeRole"}:
        assert action.partition(":")[2].startswith(verbs), action


@pytest.mark.parametrize("name", POLICIES)
def test_every_action_is_as_narrow_as_aws_allows(name: str) -> None:
    for statement in policy(name)["Statement"]:
        for action in statement["Action"]:
            found = statement["Resource"]
            assert ([found] if isinstance(found, str) else found) == generate_policies.resources_of(action)
    broad = [s for s in policy(name)["Statement"] if s["Resource"] == "*"]
    assert "ecr:DescribeImages" not in {action for statement in broad for action in statement["Action"]}


def test_exceptions_between_the_names_of_calls_and_actions() -> None:
    assert action_of("tagging:GetResources") == "tag:GetResources"
    assert action_of("ecr:ListImageReferrers") == "ecr:BatchGetImage"
    assert action_of("sts:GetCallerIdentity") == ""
    assert policy_of("sts:AssumeRole") == policy_of("organizations:ListAccounts") == ORGANIZATION
    with pytest.raises(InputError, match="ecr:DescribeImage has no action"):
        action_of("ecr:DescribeImage")


def test_an_action_that_iam_does_not_have_stops_the_generation() -> None:
    with pytest.raises(SystemExit, match="kms:DescribeKeys is not an action of IAM"):
        generate_policies.resources_of("kms:DescribeKeys")


# ---------------------------------------------------------------- CloudFormation
class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as plain values."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: {suffix: _plain(loader, node)})


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return (
        loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_scalar(node)
    )


def test_stackset_holds_the_same_policies_and_trusts_only_with_the_external_id() -> None:
    text = (FOLDER / "stackset.yaml").read_text()
    template = yaml.load(text, Loader=_Loader)

    assert text == generate_policies.stackset()
    resources = template["Resources"]
    [trust] = resources["AuditRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    assert trust["Principal"] == {"AWS": {"Ref": "AuditorPrincipalArn"}}
    for resource, name in (("ReadRegistries", READ_ONLY), ("ReadContent", READ_SIGNATURES)):
        document = resources[resource]["Properties"]["PolicyDocument"]
        assert actions(document) == actions(policy(name))
        for ours, theirs in zip(document["Statement"], policy(name)["Statement"], strict=True):
            patterns = [
                p["Sub"].replace("${AWS::Partition}", "aws") if isinstance(p, dict) else p for p in ours["Resource"]
            ]
            assert patterns == ([theirs["Resource"]] if isinstance(theirs["Resource"], str) else theirs["Resource"])
    assert resources["ReadContent"]["Condition"] in template["Conditions"]


@pytest.mark.filterwarnings("ignore")  # the linter's own
def test_stackset_passes_the_linter_of_cloudformation() -> None:
    from cfnlint import api

    problems = api.lint_all((FOLDER / "stackset.yaml").read_text())

    # Hints of the kind "I" ask for remarks about the architecture.
    assert [str(problem) for problem in problems if not problem.rule.id.startswith("I")] == []


# ---------------------------------------------------------------- Terraform
_BLOCK = re.compile(r'^(terraform|locals|variable|output|data|resource)((?: "[a-z_]+")*) \{(?:\})?$')
_LINE = re.compile(r"^\s*(?:#.*|\}|\]|\)|\},?|[a-z_]+ \{|[a-z_]+\s+= .*\S|\"[^\"]*\",? ?.*|file\(.*\),|)$")


def terraform() -> str:
    return "\n".join(path.read_text() for path in sorted((FOLDER / "terraform").glob("*.tf")))


def test_terraform_module_is_balanced_and_refers_only_to_what_it_declares() -> None:
    """Terraform itself cannot be installed here: a strict look at the text stands in for `terraform validate`."""
    for path in sorted((FOLDER / "terraform").glob("*.tf")):
        text = path.read_text()
        code = re.sub(r'"(?:[^"\\]|\\.)*"', '""', re.sub(r"#.*", "", text))
        for opening, closing in ("{}", "[]", "()"):
            assert code.count(opening) == code.count(closing), path
        for line in text.splitlines():
            assert _LINE.match(line) or _BLOCK.match(line), f"{path.name}: {line!r}"
        assert not re.search(r"\t| $", text, re.MULTILINE)
    text = terraform()
    declared = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert set(re.findall(r"\bvar\.(\w+)", text)) == declared
    declared_locals = set(re.findall(r"^  (\w+)\s+= replace", text, re.MULTILINE))
    assert set(re.findall(r"\blocal\.(\w+)", text)) == declared_locals
    managed = {f"{kind}.{name}" for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', text, re.MULTILINE)}
    assert set(re.findall(r"(?<![\w.\"])(aws_\w+\.\w+)\.", re.sub(r"data\.\S+", "", text))) <= managed
    read = {f"{kind}.{name}" for kind, name in re.findall(r'^data "(\w+)" "(\w+)"', text, re.MULTILINE)}
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", text)) == read


def test_terraform_module_uses_the_policy_files_and_the_external_id() -> None:
    text = terraform()

    for name in re.findall(r"path\.module\}/([^\"]+)", text):
        assert (FOLDER / "terraform" / name).resolve().is_file()
    assert 'variable = "sts:ExternalId"' in text
    assert "identifiers = var.auditor_principal_arns" in text


# ---------------------------------------------------------------- budgets
def test_documented_budgets_are_those_that_runs_are_held_to() -> None:
    from auditor.collectors.aws.costs import BUDGETS

    text = (FOLDER.parents[1] / "docs" / "scale.md").read_text()
    rows = re.findall(r"^\| `([a-z0-9]+:\w+)` \| (\d+) \| (?:([\d,]+) )?(\w+)", text, re.MULTILINE)
    documented = {name: (int(times), int((batch or "1").replace(",", ""))) for name, times, batch, _ in rows}

    assert set(documented) == set(BUDGETS)
    for name, budget in BUDGETS.items():
        if name != "ecr:BatchGetImage":  # documented by hundred indexes, held to one an image
            assert documented[name] == (budget.times, budget.batch), name

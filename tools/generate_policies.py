"""Generates the IAM policies and the StackSet template of deploy/aws from what the collectors declare to call.

Names of actions and the resources that each can be limited to come from AWS's service authorization reference, as
cfn-lint ships it. An action that is not in there stops the generation.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from functools import cache
from importlib import resources
from typing import Any

from auditor import plugins
from auditor.analysis.permissions import (
    CONTENT,
    ORGANIZATION,
    READ_ONLY,
    READ_SIGNATURES,
    ROLE_NAME,
    action_of,
    policy_of,
)
from tools.generated import ROOT, write_or_check

FOLDER = ROOT / "deploy" / "aws"
MAX_POLICY = 6144
"""Characters of a managed policy, white space left out (IAM quota)."""
_NARROWER = {
    "account:ListRegions": ["arn:aws:account::*:account"],
    "organizations:ListTagsForResource": ["arn:aws:organizations::*:account/*"],
    "sts:AssumeRole": [f"arn:aws:iam::*:role/{ROLE_NAME}"],
}
"""Where we need less than the action could be used for."""
_VARIABLE = re.compile(r"\$\{[A-Za-z]+\}|\.\*")


def aws_calls() -> set[str]:
    """Every call of every collector that IAM decides on."""
    kinds = [plugins.collector(name) for name in plugins.names("collectors")]
    ours = [kind for kind in kinds if kind.__module__.startswith("auditor.collectors.aws.")]
    return {call for kind in ours for call in kind.calls if action_of(call)}


def actions(policy: str) -> set[str]:
    """The actions that a policy file grants."""
    found = {action_of(call) for call in aws_calls() if policy_of(call) == policy}
    return found | CONTENT if policy == READ_SIGNATURES else found


def policy_document(policy: str) -> dict[str, Any]:
    """One statement a set of resources, sorted."""
    by_resource: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for action in sorted(actions(policy)):
        by_resource[tuple(resources_of(action))].append(action)
    statements = [
        {
            "Sid": _sid(patterns, granted),
            "Effect": "Allow",
            "Action": granted,
            "Resource": patterns[0] if len(patterns) == 1 else list(patterns),
        }
        for patterns, granted in sorted(by_resource.items())
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    if len({statement["Sid"] for statement in statements}) != len(statements):
        sys.exit(f"{policy} has a Sid twice: {[statement['Sid'] for statement in statements]}")
    size = len(re.sub(r"\s", "", json.dumps(document)))
    if size > MAX_POLICY:
        sys.exit(f"{policy} has {size} characters, IAM takes {MAX_POLICY}: split it")
    return document


def resources_of(action: str) -> list[str]:
    """ARN patterns, in the partition `aws`, that the action can be limited to; `*` where it cannot."""
    if action in _NARROWER:
        return _NARROWER[action]
    service, _, name = action.partition(":")
    known = _reference().get(service, {"Actions": {}, "Resources": {}})
    if name.lower() not in known["Actions"]:
        sys.exit(f"{action} is not an action of IAM: see auditor/analysis/permissions.py")
    kinds = known["Actions"][name.lower()].get("Resources", [])
    formats = [form for kind in kinds for form in known["Resources"].get(kind.lower(), {}).get("ARNFormats", [])]
    patterns = {_VARIABLE.sub("*", form.replace("${Partition}", "aws")) for form in formats}
    return sorted(patterns) or ["*"]


@cache
def _reference() -> dict[str, Any]:
    text = resources.files("cfnlint").joinpath("data/AdditionalSpecs/Policies.json").read_text("utf-8")
    services: dict[str, Any] = json.loads(text)
    return services


def _sid(patterns: tuple[str, ...], granted: list[str]) -> str:
    """`ReadEcrRepository`: the service and the kind of resource; letters and digits only, as IAM demands."""
    if patterns == ("*",):
        return "ReadAnyResource"
    if granted == ["sts:AssumeRole"]:
        return "EnterAccounts"
    service = granted[0].partition(":")[0]
    kind = re.split(r"[:/*]+", patterns[0].split(":", 5)[5])[0]
    words = re.findall(r"[A-Za-z0-9]+", f"{service} {kind} {len(patterns) if len(patterns) > 1 else ''}")
    return "Read" + "".join(word[0].upper() + word[1:] for word in words)


# ---------------------------------------------------------------- CloudFormation
_HEAD = f"""\
# Made by `make docs` from what the collectors call (tools/generate_policies.py). For a StackSet over an organisation,
# or as a plain stack in one account: the role that registry-auditor assumes, which can read and change nothing.
AWSTemplateFormatVersion: "2010-09-09"
Description: Read-only role for registry-auditor
Parameters:
  AuditorPrincipalArn:
    Type: String
    Description: ARN of the role or user that runs the auditor
    AllowedPattern: "^arn:aws[a-z-]*:iam::[0-9]{{12}}:(root|(role|user)/.+)$"
  ExternalId:
    Type: String
    Description: Agreed between whoever runs the auditor and this account
    MinLength: 2
    MaxLength: 1224
    NoEcho: true
  RoleName:
    Type: String
    Default: {ROLE_NAME}
    Description: The same name in every account, as role_name of from_organization
  ReadImageContent:
    Type: String
    Default: "false"
    AllowedValues: ["true", "false"]
    Description: Also read layers, for signatures and labels of images
Conditions:
  WithImageContent: !Equals [!Ref ReadImageContent, "true"]
Resources:
  AuditRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      Description: Assumed by registry-auditor; reads only
      MaxSessionDuration: 3600
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Ref AuditorPrincipalArn
            Action: [sts:AssumeRole, sts:TagSession]
            Condition:
              StringEquals:
                sts:ExternalId: !Ref ExternalId
  ReadRegistries:
    Type: AWS::IAM::RolePolicy
    Properties:
      RoleName: !Ref AuditRole
      PolicyName: read-only
      PolicyDocument:
"""
_CONTENT = """\
  ReadContent:
    Type: AWS::IAM::RolePolicy
    Condition: WithImageContent
    Properties:
      RoleName: !Ref AuditRole
      PolicyName: read-signatures
      PolicyDocument:
"""
_TAIL = """\
Outputs:
  RoleArn:
    Description: role_arn for accounts in auditor.yaml
    Value: !GetAtt AuditRole.Arn
"""


def stackset() -> str:
    """The template, its policies those of the JSON files."""
    parts = [_HEAD, _yaml(policy_document(READ_ONLY)), _CONTENT, _yaml(policy_document(READ_SIGNATURES)), _TAIL]
    return "".join(parts)


def _yaml(document: dict[str, Any]) -> str:
    lines = [f'Version: "{document["Version"]}"', "Statement:"]
    for statement in document["Statement"]:
        lines += [f"  - Sid: {statement['Sid']}", "    Effect: Allow", "    Action:"]
        lines += [f"      - {action}" for action in statement["Action"]]
        found = statement["Resource"]
        lines.append("    Resource:")
        lines += [f"      - {_arn(pattern)}" for pattern in ([found] if isinstance(found, str) else found)]
    return "".join(f"        {line}\n" for line in lines)


def _arn(pattern: str) -> str:
    if pattern == "*":
        return '"*"'
    return '!Sub "' + pattern.replace("arn:aws:", "arn:${AWS::Partition}:", 1) + '"'


def main() -> int:
    files = {
        FOLDER / name: json.dumps(policy_document(name), indent=2) + "\n"
        for name in (READ_ONLY, READ_SIGNATURES, ORGANIZATION)
    }
    files[FOLDER / "stackset.yaml"] = stackset()
    return write_or_check(files, check="--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

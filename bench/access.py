"""`auditor access` for a repository among thousands of roles: whole process, and what classes of callers gain."""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from auditor.analysis.derive import derive_registry, derive_repository
from auditor.inventory.facts import Absent, Known
from auditor.inventory.identity import (
    AccountDerived,
    AccountRecord,
    GuardrailLevel,
    Guardrails,
    IdentityPolicy,
    OrganizationPlacement,
    PolicyStatement,
    PrincipalRecord,
)
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.names import identities_scope, identities_urn
from auditor.inventory.parts import Encryption, Immutability, PolicyDocument, RegistryRef
from auditor.inventory.scanning import RegistryScanning, ScanSettings
from auditor.inventory.writing import SnapshotWriter
from auditor.run.access import access
from auditor.run.joins.effective import EffectiveJoin
from bench.evaluation import timed

NOW = "2026-11-24T12:00:00Z"
ACCOUNT, REGION = "123456789012", "eu-west-1"
URN = f"urn:cr:ecr:{ACCOUNT}:{REGION}"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ORGANIZATION = "o-bench12345"
TEAMS = 40
MANAGED = 400
_PUSH = ["ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]
_PUSH += ["ecr:BatchCheckLayerAvailability", "ecr:GetAuthorizationToken"]
_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"]
_ALL: Any = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(identity: str, kind: Any, *statements: dict[str, Any]) -> IdentityPolicy:
    """A policy as the collector keeps it."""
    kept = [PolicyStatement(index, json.dumps(statement)) for index, statement in enumerate(statements)]
    return IdentityPolicy(identity, identity.rpartition("/")[2], kind, "2012-10-17", kept, len(kept))


def team_statements(number: int, rng: random.Random) -> list[dict[str, Any]]:
    """What a team's policy says: push or pull, on its own names, tags or everything, some with conditions."""
    team = f"team-{number % TEAMS}"
    resource = rng.choice(
        [f"arn:aws:ecr:*:{ACCOUNT}:repository/{team}/*", "*", f"arn:aws:ecr:{REGION}:*:repository/{team}/app"]
    )
    first: dict[str, Any] = {
        "Effect": "Allow",
        "Action": rng.choice([_PUSH, _PULL, ["ecr:*"], ["ecr:Get*", "ecr:Batch*"]]),
        "Resource": resource,
    }
    if rng.random() < 0.2:
        first["Condition"] = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    elif rng.random() < 0.1:
        first["Condition"] = {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}
    token = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": ["ecr:DeleteRepository", "ecr:SetRepositoryPolicy"], "Resource": "*"}
    return [first, token, *([deny] if rng.random() < 0.3 else [])]


def account(roles: int) -> AccountRecord:
    """An account: hundreds of managed policies, an inline one in a third of the roles, boundaries, SCPs on 3 levels."""
    rng = random.Random(7)
    managed = [
        policy(f"arn:aws:iam::{ACCOUNT}:policy/managed-{n}", "managed", *team_statements(n, rng))
        for n in range(MANAGED)
    ]
    admin = policy("arn:aws:iam::aws:policy/AdministratorAccess", "provider", _ALL)
    bound = policy(
        f"arn:aws:iam::{ACCOUNT}:policy/bound",
        "managed",
        {"Effect": "Allow", "NotAction": ["iam:*", "ecr:Delete*"], "Resource": "*"},
    )
    full = policy("arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "guardrail", _ALL)
    region = {
        "Effect": "Deny",
        "NotAction": ["iam:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}},
    }
    guard = policy("arn:aws:organizations::1:policy/o-1/service_control_policy/p-regions", "guardrail", region)
    policies = [*managed, admin, bound, full, guard]
    principals = []
    for n in range(roles):
        arn = f"arn:aws:iam::{ACCOUNT}:role/team-{n % TEAMS}/service-{n:05d}"
        held = [] if rng.random() < 0.3 else sorted(m.id for m in rng.sample(managed, rng.randint(1, 3)))
        if rng.random() < 0.02:
            held.append(admin.id)
        if rng.random() < 0.33:
            inline = policy(f"{arn}#registry", "inline", *team_statements(n, rng))
            policies.append(inline)
            held.append(inline.id)
        principals.append(
            PrincipalRecord(
                arn,
                "role",
                f"AROA{n:017d}",
                held,
                bound.id if rng.random() < 0.25 else "",
                [],
                {"team": f"team-{n % TEAMS}"},
                session_tags=False,
            )
        )
    levels = [
        GuardrailLevel(name, [full.id, guard.id] if name.startswith("ou") else [full.id])
        for name in ("r-root", "ou-work", ACCOUNT)
    ]
    return AccountRecord(
        id=identities_urn(ACCOUNT), scope=identities_scope(ACCOUNT), now=NOW, account=ACCOUNT,
        placement=Known(OrganizationPlacement(ORGANIZATION, f"{ORGANIZATION}/r-root/ou-work/")),
        principals=Known(principals), policies=Known(policies), guardrails=Known(Guardrails("999999999999", levels, [])),
        access_keys=Absent("iam"), derived=AccountDerived(Known([]), Known([])),
    )  # fmt: skip


def repository(number: int) -> RepositoryRecord:
    """A repository; one in three has a policy for another account and against strangers."""
    name = f"team-{number % TEAMS}/app" if number < TEAMS else f"team-{number % TEAMS}/service-{number}"
    text = json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": _PULL[:2]},
            {"Sid": "Members", "Effect": "Allow", "Principal": "*", "Action": _PULL[:2], "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}},
            {"Sid": "Lambda", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": _PULL[:2]},
        ],
    })  # fmt: skip
    access_policy: Any = (
        Known(PolicyDocument("aws_iam", text, "sha256:0")) if number % 3 == 0 else Absent("ecr:GetRepositoryPolicy")
    )
    record = Repository(
        name=name, uri=f"{HOST}/{name}", registry=RegistryRef(URN, "ecr", HOST, ACCOUNT, REGION), hosting=Known("hosted"), created_at=Known(NOW),
        immutability=Known(Immutability("all")), encryption=Known(Encryption("platform", Absent("ecr"), Known("provider"))), scan_on_push=Known(True),
        scanning=Known(ScanSettings("basic", "on_push", "registry")), resource_tags=Known({"team": f"team-{number % TEAMS}"}), access_policy=access_policy,
        retention_policy=Absent("ecr:GetLifecyclePolicy"), size_bytes=Known(0),
    )  # fmt: skip
    return RepositoryRecord(
        id=f"{URN}:{name}",
        scope=f"ecr/{ACCOUNT}/{REGION}",
        now=NOW,
        repository=record,
        derived=derive_repository(record, Known([])),
        images=Known([]),
    )


def registry(names: list[str]) -> RegistryRecord:
    """The registry without a policy."""
    absent = Absent("ecr")
    record = Registry(
        id=URN, kind="ecr", host=HOST, account=ACCOUNT, region=REGION, organization=Known(ORGANIZATION), repository_names=Known(names), access_policy=absent,
        policy_scope=Known("all_actions"), scanning=Known(RegistryScanning("basic", [])), replication=absent, cache_rules=absent, creation_templates=absent,
        signing=absent, settings=absent,
    )  # fmt: skip
    return RegistryRecord(
        id=URN, scope=f"ecr/{ACCOUNT}/{REGION}", now=NOW, registry=record, derived=derive_registry(record)
    )


def write_snapshot(path: Path, roles: int, repositories: int) -> None:
    """A snapshot of one account with identities, and its registry."""
    records = sorted((repository(n) for n in range(repositories)), key=lambda record: record.repository.name)
    with SnapshotWriter(path, now=NOW, auditor_version="bench") as writer:
        identities = writer.open_scope(identities_scope(ACCOUNT))
        writer.close_scope(identities.finish(account(roles)))
        scope = writer.open_scope(f"ecr/{ACCOUNT}/{REGION}")
        for record in records:
            scope.write(record)
        writer.close_scope(scope.finish(registry([record.repository.name for record in records])))


def main() -> None:
    """Print the figures and the ratios."""
    roles = int(os.environ.get("BENCH_ROLES", "5000"))
    repositories = int(os.environ.get("BENCH_REPOSITORIES", "1000"))
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "snapshot"
        write_snapshot(path, roles, repositories)
        command = [sys.executable, "-m", "auditor", "access", "team-3/app", "--snapshot", str(path)]
        wall, memory = min(timed(command) for _ in range(3))
        print(
            f"access among {roles:,} roles, pull, push, delete, administer, whole process: {wall:.2f} s, {memory} MiB (below 3 s)"
        )
        pull, _ = min(timed([*command, "--who", "pull"]) for _ in range(3))
        print(f"  pull only: {pull:.2f} s; {wall / roles * 1e6:.0f} us a role")
        started = time.perf_counter()
        access(path, "team-3/app")
        together = time.perf_counter() - started
        started = time.perf_counter()
        access(path, "team-3/app", memo=False)
        alone = time.perf_counter() - started
        print(
            f"  ratio every caller and action by itself / classes of both: {alone / together:.1f} ({alone:.2f} s, {together:.2f} s)"
        )
        join(path, roles, repositories)


def join(path: Path, roles: int, repositories: int) -> None:
    """The join over all repositories, against asking each pair."""
    with SnapshotWriter(path.with_name("joined"), now=NOW, auditor_version="bench") as writer:
        identities = writer.open_scope(identities_scope(ACCOUNT))
        writer.close_scope(identities.finish(account(roles)))
        scope = writer.open_scope(f"ecr/{ACCOUNT}/{REGION}")
        for number in range(repositories):
            scope.write(repository(number))
        writer.close_scope(scope.finish(registry([])))
        started = time.perf_counter()
        EffectiveJoin().finish(writer)
        seconds = time.perf_counter() - started
    pairs = roles * repositories
    print(
        f"  join of {roles:,} roles and {repositories:,} repositories: {seconds:.1f} s, {seconds / pairs * 1e9:.0f} ns a pair"
    )

"""Hypothesis strategies for inventories: every kind of fact, known, absent and unknown."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import strategies as st

from auditor.analysis.derive import derive_registry, derive_repository
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Child, Image, SigningStatus
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.parts import Encryption, Immutability, NameFilter, PolicyDocument, RegistryRef
from auditor.inventory.replication import Destination, ReplicationRule
from auditor.inventory.scanning import ScanSettings
from tests.support import strategies_scanning as scanning
from tests.support.strategies_attestations import attestations as make_attestations
from tests.support.strategies_content import unread_manifests
from tests.support.strategies_contents import with_contents
from tests.support.strategies_extent import with_extent
from tests.support.strategies_public import kinds, other_hosts, published, visibilities
from tests.support.strategies_replication import linked, replicated
from tests.support.strategies_retention import with_joins
from tests.support.strategies_signatures import signatures as make_signatures
from tests.support.strategies_transport import transports

NOW = "2026-11-24T12:00:00Z"
ACCOUNT, REGION = "111111111111", "eu-west-1"
URN = f"urn:cr:ecr:{ACCOUNT}:{REGION}"
SCOPE = f"ecr/{ACCOUNT}/{REGION}"

_PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": ACCOUNT},
    {"AWS": "arn:aws:iam::999999999999:root"},
    {"AWS": "arn:aws:iam::222222222222:role/ci"},
    {"Service": "lambda.amazonaws.com"},
    {"AWS": "AROAXXXXXXXX"},
    {"Federated": "x"},
]
_ACTIONS: list[Any] = [
    "ecr:*",
    "ecr:BatchGetImage",
    "ecr:GetImage",
    ["ecr:PutImage", "s3:GetObject"],
    "ecr:DescribeImages",
]
_CONDITIONS: list[Any] = [
    None,
    {"StringEquals": {"aws:PrincipalOrgID": "o-trusted"}},
    {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
    {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
    {"StringEquals": {"aws:Unheard": "x"}},
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-trusted"}},
]
_RETENTION: list[Any] = [
    {"rules": []},
    {"rules": "x"},
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 7,
                },
                "action": {"type": "expire"},
            }
        ]
    },
    {
        "rules": [
            {
                "rulePriority": 3,
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": ["dev*"],
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 30,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 9,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
                "action": {"type": "transition", "targetStorageClass": "archive"},
            },
        ]
    },
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "keep 5",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPrefixList": ["v", "r"],
                    "countType": "imageCountMoreThan",
                    "countNumber": 3,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 0},
                "action": {"type": "expire"},
            },
        ]
    },
]

text = st.text(max_size=8) | st.sampled_from(
    ["<script>alert(1)</script>", "a\u202eb", "\x00", "v1.0.0", "latest", "'\""]
)
unknowns = st.builds(
    Unknown, st.sampled_from(list(Reason)), st.just("ecr:SomeCall"), st.sampled_from(["", "AccessDenied"])
)
absents = st.just(Absent("ecr:SomeCall", "NotFoundException"))


def facts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly known, sometimes absent or unknown."""
    return st.one_of(values.map(Known), values.map(Known), values.map(Known), absents, unknowns)


def digests(limit: int = 12) -> st.SearchStrategy[str]:
    return st.integers(1, limit).map(lambda n: f"sha256:{n:064x}")


tags = st.sampled_from(
    [
        "latest",
        "v1.0.0",
        "v2",
        "release-1",
        "dev-3",
        "1.2.3-rc.1",
        "-bad",
        "<b>",
        "\u202e",
        "sha256-" + "0" * 63 + "1.sig",
    ]
)
moments = st.sampled_from(["2026-11-24T11:00:00Z", "2026-11-20T00:00:00Z", "2026-01-01T00:00:00Z"])
scans = scanning.scans(facts, text)
signatures = make_signatures(facts, digests(), text)
images = st.builds(
    Image,
    digests(),
    st.sampled_from(["image", "image", "image", "index", "signature", "artefact"]),
    st.lists(tags, max_size=2, unique=True).map(sorted),
    st.sampled_from(["active", "active", "archived"]),
    facts(st.just("application/vnd.oci.image.manifest.v1+json")),
    facts(st.just("application/vnd.oci.image.config.v1+json")),
    facts(digests()),
    facts(st.integers(0, 10**12)),
    moments.map(Known) | absents,
    facts(moments),
    facts(
        st.lists(
            st.builds(Child, digests(), st.sampled_from(["image", "attestation"]), st.just("linux/amd64")), max_size=3
        )
    ),
    facts(scans),
    facts(st.lists(signatures, max_size=2)),
    facts(
        st.lists(
            st.builds(SigningStatus, st.just("p"), st.sampled_from(["complete", "failed"]), st.just("E")), max_size=1
        )
    ),
    attestations=make_attestations(facts, digests(), text),
)


@st.composite
def iam_policies(draw: st.DrawFn) -> PolicyDocument:
    """A policy document that the access analysis has something to say on."""
    statements = []
    for _ in range(draw(st.integers(0, 3))):
        statement: dict[str, Any] = {
            "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
            "Principal": draw(st.sampled_from(_PRINCIPALS)),
            "Action": draw(st.sampled_from(_ACTIONS)),
        }
        condition = draw(st.sampled_from(_CONDITIONS))
        if condition:
            statement["Condition"] = condition
        statements.append(statement)
    broken = draw(st.sampled_from([False] * 9 + [True]))
    content = "{" if broken else json.dumps({"Version": "2012-10-17", "Statement": statements})
    return PolicyDocument("aws_iam", content, "sha256:0")


retention_policies = st.sampled_from([*map(json.dumps, _RETENTION), "{"]).map(
    lambda content: PolicyDocument("ecr_lifecycle", content, "sha256:0")
)
filters = st.builds(
    NameFilter, st.sampled_from(["glob", "prefix"]), st.sampled_from(["latest", "v*", "*", "team/", "app"])
)
immutabilities = st.builds(
    Immutability,
    st.sampled_from(["none", "all", "all_except", "none_except", "per_tag"]),
    st.lists(filters, max_size=2),
)
encryptions = st.builds(
    Encryption,
    st.sampled_from(["platform", "kms", "kms_dsse"]),
    facts(st.just("arn:key")),
    facts(st.sampled_from(["customer", "provider"])),
)
scan_settings = st.builds(
    ScanSettings,
    st.sampled_from(["basic", "enhanced", "none"]),
    st.sampled_from(["on_push", "continuous", "manual", "scheduled"]),
    st.just("registry"),
)


@st.composite
def repository_records(draw: st.DrawFn) -> RepositoryRecord:
    """One repository record with its derived facts."""
    name = draw(st.sampled_from(["app", "team/app", "prod/app", "dev/app", "team/App", "a___b"]))
    ref = RegistryRef(URN, draw(kinds), "registry.example.com", ACCOUNT, REGION, draw(other_hosts))
    found = draw(facts(st.lists(images, max_size=5, unique_by=lambda image: image.digest)))
    if isinstance(found, Known):
        found = Known(with_contents(draw, facts, found.value))
    repository = Repository(
        name=name,
        uri=f"{ref.host}/{name}",
        registry=ref,
        hosting=draw(
            facts(st.sampled_from(["hosted", "hosted", "proxy"])) if draw(st.booleans()) else st.just(Known("hosted"))
        ),
        created_at=draw(facts(moments)),
        immutability=draw(facts(immutabilities)),
        encryption=draw(facts(encryptions)),
        scan_on_push=draw(facts(st.booleans())),
        scanning=draw(facts(scan_settings)),
        resource_tags=draw(facts(st.dictionaries(st.sampled_from(["Name", "env", "aws:x"]), text, max_size=2))),
        access_policy=draw(facts(iam_policies())),
        retention_policy=draw(facts(retention_policies)),
        size_bytes=draw(facts(st.integers(0, 10**13))),
        visibility=draw(visibilities),
    )
    derived = msgspec.structs.replace(derive_repository(repository, found), published=draw(published))
    record = RepositoryRecord(
        id=f"{URN}:{name}",
        scope=SCOPE,
        now=NOW,
        repository=repository,
        derived=derived,
        images=found,
        unread=draw(unread_manifests(digests(), unknowns)),
    )
    return with_joins(draw, draw(replicated(draw(with_extent(record)))))


@st.composite
def registry_records(draw: st.DrawFn) -> RegistryRecord:
    """A registry record with its derived facts."""
    destinations = st.builds(
        Destination, st.sampled_from([ACCOUNT, "999999999999"]), st.sampled_from([REGION, "us-east-1"])
    )
    rules = st.builds(
        ReplicationRule, st.lists(filters, max_size=2), st.lists(destinations, min_size=1, max_size=2), st.booleans()
    )
    registry = Registry(
        id=URN,
        kind=draw(kinds),
        host="registry.example.com",
        account=ACCOUNT,
        region=REGION,
        organization=draw(facts(st.just("o-own"))),
        repository_names=draw(facts(st.lists(st.sampled_from(["app", "app-internal", "team/app"]), unique=True))),
        access_policy=draw(facts(iam_policies())),
        policy_scope=draw(facts(st.sampled_from(["registry_actions", "all_actions"]))),
        **draw(scanning.operations(facts, text)),
        replication=draw(facts(st.lists(rules, max_size=3))),
        cache_rules=draw(facts(st.just([]))),
        creation_templates=draw(facts(st.just([]))),
        signing=draw(facts(st.just([]))),
        settings=draw(facts(st.just({}))),
        visibility=draw(visibilities),
        transport=draw(transports),
    )
    derived = msgspec.structs.replace(
        derive_registry(registry),
        totals=draw(scanning.totals(facts)),
        growth=draw(scanning.growth(facts)),
        vex=draw(scanning.statements(facts, text)),
    )
    record = RegistryRecord(id=URN, scope=SCOPE, now=NOW, registry=registry, derived=derived)
    return draw(linked(record))

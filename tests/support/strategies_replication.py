"""Hypothesis strategies for what belongs to replication, tag history and labels."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from auditor.inventory.derived import MovedTag, RepositoryHistory
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Child, Image, ImageConfig, ReplicaStatus
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.parts import Encryption, Immutability, NameFilter, PolicyDocument
from auditor.inventory.replication import (
    CacheRule,
    CreationTemplate,
    Destination,
    Replica,
    ReplicaDifference,
    ReplicationLinks,
    ReplicationRule,
    ReplicationSource,
    ReplicationTarget,
)
from tests.support.strategies_content import signature_states

ACCOUNTS = st.sampled_from(["111111111111", "999999999999"])
REGIONS = st.sampled_from(["us-east-1", "ap-south-1", "cn-north-1"])
_TAGS = st.sampled_from(["latest", "v1.0.0", "v2", "release-1", "dev-3", "<b>", "\u202e"])
_TIMES = st.sampled_from(
    ["2026-11-01T00:00:00Z", "1970-01-01T00:00:00Z", "2100-02-29", "2012-01-01", "9999-01-01T00:00:00Z", "x\x00", ""]
)


def _facts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    unknown = st.sampled_from(list(Reason)).map(lambda reason: Unknown(reason, "ecr:SomeCall"))
    return st.one_of(values.map(Known), values.map(Known), st.just(Absent("ecr:SomeCall")), unknown)


_DIGESTS = st.integers(1, 12).map(lambda n: f"sha256:{n:064x}")
_differences = st.builds(
    ReplicaDifference,
    st.sampled_from(["immutability", "encryption", "retention", "policy", "scanning"]),
    st.sampled_from(["immutable", "none", "<b>"]),
    st.sampled_from(["mutable", "3 rules"]),
    st.booleans(),
)


@st.composite
def replicas(draw: st.DrawFn) -> Replica:
    """A copy, consistent in its counts; now and then with lists that were cut."""
    state = draw(st.sampled_from(["found", "found", "missing", "unread"]))
    lists = [sorted(draw(st.sets(items, max_size=3))) for items in (_DIGESTS, _TAGS, _TAGS)]
    if state == "unread":
        lists = [[], [], []]
    sizes = [len(one) for one in lists]
    counts = [len(one) + draw(st.sampled_from([0, 0, 0, 5])) * bool(one) for one in lists]
    return Replica(
        account=draw(ACCOUNTS),
        region=draw(REGIONS),
        repository="urn:cr:ecr:x",
        state=state,
        reason="not in the snapshot" if state == "unread" else "",
        differences=draw(st.lists(_differences, max_size=2)) if state == "found" else [],
        missing_digests=lists[0],
        missing_count=counts[0],
        moved_tags=lists[1],
        moved_count=counts[1],
        missing_tags=lists[2],
        missing_tags_count=counts[2],
        listed_after=draw(st.sampled_from(["2026-11-20T00:00:00Z", "2026-11-01T00:00:00Z"])) if counts != sizes else "",
        images_unread=draw(st.sampled_from(["", "", "", "the images of the copy were not read"])),
        relayed_from=draw(st.sampled_from([[], ["urn:cr:ecr:1:eu-west-1"]])),
    )


_statuses = st.builds(
    ReplicaStatus, ACCOUNTS, REGIONS, st.sampled_from(["complete", "in_progress", "failed"]), st.just("E")
)
_labels = st.fixed_dictionaries(
    {},
    optional={
        "org.opencontainers.image.source": st.sampled_from(["https://x", " "]),
        "org.opencontainers.image.revision": st.sampled_from(["0a1b2c3", "main", "0A"]),
        "org.opencontainers.image.version": st.sampled_from(["1", "<b>"]),
        "org.opencontainers.image.created": _TIMES,
    },
)
_all_labels = st.just(
    {
        "org.opencontainers.image.source": "https://x",
        "org.opencontainers.image.revision": "0a1b2c3",
        "org.opencontainers.image.version": "1",
        "org.opencontainers.image.created": "2026-11-01T00:00:00Z",
    }
)
_configs = st.builds(ImageConfig, _labels | _all_labels, st.just(Absent("x")))
_moves = st.builds(MovedTag, _TAGS, _DIGESTS, _DIGESTS | st.just(""), signature_states)
_histories = st.builds(
    RepositoryHistory,
    st.just("2026-11-01T00:00:00Z"),
    st.just(1),
    st.just(1),
    st.lists(_moves, max_size=3, unique_by=lambda m: m.tag),
)


@st.composite
def replicated(draw: st.DrawFn, record: RepositoryRecord) -> RepositoryRecord:
    """The record with copies, a history, and configs and statuses of its images."""
    derived = msgspec.structs.replace(
        record.derived,
        replicas=draw(_facts(st.lists(replicas(), max_size=3))),
        history=draw(_facts(_histories)),
    )
    images = record.images
    if isinstance(images, Known) and draw(st.booleans()):
        images = Known(
            [
                msgspec.structs.replace(
                    image, config=draw(_facts(_configs)), replicas=draw(_facts(st.lists(_statuses, max_size=2)))
                )
                for image in images.value
            ]
        )
    return msgspec.structs.replace(record, derived=derived, images=images)


@st.composite
def compared(draw: st.DrawFn, record: RepositoryRecord, registry: RegistryRecord) -> tuple[Any, Any]:
    """The two records with everything read that rules on images take: rules, copies, images with labels and statuses."""
    destinations = st.lists(st.builds(Destination, ACCOUNTS, REGIONS), min_size=1, max_size=3)
    rules = st.lists(st.builds(ReplicationRule, st.just([]), destinations, st.just(False)), min_size=1, max_size=2)
    found = draw(st.lists(_images, min_size=1, max_size=5, unique_by=lambda image: image.digest))
    whole = st.builds(Replica, ACCOUNTS, REGIONS, st.just("urn:cr:ecr:x"), st.just("found"))
    copies = draw(st.lists(whole, min_size=1, max_size=2) | st.lists(replicas(), min_size=1, max_size=3))
    return (
        msgspec.structs.replace(
            record, images=Known(found), derived=msgspec.structs.replace(record.derived, replicas=Known(copies))
        ),
        msgspec.structs.replace(
            registry, registry=msgspec.structs.replace(registry.registry, replication=Known(draw(rules)))
        ),
    )


_images = st.builds(
    Image,
    digest=_DIGESTS,
    kind=st.sampled_from(["image", "image", "image", "index", "signature"]),
    tags=st.lists(_TAGS, max_size=2, unique=True).map(sorted),
    status=st.sampled_from(["active", "active", "active", "archived"]),
    media_type=st.just(Absent("x")),
    artifact_type=st.just(Absent("x")),
    subject=st.just(Absent("x")),
    size_bytes=st.just(Known(1)),
    pushed_at=st.sampled_from([Known("2026-11-24T11:30:00Z"), Known("2026-11-20T00:00:00Z"), Absent("x")]),
    last_pulled_at=st.just(Absent("x")),
    children=st.lists(st.builds(Child, _DIGESTS, st.just("image"), st.just("")), max_size=3).map(Known)
    | st.just(Unknown(Reason.ACCESS_DENIED, "ecr:BatchGetImage")),
    scan=st.just(Absent("x")),
    signatures=st.just(Known([])),
    signing_status=st.just(Absent("x")),
    config=_configs.map(Known)
    | _facts(_configs)
    | st.just(Unknown(Reason.ACCESS_DENIED, "ecr:GetDownloadUrlForLayer")),
    replicas=_facts(st.lists(_statuses, max_size=2)),
)
_filters = st.builds(
    NameFilter, st.sampled_from(["prefix", "prefix", "glob"]), st.sampled_from(["team/", "team", "app", "*", ""])
)
_prefixes = st.sampled_from(["ROOT", "team", "app", "hub"])
_templates = st.builds(
    CreationTemplate,
    _prefixes,
    st.lists(st.sampled_from(["REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"]), unique=True).map(sorted),
    _facts(st.builds(Immutability, st.sampled_from(["none", "all", "all_except"]))),
    _facts(st.builds(Encryption, st.sampled_from(["platform", "kms"]), st.just(Absent("x")), st.just(Absent("x")))),
    st.just(Absent("x")),
    st.just(Absent("x")),
    _facts(st.just(PolicyDocument("ecr_lifecycle", "{}", "sha256:0"))),
)
_targets = st.builds(
    ReplicationTarget,
    ACCOUNTS,
    REGIONS,
    st.sampled_from(["found", "unread"]),
    st.sampled_from(["yes", "no", "unknown"]),
    st.sampled_from(["", "not in the snapshot"]),
    st.lists(st.builds(Destination, ACCOUNTS, REGIONS), max_size=2),
)
_links = st.builds(
    ReplicationLinks,
    st.lists(_targets, max_size=2),
    st.lists(st.builds(ReplicationSource, ACCOUNTS, REGIONS, st.lists(_filters, max_size=2)), max_size=2),
)
_caches = st.builds(CacheRule, _prefixes, st.just("registry-1.docker.io"), st.just("docker-hub"), st.just(Absent("x")))


@st.composite
def linked(draw: st.DrawFn, record: RegistryRecord) -> RegistryRecord:
    """The record with templates, caches and links to other registries."""
    registry = msgspec.structs.replace(
        record.registry,
        creation_templates=draw(_facts(st.lists(_templates, max_size=3))),
        cache_rules=draw(_facts(st.lists(_caches, max_size=2))),
    )
    derived = msgspec.structs.replace(record.derived, replication=draw(_facts(_links)))
    return msgspec.structs.replace(record, registry=registry, derived=derived)

"""Compares a copy of a repository with its source: settings, images, tags.

Only the part of a record that the comparison takes is decoded: repositories hold up to 100,000 images.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from auditor.analysis.iam_document import Statement, parse_policy
from auditor.errors import InputError
from auditor.inventory.facts import Absent, Fact, Known, Unknown
from auditor.inventory.parts import Encryption, Immutability, PolicyDocument
from auditor.inventory.replication import Replica, ReplicaDifference
from auditor.inventory.scanning import ScanSettings

MOST = 1000
_MOST_NAMES = 10
_MAX_TEXT = 120


class SideImage(msgspec.Struct):
    """What of an image is compared."""

    digest: str
    kind: str
    tags: list[str]
    status: str
    pushed_at: Fact[str]
    children: _Children


class _Child(msgspec.Struct):
    digest: str


class _Children(msgspec.Struct):
    state: str
    value: list[_Child] = []


class _Images(msgspec.Struct):
    state: str
    value: list[SideImage] = []
    reason: str = ""
    source: str = ""


class _Place(msgspec.Struct):
    account: str
    region: str


class _Settings(msgspec.Struct):
    name: str
    registry: _Place
    immutability: Fact[Immutability]
    encryption: Fact[Encryption]
    scanning: Fact[ScanSettings]
    access_policy: Fact[PolicyDocument]
    retention_policy: Fact[PolicyDocument]


class Side(msgspec.Struct):
    """The part of a repository's record that is compared."""

    id: str
    repository: _Settings
    images: _Images


def copied_images(side: Side) -> dict[str, SideImage]:
    """The images that must be in every copy: tagged ones and what tagged indexes name, without archived ones.

    Source: replication copies what is pushed; an archived image cannot be read, and is not copied again.
    """
    active = {image.digest: image for image in side.images.value if image.status == "active"}
    tagged = [image for image in active.values() if image.tags and image.kind in ("image", "index")]
    children = {child.digest for image in tagged if image.kind == "index" for child in image.children.value}
    return {image.digest: image for image in tagged} | {d: active[d] for d in sorted(children) if d in active}


def compare(source: Side, copy: Side | None, replica: Replica) -> Replica:
    """`replica` with what differs; `copy` is None where the destination has no such repository."""
    if copy is None:
        if source.images.state != "known":
            return msgspec.structs.replace(replica, images_unread=_unread("of the source", source))
        wanted = copied_images(source)
        digests = _newest(wanted.values(), lambda image: [image.digest])
        return msgspec.structs.replace(
            replica, missing_digests=digests.names, missing_count=digests.count, listed_after=digests.after
        )
    replica = msgspec.structs.replace(replica, differences=settings_differences(source, copy))
    for side, whose in ((source, "of the source"), (copy, "of the copy")):
        if side.images.state != "known":
            return msgspec.structs.replace(replica, images_unread=_unread(whose, side))
    return _compare_images(source, copy, replica)


def _unread(whose: str, side: Side) -> str:
    why = side.images.reason or side.images.state
    return f"the images {whose} were not read ({why}): {side.images.source}"


def _compare_images(source: Side, copy: Side, replica: Replica) -> Replica:
    wanted = copied_images(source)
    there = {image.digest for image in copy.images.value}
    tags = {tag: image.digest for image in copy.images.value for tag in image.tags}
    missing = [image for image in wanted.values() if image.digest not in there]

    def moved(image: SideImage) -> list[str]:
        return [tag for tag in image.tags if tags.get(tag, image.digest) != image.digest]

    def untagged(image: SideImage) -> list[str]:
        return [tag for tag in image.tags if tag not in tags and image.digest in there]

    lacking = _newest(missing, lambda image: [image.digest])
    elsewhere = _newest(wanted.values(), moved)
    bare = _newest(wanted.values(), untagged)
    return msgspec.structs.replace(
        replica,
        missing_digests=lacking.names,
        missing_count=lacking.count,
        moved_tags=elsewhere.names,
        moved_count=elsewhere.count,
        missing_tags=bare.names,
        missing_tags_count=bare.count,
        listed_after=max(lacking.after, elsewhere.after, bare.after),
    )


class _Listed(msgspec.Struct):
    """Names, sorted, of the images pushed last; `after`: the push time down to which they are all here."""

    names: list[str]
    count: int
    after: str


def _newest(images: Iterable[SideImage], names: Callable[[SideImage], list[str]]) -> _Listed:
    """At most `MOST` names. An image without a push time counts as the oldest."""
    pairs = [(_pushed(image), name) for image in images for name in names(image)]
    pairs.sort(reverse=True)
    kept = sorted(name for _, name in pairs[:MOST])
    # One of the same second may have been cut: only what is later is surely listed.
    return _Listed(kept, len(pairs), pairs[MOST][0] or "0000" if len(pairs) > MOST else "")


def _pushed(image: SideImage) -> str:
    return image.pushed_at.value if isinstance(image.pushed_at, Known) else ""


# -------------------------------------------------------------------- settings
def settings_differences(source: Side, copy: Side) -> list[ReplicaDifference]:
    """Every setting that differs, or that cannot be compared, in a fixed order."""
    mine, theirs = source.repository, copy.repository
    own = frozenset({mine.registry.account, theirs.registry.account})
    found = [
        _differ("immutability", _word(mine.immutability, _immutability), _word(theirs.immutability, _immutability)),
        _encryption(mine.encryption, theirs.encryption),
        _differ("retention", _word(mine.retention_policy, _retention), _word(theirs.retention_policy, _retention)),
        _policy(mine.access_policy, theirs.access_policy, own),
        _differ("scanning", _word(mine.scanning, _scanning), _word(theirs.scanning, _scanning)),
    ]
    return [difference for difference in found if difference is not None]


_Word = tuple[str, bool]
"""What a setting is, in words that are equal where settings are, and whether it was read."""


def _word(fact: Fact[Any], say: Any) -> _Word:
    if isinstance(fact, Unknown):
        return f"not read ({fact.reason.value}): {fact.source}", False
    return (say(fact.value) if isinstance(fact, Known) else "none"), True


def _differ(setting: Any, source: _Word, copy: _Word) -> ReplicaDifference | None:
    certain = source[1] and copy[1]
    if certain and source[0] == copy[0]:
        return None
    return ReplicaDifference(setting, source[0], copy[0], certain)


def _immutability(value: Immutability) -> str:
    mode = {"all": "immutable", "none": "mutable", "all_except": "immutable except"}.get(value.mode, "mutable except")
    if value.mode not in ("all", "none", "all_except", "none_except"):
        mode = value.mode
    rules = sorted(rule.pattern if rule.kind == "glob" else f"{rule.kind} {rule.pattern}" for rule in value.rules)
    return " ".join([mode, _listed(rules)]).strip()


def _encryption(source: Fact[Encryption], copy: Fact[Encryption]) -> ReplicaDifference | None:
    """By class first: where it differs, who manages the keys changes nothing."""
    if isinstance(source, Known) and isinstance(copy, Known) and source.value.type != copy.value.type:
        return ReplicaDifference("encryption", _class(source.value), _class(copy.value))
    return _differ("encryption", _key(source), _key(copy))


def _class(value: Encryption) -> str:
    return {"platform": "the platform's own", "kms": "KMS", "kms_dsse": "KMS in two layers"}[value.type]


def _key(fact: Fact[Encryption]) -> _Word:
    if not isinstance(fact, Known) or fact.value.type == "platform":
        return _word(fact, _class)
    manager = fact.value.key_manager
    if isinstance(manager, Unknown):
        return f"{_class(fact.value)}, whose key not read ({manager.reason.value}): {manager.source}", False
    whose = f"{manager.value}'s key" if isinstance(manager, Known) else "key that does not exist"
    return f"{_class(fact.value)} with a {whose}", True


def _retention(document: PolicyDocument) -> str:
    """The number of rules, and a digest that order, spacing and descriptions do not change."""
    try:
        content = json.loads(document.text)
        rules = content["rules"]
        plain = [{key: _sorted(value) for key, value in rule.items() if key != "description"} for rule in rules]
        plain.sort(key=lambda rule: json.dumps(rule, sort_keys=True))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return f"a text that does not parse ({_short(document.text)})"
    return f"{len(plain)} {'rule' if len(plain) == 1 else 'rules'} ({_short(json.dumps(plain, sort_keys=True))})"


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(value)
    return value


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _scanning(value: ScanSettings) -> str:
    return f"{value.tier}, {value.frequency.replace('_', ' ')}"


# -------------------------------------------------------------------- repository policies
def _policy(source: Fact[PolicyDocument], copy: Fact[PolicyDocument], own: frozenset[str]) -> ReplicaDifference | None:
    """Who is let in or kept out; the accounts of source and copy stand for each other."""
    if isinstance(source, Unknown) or isinstance(copy, Unknown):
        return _differ("policy", _word(source, lambda _: "read"), _word(copy, lambda _: "read"))
    try:
        mine, theirs = _callers(source, own), _callers(copy, own)
    except InputError as error:
        return ReplicaDifference("policy", "not comparable", error.message[:_MAX_TEXT], certain=False)
    if mine == theirs:
        return None
    return ReplicaDifference("policy", _only(mine - theirs), _only(theirs - mine))


def _only(callers: frozenset[str]) -> str:
    return _listed(sorted(callers)) or "nobody more"


def _callers(fact: Known[PolicyDocument] | Absent, own: frozenset[str]) -> frozenset[str]:
    if isinstance(fact, Absent):
        return frozenset()
    policy = parse_policy(fact.value.text)
    doubts = [*policy.doubts, *(doubt for statement in policy.statements for doubt in statement.doubts)]
    if doubts:
        raise InputError(f"a policy is not clear: {doubts[0]}")
    return frozenset(caller for statement in policy.statements for caller in _of_statement(statement, own))


def _of_statement(statement: Statement, own: frozenset[str]) -> list[str]:
    ending = " under conditions" if statement.conditions else ""
    named = [_principal(kind, value, own) for kind, value in statement.principals]
    named += [f"all but {_principal(kind, value, own)}" for kind, value in statement.not_principals]
    return [f"{statement.effect} {name}{ending}" for name in named]


def _principal(kind: str, value: str, own: frozenset[str]) -> str:
    parts = value.split(":")
    is_arn = value.startswith("arn:") and len(parts) > 5  # noqa: PLR2004  parts of an ARN
    whole = not is_arn or parts[5] == "root"
    account = parts[4] if is_arn else value
    if account in own:
        value = "own account" if whole else f"own {parts[-1]}"
    elif whole:
        value = account
    return value if kind == "AWS" else f"{kind} {value}"


def _listed(names: list[str]) -> str:
    """The first ten, each cut: tags and principals come from strangers."""
    shown = ", ".join(name[:_MAX_TEXT] for name in names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown

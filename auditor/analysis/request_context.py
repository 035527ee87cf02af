"""What the context keys of a request hold: fixed by who asks for what, free for the caller to choose, or not read.

Source: "AWS global condition context keys" of the IAM user guide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from auditor.analysis.condition_logic import Values, moment
from auditor.analysis.condition_search import Domain
from auditor.analysis.iam_actions import action_table, needs_registry
from auditor.inventory.facts import Absent, Fact, Known
from auditor.inventory.identity import OrganizationPlacement

Network = Literal["public", "endpoint"]
NETWORKS: tuple[Network, ...] = ("public", "endpoint")
"""A request comes over public addresses or through a VPC endpoint: the keys of one lack those of the other."""


@dataclass(frozen=True)
class Caller:
    """Who asks. `account` and `placement` of a service are those of whom it acts for."""

    arn: str
    """Of a service its name, as `lambda.amazonaws.com`."""
    account: str
    kind: Literal["role", "user", "root", "service"]
    unique_id: str
    tags: dict[str, str] = field(default_factory=dict)
    placement: Fact[OrganizationPlacement] = field(default_factory=lambda: Absent(""))
    session_tags: bool = False
    chosen: bool = False
    """Any role or user that the account's administrators may make: its name and tags are theirs to choose."""

    @property
    def name(self) -> str:
        """The name without its path."""
        return self.arn.rpartition("/")[2]

    @property
    def service_linked(self) -> bool:
        """A role that a service keeps for itself: control policies do not bind it."""
        return self.kind == "role" and ":role/aws-service-role/" in self.arn


@dataclass(frozen=True)
class Target:
    """What is asked for: one repository."""

    account: str
    region: str
    name: str
    partition: str
    tags: Fact[dict[str, str]]
    placement: Fact[OrganizationPlacement]
    now: str

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{self.name}"


@dataclass(frozen=True)
class Fixed:
    """The request's values, None where it surely lacks the key."""

    values: Values


@dataclass(frozen=True)
class Free:
    """The caller chooses within the domain."""

    domain: Domain


@dataclass(frozen=True)
class Unread:
    """It has a value that was not read."""

    reason: str


Held = Fixed | Free | Unread

CREATES = "ecr:CreateRepository"
_TAGS = frozenset({CREATES, "ecr:TagResource"})
_TAG_KEYS = _TAGS | {"ecr:UntagResource"}
_NEVER = Fixed(None)
_ALWAYS = Domain(may_be_missing=False)
_CHOSEN = {
    "aws:useragent": Domain(),
    "aws:referer": Domain(),
    "aws:multifactorauthpresent": Domain(),
    "aws:multifactorauthage": Domain(),
    "aws:tokenissuetime": Domain(),
    "aws:viaawsservice": _ALWAYS,
    "aws:calledvia": Domain(multivalued=True),
    "aws:calledviafirst": Domain(),
    "aws:calledvialast": Domain(),
    "aws:sourceidentity": Domain(),
    "aws:federatedprovider": Domain(),
}
_OF_SERVICES = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}
_OF_ENDPOINTS = {
    "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip",
    "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths",
}  # fmt: skip
_PRINCIPAL_TYPES = {"role": "AssumedRole", "user": "User", "root": "Account"}


@cache
def on_registry(action: str) -> bool:
    """Whether an action has no repository as its resource: only the resource `*` covers it."""
    return action in action_table().actions and needs_registry(action)


def held(key: str, caller: Caller, target: Target, network: Network, action: str) -> Held:
    """What a request for `action` holds for `key` (lower case)."""
    prefix, _, tag = key.partition("/")
    found = _of_request(key, prefix, network, action) or _of_target(prefix, tag, target, action)
    if found is not None:
        return found
    found = _of_service(key, caller) if caller.kind == "service" else _of_caller(key, prefix, tag, caller)
    return found or Unread(f"the condition key {key} is not understood")


def of_caller(key: str) -> bool:
    """Whether a key tells one caller of an account from another."""
    return key.startswith(("aws:principaltag/", "aws:principalarn", "aws:userid", "aws:username"))


def of_target(key: str) -> bool:
    """Whether a key tells one repository of an account from another."""
    return key.startswith(("aws:resourcetag/", "ecr:resourcetag/", "aws:requestedregion"))


def _of_request(key: str, prefix: str, network: Network, action: str) -> Held | None:
    if key in _CHOSEN:
        return Free(_CHOSEN[key])
    if key in _OF_ENDPOINTS:
        return Free(_ALWAYS) if network == "endpoint" else _NEVER
    if key == "aws:sourceip":
        return Free(Domain(may_be_missing=False, public_address=True)) if network == "public" else _NEVER
    if prefix == "aws:requesttag":
        return Free(Domain()) if action in _TAGS else _NEVER
    if key == "aws:tagkeys":
        return Free(Domain(multivalued=True)) if action in _TAG_KEYS else _NEVER
    # The endpoints of these services take TLS only.
    return Fixed(("true",)) if key == "aws:securetransport" else None


def _of_target(prefix: str, tag: str, target: Target, action: str) -> Held | None:
    match prefix:
        case "aws:resourceorgid" | "aws:resourceorgpaths":
            return _placed(target.placement, prefix)
        case "aws:resourcetag" | "ecr:resourcetag":
            # What is about to be made, and the registry itself, has no tags.
            return _NEVER if action == CREATES or on_registry(action) else _tag(target.tags, tag)
        case "aws:resourceaccount":
            return Fixed((target.account,))
        case "aws:requestedregion":
            return Fixed((target.region,))
        case "aws:currenttime":
            return Fixed((target.now,))
        case "aws:epochtime":
            return Fixed((str(int(moment(target.now))),))
    return None


def _of_caller(key: str, prefix: str, tag: str, caller: Caller) -> Held | None:  # noqa: C901  one case a key
    if key in _OF_SERVICES or key in ("aws:principalservicename", "aws:principalservicenameslist"):
        return _NEVER
    match prefix:
        case "aws:principalarn":
            return _free(f"{caller.arn.rpartition(':')[0]}:{caller.kind}/") if caller.chosen else Fixed((caller.arn,))
        case "aws:principalaccount":
            return Fixed((caller.account,))
        case "aws:principaltype":
            return Fixed((_PRINCIPAL_TYPES[caller.kind],))
        case "aws:principalisawsservice":
            return Fixed(("false",))
        case "aws:username":
            if caller.kind != "user":
                return _NEVER
            return _free("") if caller.chosen else Fixed((caller.name,))
        case "aws:userid":
            return _user_id(caller)
        case "aws:principalorgid" | "aws:principalorgpaths":
            if caller.chosen and key == "aws:principalorgpaths" and isinstance(caller.placement, Known):
                return _free(f"{caller.placement.value.id}/")
            return _placed(caller.placement, key)
        case "aws:principaltag":
            if caller.chosen or (caller.kind == "role" and caller.session_tags):
                return Free(Domain())
            return Fixed(_tag_value(caller.tags, tag))
    return None


def _user_id(caller: Caller) -> Held:
    if caller.chosen:
        return _free("")
    if caller.kind == "role":
        return _free(f"{caller.unique_id}:")
    return Fixed((caller.account if caller.kind == "root" else caller.unique_id,))


def _of_service(key: str, caller: Caller) -> Held | None:
    match key:
        case "aws:principalisawsservice":
            return Fixed(("true",))
        case "aws:principalservicename" | "aws:principalservicenameslist":
            return Fixed((caller.arn,))
        case "aws:sourceaccount":
            return Fixed((caller.account,))
        case "aws:sourcearn":
            return Free(Domain(may_be_missing=False, of_account=caller.account))
        case "aws:sourceorgid" | "aws:sourceorgpaths":
            return _placed(caller.placement, key)
    # A service is nobody's role or user: it has no account, organisation, name or tags.
    return _NEVER if key.startswith(("aws:principal", "aws:user")) else None


def _free(prefix: str) -> Free:
    return Free(Domain(may_be_missing=False, prefix=prefix))


def _placed(placement: Fact[OrganizationPlacement], key: str) -> Held:
    if isinstance(placement, Known):
        if key.endswith("id"):
            return Fixed((placement.value.id,))
        if placement.value.path:
            return Fixed((placement.value.path,))
        return Unread("the place in the organisation was not read")
    if isinstance(placement, Absent):
        return _NEVER
    return Unread(f"the caller's organisation was not read ({placement.source} would settle it)")


def _tag(tags: Fact[dict[str, str]], tag: str) -> Held:
    if isinstance(tags, Known):
        return Fixed(_tag_value(tags.value, tag))
    if isinstance(tags, Absent):
        return _NEVER
    return Unread(f"the repository's tags were not read ({tags.source} would settle it)")


def _tag_value(tags: dict[str, str], tag: str) -> Values:
    """Tag keys in condition keys are not case-sensitive."""
    for name, value in tags.items():
        if name.lower() == tag:
            return (value,)
    return None

"""What the context keys of a request hold: fixed by who asks for what, free for the caller to choose, or not read.

Source: "AWS global condition context keys" of the IAM user guide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from auditor.analysis.condition_logic import Values
from auditor.analysis.condition_search import Domain
from auditor.inventory.facts import Absent, Fact, Known
from auditor.inventory.identity import OrganizationPlacement

Network = Literal["public", "endpoint"]
NETWORKS: tuple[Network, ...] = ("public", "endpoint")
"""A request comes over public addresses or through a VPC endpoint: the keys of one lack those of the other."""


@dataclass(frozen=True)
class Caller:
    """Who asks. `placement`: the caller's organisation; `unread_tags`: why tags may be others than `tags`."""

    arn: str
    account: str
    kind: Literal["role", "user"]
    unique_id: str
    tags: dict[str, str] = field(default_factory=dict)
    placement: Fact[OrganizationPlacement] = field(default_factory=lambda: Absent(""))
    session_tags: bool = False

    @property
    def name(self) -> str:
        """The name without its path."""
        return self.arn.rpartition("/")[2]


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

_NEVER = Fixed(None)
_CHOSEN = {
    "aws:useragent": Domain(),
    "aws:referer": Domain(),
    "aws:multifactorauthpresent": Domain(),
    "aws:multifactorauthage": Domain(),
    "aws:tokenissuetime": Domain(),
    "aws:viaawsservice": Domain(may_be_missing=False),
    "aws:calledvia": Domain(multivalued=True),
    "aws:calledviafirst": Domain(),
    "aws:calledvialast": Domain(),
    "aws:tagkeys": Domain(multivalued=True),
    "aws:sourceidentity": Domain(),
    "aws:federatedprovider": Domain(),
}
_OF_SERVICES = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}
_OF_ENDPOINTS = {"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"}


def held(key: str, caller: Caller, target: Target, network: Network) -> Held:  # noqa: C901, PLR0912  one case a key
    """What the request holds for `key` (lower case)."""
    if key in _CHOSEN:
        return Free(_CHOSEN[key])
    if key in _OF_SERVICES:
        return _NEVER
    if key in _OF_ENDPOINTS:
        return Free(Domain(may_be_missing=False)) if network == "endpoint" else _NEVER
    prefix, _, tag = key.partition("/")
    match prefix:
        case "aws:sourceip":
            return Free(Domain(may_be_missing=False)) if network == "public" else _NEVER
        case "aws:principalarn":
            return Fixed((caller.arn,))
        case "aws:principalaccount":
            return Fixed((caller.account,))
        case "aws:principaltype":
            return Fixed(("AssumedRole" if caller.kind == "role" else "User",))
        case "aws:principalisawsservice":
            return Fixed(("false",))
        case "aws:principalservicename" | "aws:principalservicenameslist":
            return _NEVER
        case "aws:username":
            return Fixed((caller.name,)) if caller.kind == "user" else _NEVER
        case "aws:userid":
            if caller.kind == "user":
                return Fixed((caller.unique_id,))
            return Free(Domain(may_be_missing=False, prefix=f"{caller.unique_id}:"))
        case "aws:principalorgid" | "aws:principalorgpaths":
            return _placed(caller.placement, key)
        case "aws:resourceorgid" | "aws:resourceorgpaths":
            return _placed(target.placement, key)
        case "aws:principaltag":
            return _principal_tag(caller, tag)
        case "aws:resourcetag" | "ecr:resourcetag":
            return _tag(target.tags, tag)
        case "aws:requesttag":
            return Free(Domain())
        case "aws:resourceaccount":
            return Fixed((target.account,))
        case "aws:requestedregion":
            return Fixed((target.region,))
        case "aws:securetransport":
            # The endpoints of these services take TLS only.
            return Fixed(("true",))
        case "aws:currenttime" | "aws:epochtime":
            return Fixed((target.now,))
    return Unread(f"the condition key {key} is not understood")


def _placed(placement: Fact[OrganizationPlacement], key: str) -> Held:
    if isinstance(placement, Known):
        if key.endswith("id"):
            return Fixed((placement.value.id,))
        if placement.value.path:
            return Fixed((placement.value.path,))
        return Unread("the place in the organisation was not read")
    if isinstance(placement, Absent):
        return _NEVER
    return Unread(f"the organisation was not read ({placement.source} would settle it)")


def _principal_tag(caller: Caller, tag: str) -> Held:
    if caller.kind == "role" and caller.session_tags:
        return Free(Domain())
    return Fixed(_tag_value(caller.tags, tag))


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

"""Which accounts an organisation has: by organisational unit, tag, and globs on id and name.

Source of the operations: botocore's organizations model (API version 2016-11-28).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.settings import AccountSettings, OrganizationSettings
from auditor.collectors.failed import CallFailedError
from auditor.collectors.selection import selected

MAX_NAME = 64
CALLS = frozenset(
    {
        "organizations:DescribeOrganization",
        "organizations:ListAccounts",
        "organizations:ListAccountsForParent",
        "organizations:ListChildren",
        "organizations:ListTagsForResource",
    }
)


@dataclass
class Members:
    """The accounts of an organisation that are to be read; those found so far where listing failed."""

    organization: str = ""
    accounts: list[AccountSettings] = field(default_factory=list)
    """In the order of their ids, each with the role to assume; without one: the account that lists."""
    notes: list[str] = field(default_factory=list)
    failure: CallFailedError | None = None
    """Why there may be more accounts than these."""


def list_members(caller: Caller, wanted: OrganizationSettings, reader: str) -> Members:
    """List the accounts. `reader` is the account whose credentials `caller` uses: it assumes no role in itself.

    Accounts that are not active are left out with a note: nothing in them can be read.
    """
    members = Members()
    found: dict[str, dict[str, Any]] = {}
    try:
        organization = caller.call("DescribeOrganization")["Organization"]
        members.organization = str(organization["Id"])
        _accounts(caller, wanted, found)
        kept = _kept(caller, wanted, found, str(organization.get("MasterAccountId", "")), members.notes)
    except CallFailedError as failure:
        members.failure = failure
        return members
    partition = str(organization.get("Arn", "")).split(":")[1:2] or ["aws"]
    members.accounts = [_entry(identity, wanted, reader, partition[0]) for identity in kept]
    return members


def _accounts(caller: Caller, wanted: OrganizationSettings, found: dict[str, dict[str, Any]]) -> None:
    if not wanted.ous:
        found.update((str(a["Id"]), a) for a in caller.pages("ListAccounts", "Accounts", "NextToken"))
        return
    seen: set[str] = set()
    pending = sorted(wanted.ous, reverse=True)
    while pending:
        parent = pending.pop()
        if parent in seen:
            continue
        seen.add(parent)
        for account in caller.pages("ListAccountsForParent", "Accounts", "NextToken", ParentId=parent):
            found[str(account["Id"])] = account
        children = caller.pages(
            "ListChildren", "Children", "NextToken", ParentId=parent, ChildType="ORGANIZATIONAL_UNIT"
        )
        pending.extend(sorted((str(child["Id"]) for child in children), reverse=True))


def _kept(
    caller: Caller, wanted: OrganizationSettings, found: dict[str, dict[str, Any]], management: str, notes: list[str]
) -> list[str]:
    kept = []
    for identity, account in sorted(found.items()):
        name = str(account.get("Name", ""))[:MAX_NAME]
        if identity == management and not wanted.include_management:
            continue
        if not _selected(identity, name, wanted):
            continue
        state = str(account.get("State") or account.get("Status") or "ACTIVE")
        if state != "ACTIVE":
            notes.append(f"account {identity} ({name}) is {state.lower().replace('_', ' ')} and was not read")
            continue
        if wanted.tags:
            pages = caller.pages("ListTagsForResource", "Tags", "NextToken", ResourceId=identity)
            tags = {str(tag["Key"]): str(tag.get("Value", "")) for tag in pages}
            if any(tags.get(key) != value for key, value in wanted.tags.items()):
                continue
        kept.append(identity)
    return kept


def _selected(identity: str, name: str, wanted: OrganizationSettings) -> bool:
    texts = [text for text in (identity, name) if text]
    if any(not selected(text, ["*"], wanted.exclude) for text in texts):
        return False
    return any(selected(text, wanted.include, []) for text in texts)


def _entry(identity: str, wanted: OrganizationSettings, reader: str, partition: str) -> AccountSettings:
    if identity == reader:
        return AccountSettings(account_id=identity)
    return AccountSettings(
        role_arn=f"arn:{partition}:iam::{identity}:role/{wanted.role_name.strip('/')}",
        external_id=wanted.external_id,
        session_tags=wanted.session_tags,
        account_id=identity,
    )

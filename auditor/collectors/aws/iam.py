"""The collector of identities: one scope an account, `iam/<account>/global`.

Source of the operations and their shapes: botocore's iam and organizations models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import msgspec

from auditor.analysis.identity_grants import derive_account, granting_policies, holds_registry_rights
from auditor.collectors.aws.access_keys import read_access_keys
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.entrances import enter_accounts
from auditor.collectors.aws.iam_policies import DETAILS, Identities, read_identities
from auditor.collectors.aws.organizations import CONTROL_POLICY, Memo, OrganizationFacts, OrganizationReader
from auditor.collectors.aws.scopes import Visit, visit_scopes
from auditor.collectors.aws.session import Account, make_client
from auditor.collectors.aws.settings import AccountSettings, AwsSettings
from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.identity import AccessKey, AccountRecord
from auditor.inventory.names import identities_urn
from auditor.inventory.writing import SnapshotWriter
from auditor.ports import Phase

KIND: Literal["iam"] = "iam"

Progress = Callable[[str, int], None]


class IamSettings(AwsSettings, frozen=True, kw_only=True):
    """A target of kind `iam`."""

    kind: Literal["iam"] = "iam"
    organization_account: AccountSettings | None = None
    """How to get into the management account or a delegated one."""


class IamCollector:
    """See `ports.Collector`."""

    kind: ClassVar[str] = KIND
    phase: ClassVar[Phase] = "identities"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.aws", "iam_target.json")
    calls: ClassVar[frozenset[str]] = frozenset(
        {
            "iam:GetAccessKeyLastUsed",
            "iam:GetAccountAuthorizationDetails",
            "iam:ListAccessKeys",
            "organizations:DescribeOrganization",
            "organizations:DescribePolicy",
            "organizations:ListParents",
            "organizations:ListPoliciesForTarget",
            "organizations:ListRoots",
            "sts:AssumeRole",
            "sts:GetCallerIdentity",
        }
    )

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> None:
        """See `ports.Collector.collect`."""
        settings = msgspec.convert(target, IamSettings)
        organization = _Organization(settings)
        visit_scopes(
            settings, writer, progress, kind=KIND, regional=False, work=lambda visit: _read(visit, organization)
        )


class _Organization:
    """The organisation as all accounts of a target see it: through one account, or each through itself."""

    def __init__(self, settings: IamSettings) -> None:
        self._settings = settings
        self._memo = Memo()
        self._account: Account | None = None
        if settings.organization_account is not None:
            [self._account] = enter_accounts(
                msgspec.structs.replace(settings, accounts=[settings.organization_account])
            )

    def of(self, visit: Visit) -> OrganizationFacts:
        """What is over the visited account."""
        entered = self._account
        if entered is None and visit.entrances is not None:
            # Who lists the accounts of an organisation can read what is over them as well.
            entered = visit.entrances.organization_account(self._settings)
        if entered is None:
            return OrganizationReader(visit.caller("organizations"), Memo(), visit.recorder).read(visit.account.id)
        if entered.failure is not None:
            failure = entered.failure
            for _ in ("placement", "guardrails"):
                visit.recorder.settle(failure.fact, visit.account.id, message=failure.message)
            return OrganizationFacts(failure.fact, failure.fact, [])
        client = make_client(entered.session, "organizations", visit.region, self._settings)
        caller = Caller(client, "organizations", visit.pace, visit.recorder)
        return OrganizationReader(caller, self._memo, visit.recorder).read(visit.account.id)


def _read(visit: Visit, organization: _Organization) -> AccountRecord:
    """The record of one account. What could not be read is unknown in it."""
    iam = visit.caller("iam")
    urn = identities_urn(visit.account.id)
    found = _identities(visit, iam, urn)
    over = organization.of(visit)
    for policy in [*(found.policies if isinstance(found, Identities) else []), *over.policies]:
        if policy.unread:
            source = CONTROL_POLICY if policy.kind == "guardrail" else DETAILS
            visit.recorder.settle(Unknown(Reason.PARSE_ERROR, source, policy.unread), policy.id)
    policies: Fact[Any] = found if isinstance(found, Unknown) else Known(found.policies + over.policies, DETAILS)
    principals: Fact[Any] = found if isinstance(found, Unknown) else Known(found.principals, DETAILS)
    keys = _keys(visit, iam, found, urn)
    visit.progress(visit.scope.id, 1)
    return AccountRecord(
        id=urn,
        scope=visit.scope.id,
        now=visit.scope.now,
        account=visit.account.id,
        placement=over.placement,
        principals=principals,
        policies=policies,
        guardrails=over.guardrails,
        access_keys=keys,
        derived=derive_account(principals, policies),
    )


def _identities(visit: Visit, iam: Caller, urn: str) -> Identities | Unknown:
    """Principals and policies come from one call, and count as two facts."""
    fact: Fact[Any]
    try:
        found: Identities | Unknown = read_identities(iam)
        fact, message = Known(True), ""
    except CallFailedError as failure:
        if isinstance(failure.fact, Absent):
            raise
        found, fact, message = failure.fact, failure.fact, failure.message
    for _ in ("principals", "policies"):
        visit.recorder.settle(fact, urn, message=message)
    return found


def _keys(visit: Visit, iam: Caller, found: Identities | Unknown, urn: str) -> Fact[list[AccessKey]]:
    """Keys are looked for only where they open a registry: without the policies nobody knows whose those are."""
    if isinstance(found, Unknown):
        visit.recorder.settle(found, urn)
        return found
    granting = granting_policies(found.policies)
    users = [p.arn for p in found.principals if p.kind == "user" and holds_registry_rights(p, granting)]
    return read_access_keys(iam, visit.recorder, visit.pool, users, urn)

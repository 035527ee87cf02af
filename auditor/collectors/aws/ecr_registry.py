"""Reads what one registry (account and region) has for itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Literal

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.credential_ages import CredentialAges
from auditor.collectors.aws.words import FREQUENCIES, document, encryption, immutability, wildcard
from auditor.collectors.failed import fact_of
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.model import Registry, SigningRule
from auditor.inventory.parts import PolicyDocument
from auditor.inventory.recorder import Recorder
from auditor.inventory.replication import CacheRule, CreationTemplate, Destination, ReplicationRule
from auditor.inventory.scanning import RegistryScanning, RegistryScanRule

_SETTINGS = ("BASIC_SCAN_TYPE_VERSION", "BLOB_MOUNTING")


class RegistryFacts:
    """The registry's facts, asked for at once and waited for when they are used.

    `earlier`: a registry whose facts hold still. Those that were unknown then are asked for all the same, and so are
    cache rules: what they refer to changes elsewhere.
    """

    def __init__(
        self,
        ecr: Caller,
        recorder: Recorder,
        pool: Executor,
        registry_id: str,
        secrets: CredentialAges,
        earlier: Registry | None = None,
    ) -> None:
        self._ecr = ecr
        self._secrets = secrets
        self._recorder = recorder
        self._id = registry_id

        def submit(work: Callable[[], Any]) -> Callable[[], Any]:
            old: Fact[Any] | None = getattr(earlier, work.__name__.lstrip("_"), None)
            if isinstance(old, (Known, Absent)) and work != self._cache_rules:
                recorder.settle(old, registry_id)
                return lambda: old
            future = pool.submit(lambda: fact_of(work, recorder=recorder, affects=registry_id))
            return future.result

        self.access_policy: Callable[[], Fact[PolicyDocument]] = submit(self._access_policy)
        self.policy_scope: Callable[[], Fact[Any]] = submit(self._policy_scope)
        self.scanning: Callable[[], Fact[RegistryScanning]] = submit(self._scanning)
        self.replication: Callable[[], Fact[list[ReplicationRule]]] = submit(self._replication)
        self.cache_rules: Callable[[], Fact[list[CacheRule]]] = submit(self._cache_rules)
        self.creation_templates: Callable[[], Fact[list[CreationTemplate]]] = submit(self._creation_templates)
        self.signing: Callable[[], Fact[list[SigningRule]]] = submit(self._signing)
        self.settings: Callable[[], Fact[dict[str, str]]] = submit(self._settings)

    def _access_policy(self) -> Known[PolicyDocument] | Absent:
        text = self._ecr.call("GetRegistryPolicy")["policyText"]
        return Known(document(text, "aws_iam"), "ecr:GetRegistryPolicy")

    def _policy_scope(self) -> Known[Any] | Absent:
        value = self._ecr.call("GetAccountSetting", name="REGISTRY_POLICY_SCOPE").get("value")
        return Known("registry_actions" if value == "V1" else "all_actions", "ecr:GetAccountSetting")

    def _scanning(self) -> Known[RegistryScanning] | Absent:
        found = self._ecr.call("GetRegistryScanningConfiguration").get("scanningConfiguration") or {}
        rules = [
            RegistryScanRule(
                FREQUENCIES.get(rule.get("scanFrequency"), "manual"), wildcard(rule.get("repositoryFilters"))
            )
            for rule in found.get("rules") or []
        ]
        tier: Literal["enhanced", "basic"] = "enhanced" if found.get("scanType") == "ENHANCED" else "basic"
        return Known(RegistryScanning(tier, rules), "ecr:GetRegistryScanningConfiguration")

    def _replication(self) -> Known[list[ReplicationRule]] | Absent:
        found = self._ecr.call("DescribeRegistry").get("replicationConfiguration") or {}
        rules = [
            ReplicationRule(
                filters=wildcard(rule.get("repositoryFilters")),
                destinations=[Destination(d["registryId"], d["region"]) for d in rule.get("destinations") or []],
                deletes=bool((rule.get("deleteReplication") or {}).get("enabled", False)),
            )
            for rule in found.get("rules") or []
        ]
        return Known(rules, "ecr:DescribeRegistry")

    def _cache_rules(self) -> Known[list[CacheRule]] | Absent:
        source = "ecr:DescribePullThroughCacheRules"
        rules = [
            CacheRule(
                prefix=rule["ecrRepositoryPrefix"],
                upstream=rule.get("upstreamRegistryUrl", ""),
                upstream_kind=rule.get("upstreamRegistry", ""),
                credential=Known(rule["credentialArn"]) if rule.get("credentialArn") else Absent(source),
                credential_since=self._secrets.of(rule["credentialArn"])
                if rule.get("credentialArn")
                else Absent(source),
            )
            for rule in self._ecr.pages("DescribePullThroughCacheRules", "pullThroughCacheRules", maxResults=1000)
        ]
        return Known(rules, source)

    def _creation_templates(self) -> Known[list[CreationTemplate]] | Absent:
        pages = self._ecr.pages("DescribeRepositoryCreationTemplates", "repositoryCreationTemplates", maxResults=1000)
        return Known([_template(entry) for entry in pages], "ecr:DescribeRepositoryCreationTemplates")

    def _signing(self) -> Known[list[SigningRule]] | Absent:
        found = self._ecr.call("GetSigningConfiguration").get("signingConfiguration") or {}
        rules = [
            SigningRule(rule.get("signingProfileArn", ""), wildcard(rule.get("repositoryFilters")))
            for rule in found.get("rules") or []
        ]
        return Known(rules, "ecr:GetSigningConfiguration")

    def _settings(self) -> Known[dict[str, str]] | Absent:
        values = {name: str(self._ecr.call("GetAccountSetting", name=name).get("value", "")) for name in _SETTINGS}
        exclusions = self._ecr.pages("ListPullTimeUpdateExclusions", "pullTimeUpdateExclusions", maxResults=100)
        values["PULL_TIME_UPDATE_EXCLUSIONS"] = ",".join(sorted(str(entry) for entry in exclusions))
        return Known(values, "ecr:GetAccountSetting")


def _template(entry: dict[str, Any]) -> CreationTemplate:
    source = "ecr:DescribeRepositoryCreationTemplates"
    manager: Unknown = Unknown(Reason.NOT_REQUESTED, "kms:DescribeKey")
    access, retention = entry.get("repositoryPolicy"), entry.get("lifecyclePolicy")
    tags = {tag["Key"]: tag.get("Value", "") for tag in entry.get("resourceTags") or []}
    return CreationTemplate(
        prefix=entry.get("prefix", ""),
        applied_for=sorted(entry.get("appliedFor") or []),
        immutability=immutability(entry, source) if entry.get("imageTagMutability") else Absent(source),
        encryption=encryption(entry, manager, source) if entry.get("encryptionConfiguration") else Absent(source),
        resource_tags=Known(tags) if tags else Absent(source),
        access_policy=Known(document(access, "aws_iam")) if access else Absent(source),
        retention_policy=Known(document(retention, "ecr_lifecycle")) if retention else Absent(source),
    )

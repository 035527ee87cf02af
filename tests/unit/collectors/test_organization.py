"""Which accounts an organisation gives, and that each is entered once whatever is read of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import plugins
from auditor.collectors.aws.composite import AwsTarget
from auditor.collectors.aws.ecr import EcrCollector
from auditor.config.settings import Config, Settings
from auditor.errors import ConfigError
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from auditor.run.targets import checked_targets
from tests.support.audits import FAST
from tests.support.ecr_server import ACCOUNT, Faults, Refusal, Registry, World, ecr_server, make_image, make_repository

REGIONS = ("eu-west-1", "us-east-1")
A, B, C, D = (str(number) * 12 for number in (2, 3, 4, 5))
INDEX = "application/vnd.oci.image.index.v1+json"


def member(identity: str, name: str, **more: str) -> dict[str, Any]:
    return {"Id": identity, "Name": name, "Status": "ACTIVE", **more}


def world(**more: Any) -> World:
    return World(
        regions={region: Registry() for region in REGIONS},
        members=[
            member(ACCOUNT, "management"),
            member(A, "shop-prod"),
            member(B, "shop-sandbox"),
            member(C, "closed", Status="SUSPENDED", State="SUSPENDED"),
            member(D, "bank-prod"),
        ],
        children={
            "r-root": [ACCOUNT, "ou-shop-11111111", "ou-bank-22222222"],
            "ou-shop-11111111": [A, "ou-shop-33333333"],
            "ou-shop-33333333": [B, C],
            "ou-bank-22222222": [D],
        },
        account_tags={A: {"audit": "yes"}, D: {"audit": "no"}},
        **more,
    )


def read(folder: Path, served: World, regions: Any = "discover", targets: int = 1, **organization: Any) -> Manifest:
    with ecr_server(served) as url:
        settings = {"role_name": "audit/registry-audit", "external_id": "agreed", **organization}
        full = {"kind": "ecr", "regions": regions, "endpoint_url": url, "from_organization": settings, **FAST}
        config = Config(Settings(targets=[full] * targets))
        return collect(config, folder / "snapshot", lambda _what, _count: None).manifest


def accounts(manifest: Manifest) -> set[str]:
    return {scope.id.split("/")[1] for scope in manifest.scopes}


def test_all_active_accounts_but_the_management_account(tmp_path: Path) -> None:
    manifest = read(tmp_path, world())

    assert accounts(manifest) == {A, B, D}
    assert len(manifest.scopes) == 6
    assert all(scope.errors == [] for scope in manifest.scopes)
    assert manifest.notes == [f"account {C} (closed) is suspended and was not read"]
    assert manifest.calls_by_operation["organizations:ListAccounts"] == 1
    assert manifest.calls_by_operation["sts:AssumeRole"] == 3


def test_organisation_found_is_the_registrys_own(tmp_path: Path) -> None:
    read(tmp_path, world(), regions=["us-east-1"])

    [context, *_] = sorted((tmp_path / "snapshot" / "parts").glob("*.context.json"))
    assert json.loads(context.read_bytes())["registry"]["organization"]["value"] == "o-testtest12"


def test_management_account_is_read_with_the_credentials_that_list(tmp_path: Path) -> None:
    served = world()
    manifest = read(tmp_path, served, include_management=True)

    assert accounts(manifest) == {ACCOUNT, A, B, D}
    assert served.calls["AssumeRole"] == 3


def test_an_account_that_is_also_listed_by_a_profile_is_read_once(tmp_path: Path) -> None:
    with ecr_server(world()) as url:
        full = {
            "kind": "ecr", "regions": ["us-east-1"], "endpoint_url": url, "accounts": [{}],
            "from_organization": {"role_name": "x", "include_management": True}, **FAST,
        }  # fmt: skip
        manifest = collect(Config(Settings(targets=[full])), tmp_path / "s", lambda _what, _count: None).manifest

    assert [scope.id.split("/")[1] for scope in manifest.scopes] == [ACCOUNT, A, B, D]


def test_units_are_followed_down_and_globs_fit_ids_and_names(tmp_path: Path) -> None:
    below = read(tmp_path / "a", world(), ous=["ou-shop-11111111"])
    names = read(tmp_path / "b", world(), include=["*-prod"])
    both = read(tmp_path / "c", world(), ous=["r-root"], exclude=["*-sandbox", D])

    assert accounts(below) == {A, B}
    assert below.calls_by_operation["organizations:ListChildren"] == 2
    assert accounts(names) == {A, D}
    assert accounts(both) == {A}


def test_tags_of_accounts(tmp_path: Path) -> None:
    manifest = read(tmp_path, world(), tags={"audit": "yes"})

    assert accounts(manifest) == {A}


def test_regions_by_opt_in_and_globs(tmp_path: Path) -> None:
    manifest = read(tmp_path, world(), regions={"include": ["eu-*"]}, include=[A])

    assert [scope.id for scope in manifest.scopes] == [f"ecr/{A}/eu-west-1"]


def test_refused_list_is_one_unknown_scope_that_says_so(tmp_path: Path) -> None:
    served = world(refusals={"organizations:ListAccounts": Refusal("AccessDeniedException", message="no")})
    manifest = read(tmp_path, served)

    [scope] = manifest.scopes
    assert (scope.id, scope.context) == ("ecr/organization/accounts", None)
    assert [(e.operation, e.reason) for e in scope.errors] == [("organizations:ListAccounts", "access_denied")]
    assert not manifest.complete


def test_denied_role_is_unknown_and_the_others_are_read(tmp_path: Path) -> None:
    manifest = read(tmp_path, world(faults=Faults(denied={B})), regions=["us-east-1"])

    errors = {scope.id: [error.operation for error in scope.errors] for scope in manifest.scopes}
    assert errors == {f"ecr/{A}/us-east-1": [], f"ecr/{B}/us-east-1": ["sts:AssumeRole"], f"ecr/{D}/us-east-1": []}


def test_recorder_sees_exactly_the_calls_that_are_declared(tmp_path: Path) -> None:
    """Of the services that the collector reads registries and accounts with; others have tests of their own."""
    digest = make_image(9)["imageDigest"]
    images = [
        make_image(1, "v1", imageScanFindingsSummary={"findingSeverityCounts": {"HIGH": 1}}),
        make_image(9, "v2", imageManifestMediaType=INDEX),
        make_image(3, "v3", subjectManifestDigest=make_image(1)["imageDigest"],
                   artifactMediaType="application/vnd.dev.sigstore.bundle.v0.3+json"),
    ]  # fmt: skip
    key = {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"}}
    repository = make_repository(
        "a", images=images, tags={}, settings=key, manifests={digest: "{}"}, retention="{}", policy="{}"
    )
    served = world()
    served.regions["us-east-1"] = Registry(
        repositories={"a": repository},
        signing=[{"signingProfileArn": "arn", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD_MATCH"}]}],
    )
    with ecr_server(served) as url:
        listed = {"role_name": "x", "ous": ["r-root"], "tags": {"audit": "yes"}, "include_management": True}
        full = {"kind": "ecr", "regions": "discover", "endpoint_url": url, "from_organization": listed, **FAST}
        served.account_tags[ACCOUNT] = {"audit": "yes"}
        whole = {**full, "from_organization": {"role_name": "x"}}
        manifests = []
        for number, target in enumerate((full, whole, full)):
            config = Config(Settings(targets=[target]))
            since = tmp_path / "0" if number == 2 else None
            outcome = collect(config, tmp_path / str(number), lambda _what, _count: None, since=since)
            manifests.append(outcome.manifest)

    seen = {name for manifest in manifests for name in manifest.calls_by_operation}
    seen |= {name for manifest in manifests for scope in manifest.scopes for name in scope.calls_by_operation}
    ours = ("account:", "ecr:", "organizations:", "sts:", "tagging:")
    declared = {call for call in EcrCollector.calls if call.startswith(ours)} | {"cloudtrail:LookupEvents"}
    # Asked for by settings of their own, which have their own tests.
    declared -= {"ecr:DescribeImageReplicationStatus", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"}
    assert {call for call in seen if call.startswith((*ours, "cloudtrail:Lookup"))} == declared
    assert seen <= EcrCollector.calls


# ---------------------------------------------------------------- one target for several kinds
def test_composite_target_shares_its_settings() -> None:
    target = {
        "kind": "aws", "regions": ["eu-west-1"], "accounts": [{"profile": "p"}], "read": ["registries", "identities"],
        "registries": {"read_manifests": False},
    }  # fmt: skip

    registries, identities = AwsTarget().expand(target)

    shared = {"regions": ["eu-west-1"], "accounts": [{"profile": "p"}]}
    assert registries == {"kind": "ecr", **shared, "read_manifests": False}
    assert identities == {"kind": "iam", **shared}
    assert [part["kind"] for part in AwsTarget().expand({"kind": "aws", "regions": "discover"})] == [
        "ecr",
        "iam",
        "workloads",
    ]


def test_composite_target_is_checked_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(**target: Any) -> list[Any]:
        return checked_targets(Config(Settings(targets=[{"kind": "aws", "regions": "discover", **target}])))

    [(collector, target)] = check(read=["registries"])
    assert (collector.kind, target["kind"]) == ("ecr", "ecr")
    with pytest.raises(ConfigError, match="unknown key; did you mean 'read_manifests'"):
        check(read=["registries"], registries={"read_manifest": True})
    monkeypatch.setitem(plugins.BUILTIN, "collectors", {"ecr": plugins.BUILTIN["collectors"]["ecr"]})
    with pytest.raises(ConfigError, match="unknown target kind 'iam'"):
        check(read=["identities"])


def test_accounts_are_entered_once_for_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(EcrCollector):
        """Another kind that visits the same accounts."""

        kind = "other"

        def collect(self, target: Any, writer: Any, progress: Any) -> None:
            import msgspec

            from auditor.collectors.aws.scopes import visit_scopes
            from auditor.collectors.aws.settings import EcrSettings

            settings = msgspec.convert({**target, "kind": "ecr"}, EcrSettings)
            visit_scopes(settings, writer, progress, kind="other", work=lambda _visit: None, regional=False)

    monkeypatch.setattr(plugins, "collector", lambda kind: Other if kind == "other" else EcrCollector)
    monkeypatch.setattr(plugins, "names", lambda kind: ["ecr", "other"] if kind == "collectors" else [])
    served = world()
    with ecr_server(served) as url:
        base = {"regions": "discover", "endpoint_url": url, "from_organization": {"role_name": "x"}, **FAST}
        targets = [{"kind": "ecr", **base}, {"kind": "other", **base}]
        manifest = collect(Config(Settings(targets=targets)), tmp_path / "s", lambda _what, _count: None).manifest

    assert len(manifest.scopes) == 6 + 3
    assert served.calls["AssumeRole"] == 3
    assert served.calls["organizations:ListAccounts"] == 1
    assert served.calls["GetCallerIdentity"] == 4

"""What the ECR collector makes of ECR's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.audits import collect_world, records
from tests.support.ecr_server import ACCOUNT, Registry, World, make_image, make_repository

REGION = "us-east-1"
INDEX = "application/vnd.oci.image.index.v1+json"


def read(folder: Path, registry: Registry, **more: Any) -> dict[str, dict[str, Any]]:
    collect_world(
        World(regions={REGION: registry}, keys={"arn:aws:kms:us-east-1:123456789012:key/own": "CUSTOMER"}),
        folder,
        **more,
    )
    return records(folder)


def one(folder: Path, registry: Registry | None = None, **repository: Any) -> dict[str, Any]:
    registry = registry or Registry()
    registry.repositories["team/app"] = make_repository("team/app", **repository)
    return read(folder, registry)["team/app"]


def test_mutability_modes_and_filters(tmp_path: Path) -> None:
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    for mode, ours in {
        "MUTABLE": "none",
        "IMMUTABLE": "all",
        "IMMUTABLE_WITH_EXCLUSION": "all_except",
        "MUTABLE_WITH_EXCLUSION": "none_except",
    }.items():
        extra = {"imageTagMutabilityExclusionFilters": filters} if "_WITH_" in mode else {}
        record = one(tmp_path / mode, settings={"imageTagMutability": mode, **extra})
        value = record["repository"]["immutability"]["value"]
        assert value["mode"] == ours
        assert [rule["pattern"] for rule in value["rules"]] == (["dev-*"] if extra else [])


def test_missing_exclusion_filters_are_unknown(tmp_path: Path) -> None:
    record = one(tmp_path, settings={"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"})

    assert record["repository"]["immutability"]["reason"] == "unsupported_by_collector"


def test_encryption_asks_who_manages_the_key(tmp_path: Path) -> None:
    def settings(key: str) -> dict[str, Any]:
        return {"encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key}}

    own = one(tmp_path / "own", settings=settings(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/own"))
    gone = one(tmp_path / "gone", settings=settings(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/gone"))
    foreign = one(tmp_path / "foreign", settings=settings("arn:aws:kms:us-east-1:999999999999:key/x"))

    managers = [record["repository"]["encryption"]["value"]["key_manager"] for record in (own, gone, foreign)]
    assert [manager["state"] for manager in managers] == ["known", "absent", "unknown"]
    assert managers[0]["value"] == "customer"


def test_cache_prefix_makes_a_proxy_and_root_makes_it_unknown(tmp_path: Path) -> None:
    registry = Registry(cache_rules=[{"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}])
    registry.repositories = {name: make_repository(name) for name in ("hub/library/nginx", "hubble", "team/app")}
    hosting = {name: r["repository"]["hosting"]["value"] for name, r in read(tmp_path / "a", registry).items()}
    assert hosting == {"hub/library/nginx": "proxy", "hubble": "hosted", "team/app": "hosted"}

    registry.cache_rules.append({"ecrRepositoryPrefix": "ROOT"})
    assert read(tmp_path / "b", registry)["team/app"]["repository"]["hosting"]["state"] == "unknown"


def test_scanning_is_the_effective_setting(tmp_path: Path) -> None:
    flag = one(tmp_path / "flag")
    rule = one(
        tmp_path / "rule",
        Registry(scanning={"scanType": "ENHANCED", "rules": []}),
        scanning={
            "scanFrequency": "CONTINUOUS_SCAN",
            "appliedScanFilters": [{"filter": "*", "filterType": "WILDCARD"}],
        },
    )
    off = one(tmp_path / "off", settings={"imageScanningConfiguration": {"scanOnPush": False}})

    found = [record["repository"]["scanning"]["value"] for record in (flag, rule, off)]
    assert [(f["tier"], f["frequency"], f["decided_by"]) for f in found] == [
        ("basic", "on_push", "repository"),
        ("enhanced", "continuous", "registry"),
        ("basic", "manual", "registry"),
    ]


def test_clean_summary_needs_no_details_and_findings_do(tmp_path: Path) -> None:
    bad = make_image(2, "v2")
    bad["imageScanFindingsSummary"]["findingSeverityCounts"] = {"HIGH": 2}
    finding = {"name": "CVE-1", "severity": "HIGH", "attributes": [{"key": "package_name", "value": "zlib"}]}
    twice = {**finding, "attributes": [{"key": "package_name", "value": "zlib1g"}]}
    scan = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": [finding, twice]}}
    registry = Registry()
    registry.repositories["team/app"] = make_repository(
        "team/app", images=[make_image(1, "v1"), bad], scans={bad["imageDigest"]: scan}
    )
    world = World(regions={REGION: registry})
    collect_world(world, tmp_path)

    clean, scanned = records(tmp_path)["team/app"]["images"]["value"]
    assert world.calls["DescribeImageScanFindings"] == 1
    assert clean["scan"]["value"]["counts"]["value"] == {}
    # The same vulnerability in two packages counts once.
    assert scanned["scan"]["value"]["counts"]["value"] == {"HIGH": 1}
    assert len(scanned["scan"]["value"]["vulnerabilities"]["value"][0]["packages"]) == 2


def test_no_status_in_the_list_asks_for_each_image_and_never_scanned_is_absent(tmp_path: Path) -> None:
    image = make_image(1, "v1")
    del image["imageScanStatus"], image["imageScanFindingsSummary"]
    record = one(tmp_path, images=[image])

    assert record["images"]["value"][0]["scan"] == {
        "state": "absent",
        "source": "ecr:DescribeImageScanFindings",
        "code": "ScanNotFoundException",
    }


def test_enhanced_findings_tell_fixes_over_pages(tmp_path: Path) -> None:
    image = make_image(1, "v1")
    del image["imageScanStatus"], image["imageScanFindingsSummary"]
    entries = [
        {
            "severity": "CRITICAL",
            "title": f"CVE-{n}",
            "fixAvailable": "YES" if n else "NO",
            "packageVulnerabilityDetails": {"vulnerabilityId": f"CVE-{n}", "vulnerablePackages": [{"name": "x"}]},
        }
        for n in range(5)
    ]
    registry = Registry()
    registry.repositories["team/app"] = make_repository(
        "team/app",
        images=[image],
        scans={
            image["imageDigest"]: {
                "imageScanStatus": {"status": "ACTIVE"},
                "imageScanFindings": {"enhancedFindings": entries},
            }
        },
    )
    collect_world(World(regions={REGION: registry}, page_size=2), tmp_path)

    scan = records(tmp_path)["team/app"]["images"]["value"][0]["scan"]["value"]
    assert scan["counts"]["value"] == {"CRITICAL": 5}
    assert [v["fix"]["value"]["available"] for v in scan["vulnerabilities"]["value"]] == ["no"] + ["yes"] * 4


def test_archived_images_are_listed(tmp_path: Path) -> None:
    record = one(tmp_path, images=[make_image(1, "v1", imageStatus="ARCHIVED")])

    [image] = record["images"]["value"]
    assert (image["status"], image["scan"]["value"]["state"]) == ("archived", "archived")


def test_index_children_and_attestations(tmp_path: Path) -> None:
    index = make_image(1, "v1", imageManifestMediaType=INDEX)
    manifest = {
        "manifests": [
            {"digest": "sha256:" + "2" * 64, "platform": {"os": "linux", "architecture": "arm64"}},
            {
                "digest": "sha256:" + "3" * 64,
                "platform": {"os": "unknown", "architecture": "unknown"},
                "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
            },
        ]
    }
    record = one(tmp_path, images=[index], manifests={index["imageDigest"]: json.dumps(manifest)})

    [found] = record["images"]["value"]
    assert found["kind"] == "index"
    assert [(c["kind"], c["platform"]) for c in found["children"]["value"]] == [
        ("image", "linux/arm64"),
        ("attestation", "unknown/unknown"),
    ]


def test_signatures_by_tag_subject_and_bundle(tmp_path: Path) -> None:
    images = [make_image(n, f"v{n}") for n in (1, 2, 3)]
    digests = [image["imageDigest"] for image in images]
    bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
    images += [
        make_image(11, digests[0].replace(":", "-") + ".sig"),
        make_image(12, artifactMediaType="application/vnd.cncf.notary.signature", subjectManifestDigest=digests[1]),
        make_image(13, artifactMediaType=bundle, subjectManifestDigest=digests[2]),
    ]
    referrers = [
        {
            "digest": "sha256:" + "d" * 64,
            "artifactType": bundle,
            "annotations": {
                "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1",
            },
        }
    ]
    record = one(tmp_path, images=images, referrers={digests[2]: referrers})

    by_digest = {image["digest"]: image for image in record["images"]["value"]}
    kinds = [[s["kind"] for s in by_digest[digest]["signatures"]["value"]] for digest in digests]
    assert kinds == [["cosign"], ["notation"], []]
    assert by_digest[digests[0]]["signatures"]["value"][0]["verification"]["state"] == "unknown"


def test_every_paged_read_goes_to_the_end(tmp_path: Path) -> None:
    registry = Registry(cache_rules=[{"ecrRepositoryPrefix": f"p{i}"} for i in range(5)])
    registry.templates = [{"prefix": f"t{i}", "imageTagMutability": "MUTABLE"} for i in range(5)]
    registry.repositories = {
        f"team/app{i}": make_repository(f"team/app{i}", images=[make_image(n, f"v{n}") for n in range(5)])
        for i in range(5)
    }
    collect_world(World(regions={REGION: registry}, page_size=2), tmp_path)

    context = json.loads(next((tmp_path / "snapshot" / "parts").glob("*.context.json")).read_bytes())["registry"]
    assert len(context["cache_rules"]["value"]) == 5
    assert len(context["creation_templates"]["value"]) == 5
    assert [len(r["images"]["value"]) for r in records(tmp_path).values()] == [5] * 5
    assert all(r["repository"]["resource_tags"]["value"] for r in records(tmp_path).values())


def test_filters_on_names_and_the_limit_of_a_trial(tmp_path: Path) -> None:
    registry = Registry(repositories={name: make_repository(name) for name in ("a/x", "a/y", "b/x")})

    assert set(read(tmp_path / "f", registry, repositories={"include": ["a/*"], "exclude": ["*/y"]})) == {"a/x"}
    assert set(read(tmp_path / "m", registry, max_repositories=1)) == {"a/x"}


def test_unparsable_policies_are_kept_and_derived_facts_unknown(tmp_path: Path) -> None:
    record = one(tmp_path, policy="{", retention="[]")

    assert record["repository"]["access_policy"]["value"]["text"] == "{"
    assert record["derived"]["access"]["reason"] == "parse_error"
    assert record["derived"]["retention"]["reason"] == "parse_error"

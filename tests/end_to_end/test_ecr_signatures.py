"""Signatures of ECR's images: listed by the API, read through the registry's data plane, verified by the same trust."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import CacheSettings, Config, Settings, TrustSettings
from auditor.errors import ExitCode
from auditor.inventory.store import ScopeEntry
from auditor.run.collecting import collect
from tests.support import notation
from tests.support.audits import FAST, judge, records
from tests.support.ecr_content import HOST, REGION, DataPlane, listed
from tests.support.ecr_server import Refusal, Registry, World, ecr_server
from tests.support.http_server import http_server
from tests.support.registries import Pusher, referrers_registry
from tests.support.signed_world import LEGACY, NOTATION, SIGN, SignedWorld, cosign

pytestmark = pytest.mark.slow

PASSWORD = "canary-of-the-data-plane"
STATES = {
    "classic": ["verified"],
    "stranger": ["untrusted"],
    "elsewhere": ["invalid"],
    "dual-stack": ["verified"],
    "bundle": ["verified"],
    "two": ["untrusted", "verified"],
    "index": ["verified"],
    "notation": ["verified"],
    "notation-stranger": ["untrusted"],
    "attested": [],
    "unsigned": [],
}


@dataclass
class Ecr:
    """ECR over one real registry."""

    signed: SignedWorld
    world: World
    plane: DataPlane
    api: str
    registry: str

    def collect(self, folder: Path, *, trust: TrustSettings | None = None, cache: bool = False, since: Path | None = None, **target: Any) -> ScopeEntry:  # fmt: skip
        full = {
            "kind": "ecr", "regions": [REGION], "endpoint_url": self.api, "registry_url": self.registry,
            "read_signatures": True, "read_operations": False, **FAST, **target,
        }  # fmt: skip
        kept = CacheSettings(path=str(folder / "cache")) if cache else None
        settings = Settings(targets=[full], trust=trust, cache=kept)
        [scope] = collect(Config(settings), folder / "snapshot", lambda _what, _count: None, since=since and since / "snapshot").manifest.scopes  # fmt: skip
        return scope


@contextmanager
def serving(signed: SignedWorld) -> Iterator[Ecr]:
    registry = Registry(repositories=listed(signed.push, signed.images), password=PASSWORD)
    world = World(regions={REGION: registry})
    plane = DataPlane(signed.url, PASSWORD)
    with closing(plane), ecr_server(world) as api, http_server(plane) as server:
        yield Ecr(signed, world, plane, api, server.url)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedWorld]:
    with referrers_registry() as url, Pusher(url) as push:
        world = SignedWorld(url, push, tmp_path_factory.mktemp("keys"), lists=True)
        world.make_keys()
        statement = notation.statement(registryScopes=[f"{HOST}/notation", f"{HOST}/notation-stranger"])
        (world.folder / "trustpolicy.json").write_text(json.dumps(notation.policy(statement)))
        for case in STATES:
            if case != "index":
                world.image(case)
        child = push.image("index", content=b"child")
        world.images["index"] = push.index("index", "v1", [child])

        def name(case: str, host: str = HOST) -> tuple[str, str]:
            return LEGACY, f"--sign-container-identity={host}/{case}"

        world.sign("classic", "release", *name("classic"))
        world.sign("stranger", "stranger", *name("stranger"))
        world.sign("elsewhere", "release", *name("elsewhere", "999999999999.dkr.ecr.us-east-1.amazonaws.com"))
        world.sign("dual-stack", "release", *name("dual-stack", "123456789012.dkr-ecr.us-east-1.on.aws"))
        world.sign("index", "release", *name("index"))
        world.sign("bundle")
        world.sign("two", "stranger", *name("two"))
        world.sign("two")
        world.notate("notation", "jws", world.signer)
        world.notate("notation-stranger", "cose", world.stranger)
        (world.folder / "predicate.json").write_text("{}")
        made = cosign(world.folder, "attest", "--key", "release.key", "--predicate", "predicate.json", *SIGN, f"{world.host}/attested@{world.digest('attested')}")  # fmt: skip
        assert made.returncode == 0, made.stderr
        yield world


def images(folder: Path) -> dict[str, dict[str, Any]]:
    """Case -> the image that its tag v1 leads to."""
    return {
        case: next(image for image in record["images"]["value"] if "v1" in image["tags"])
        for case, record in records(folder).items()
    }


def states(image: dict[str, Any]) -> list[str]:
    return sorted(one["verification"].get("value", "unknown") for one in image["signatures"]["value"])


def test_signatures_are_verified_and_judged(signed: SignedWorld, tmp_path: Path) -> None:
    with serving(signed) as ecr:
        scope = ecr.collect(tmp_path, trust=signed.trust())
    found = images(tmp_path)
    outcome, results = judge(tmp_path, check=("REG-SIG-002",), include_passed=True)

    assert {case: states(image) for case, image in found.items()} == STATES
    assert found["elsewhere"]["signatures"]["value"][0]["detail"].startswith("it names 999999999999.dkr")
    assert {one["found_via"] for one in found["two"]["signatures"]["value"]} == {"tag_scheme", "subject"}
    verdicts = {f["resource"]["repository"]: f["status"] for f in results["findings"]}
    assert verdicts == {
        case: "pass" if "verified" in found else "fail" for case, found in STATES.items() if found
    }  # fmt: skip
    assert outcome.exit_code is ExitCode.FAILED
    assert scope.errors == []


def test_only_what_signs_is_read_and_each_once(signed: SignedWorld, tmp_path: Path) -> None:
    with serving(signed) as ecr:
        scope = ecr.collect(tmp_path, trust=signed.trust())
        asked = ecr.plane.asked
        token_calls = ecr.world.calls["GetAuthorizationToken"]

    assert token_calls == 1
    assert set(asked.values()) == {1}
    assert not [path for path in asked if "/unsigned/" in path or path.startswith("HEAD")]
    # A manifest for each of 10 signatures and for the bundle that is none, and the two images that notation signed.
    assert len([path for path in asked if "/manifests/" in path]) == 13
    assert len([path for path in asked if "/blobs/" in path]) == 10
    assert "oci:ListTags" not in scope.calls_by_operation


def test_the_second_run_reads_nothing_of_the_content_again(signed: SignedWorld, tmp_path: Path) -> None:
    with serving(signed) as ecr:
        ecr.collect(tmp_path, trust=signed.trust(), cache=True)
        first = {case: image["signatures"] for case, image in images(tmp_path).items()}
        ecr.plane.asked.clear()
        ecr.collect(tmp_path, trust=signed.trust(), cache=True)
        asked = dict(ecr.plane.asked)

    # That it may still be read is asked once a repository: the list of images does not tell.
    assert {path.partition("/v2/")[0] for path in asked} == {"HEAD "}
    assert len(asked) == len([case for case, found in STATES.items() if found or case == "attested"])
    assert {case: image["signatures"] for case, image in images(tmp_path).items()} == first


def test_a_right_that_was_lost_is_seen_though_the_cache_has_it_all(signed: SignedWorld, tmp_path: Path) -> None:
    with serving(signed) as ecr:
        ecr.collect(tmp_path, trust=signed.trust(), cache=True)
        ecr.plane.refused[""] = 403
        scope = ecr.collect(tmp_path, trust=signed.trust(), cache=True)
    found = images(tmp_path)

    assert {error.reason for error in scope.errors} == {"access_denied"}
    assert not [image for image in found.values() if "verified" in states_or_none(image)]


def states_or_none(image: dict[str, Any]) -> list[str]:
    return states(image) if image["signatures"]["state"] == "known" else []


@pytest.mark.parametrize("settings", [{"read_signatures": False}, {}])
def test_nothing_is_read_unless_asked_for_and_that_is_no_gap(signed: SignedWorld, tmp_path: Path, settings: dict[str, bool]) -> None:  # fmt: skip
    """Neither without the setting nor without anybody who is trusted."""
    with serving(signed) as ecr:
        scope = ecr.collect(tmp_path, trust=signed.trust() if settings else None, **settings)
        assert ecr.plane.asked == {}
        assert ecr.world.calls["GetAuthorizationToken"] == 0
    outcome, results = judge(tmp_path, check=("REG-SIG-002",))

    assert scope.errors == []
    assert {f["status"] for f in results["findings"]} == {"unknown"}
    assert outcome.exit_code is ExitCode.OK


def test_a_login_that_is_refused_leaves_signatures_unknown_and_is_a_gap(signed: SignedWorld, tmp_path: Path) -> None:
    with serving(signed) as ecr:
        ecr.world.refusals["GetAuthorizationToken"] = Refusal("AccessDeniedException")
        scope = ecr.collect(tmp_path, trust=signed.trust())
        assert ecr.world.calls["GetAuthorizationToken"] == 1
    found = images(tmp_path)
    outcome, results = judge(tmp_path, check=("REG-SIG-002",))

    assert states(found["classic"]) == ["unknown"]
    assert found["classic"]["signatures"]["value"][0]["verification"]["source"] == "ecr:GetAuthorizationToken"
    assert found["bundle"]["signatures"]["state"] == "unknown"
    assert {f["status"] for f in results["findings"]} == {"unknown"}
    assert outcome.exit_code is ExitCode.INCOMPLETE
    assert [error.operation for error in scope.errors] == ["ecr:GetAuthorizationToken"]


def test_a_signature_that_is_refused_hides_no_good_one_and_is_hidden_by_no_bad_one(signed: SignedWorld, tmp_path: Path) -> None:  # fmt: skip
    with serving(signed) as ecr:
        [bundle] = [i["imageDigest"] for i in ecr.world.regions[REGION].repositories["two"]["images"] if "bundle" in i["artifactMediaType"]]  # fmt: skip
        ecr.plane.refused[f"/two/manifests/{bundle}"] = 403
        ecr.collect(tmp_path / "good", trust=signed.trust())
        ecr.plane.refused = {f"/notation/manifests/{signed.digest('notation')}": 500}
        ecr.collect(tmp_path / "size", trust=signed.trust(), attempts=1)

    assert images(tmp_path / "good")["two"]["signatures"]["reason"] == "access_denied"
    [unsized] = images(tmp_path / "size")["notation"]["signatures"]["value"]
    assert (unsized["verification"]["state"], unsized["verification"]["reason"]) == ("unknown", "server_error")


def test_an_archived_signature_counts_for_nothing(signed: SignedWorld, tmp_path: Path) -> None:
    with serving(signed) as ecr:
        for image in ecr.world.regions[REGION].repositories["notation"]["images"]:
            if image["artifactMediaType"] == NOTATION:
                image["imageStatus"] = "ARCHIVED"
        ecr.collect(tmp_path, trust=signed.trust())

    [one] = images(tmp_path)["notation"]["signatures"]["value"]
    assert one["verification"]["detail"] == "the signature is archived: nobody can pull it"


def test_untagged_images_are_left_out(signed: SignedWorld, tmp_path: Path) -> None:
    with serving(signed) as ecr:
        for image in ecr.world.regions[REGION].repositories["notation"]["images"]:
            image.pop("imageTags", None)
        ecr.collect(tmp_path, trust=signed.trust())
        asked = [path for path in ecr.plane.asked if "/notation/" in path]
    signatures = [s for image in records(tmp_path)["notation"]["images"]["value"] for s in image["signatures"]["value"]]

    assert asked == []
    assert [s["verification"]["reason"] for s in signatures] == ["not_requested"]


def test_what_runs_is_read_though_no_tag_leads_to_it(signed: SignedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    asked: list[str] = []

    def running(_writer: Any, hosts: list[str]) -> dict[str, list[str]]:
        asked.extend(hosts)
        return {"notation": [signed.digest("notation")]}

    monkeypatch.setattr("auditor.collectors.aws.ecr_signatures.running_digests", running)
    with serving(signed) as ecr:
        for image in ecr.world.regions[REGION].repositories["notation"]["images"]:
            image.pop("imageTags", None)
        ecr.collect(tmp_path, trust=signed.trust())
    found = {image["digest"]: image for image in records(tmp_path)["notation"]["images"]["value"]}

    assert states(found[signed.digest("notation")]) == ["verified"]
    assert asked[0] == HOST


def test_reused_repositories_are_verified_anew(signed: SignedWorld, tmp_path: Path) -> None:
    """Whom the user trusts may be somebody else by now, though nothing changed in the registry."""
    with serving(signed) as ecr:
        first = ecr.collect(tmp_path / "first", trust=signed.trust())
        again = ecr.collect(tmp_path / "again", trust=signed.trust(repositories=["nobody/*"]), since=tmp_path / "first")

    assert first.reused == 0
    assert again.reused == len(STATES)
    assert states(images(tmp_path / "first")["classic"]) == ["verified"]
    [one] = images(tmp_path / "again")["classic"]["signatures"]["value"]
    assert one["verification"]["reason"] == "not_requested"
    assert states(images(tmp_path / "again")["notation"]) == ["verified"]


def test_no_secret_is_written_anywhere(signed: SignedWorld, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"), serving(signed) as ecr:
        ecr.plane.refused["/classic/manifests/v1"] = 403
        ecr.collect(tmp_path, trust=signed.trust(), cache=True)
    judge(tmp_path)

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in written if PASSWORD.encode() in path.read_bytes()] == []
    assert PASSWORD not in caplog.text

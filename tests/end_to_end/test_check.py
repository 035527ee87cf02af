"""`auditor check` against real registries on loopback: whole commands, their exit codes and what they print."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auditor.cli.main import main
from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from auditor.run.gate_targets import read_references, targets_for
from tests.support.audits import judge
from tests.support.http_server import Seen, http_server, reply
from tests.support.registries import Pusher, digest_of, free_port, plain_registry, referrers_registry, tool, wait_for
from tests.support.signed_world import SignedWorld

pytestmark = pytest.mark.slow

USER, PASSWORD = "robot", "canary-4c1e-password"
HTPASSWD = f"{USER}:$2b$04$wA0kWpEOgC4ab6vaoxf2ces4QnLij/s7X/Jssvx0D4FXR2RFks54G\n"
SIGNED, LABELS = "REG-SIG-001", "REG-TAG-003"
SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"
GOOD = {
    "org.opencontainers.image.revision": "abc1234",
    "org.opencontainers.image.source": "https://git.example/app",
    "org.opencontainers.image.version": "1.0.0",
    "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
}


@pytest.fixture(autouse=True)
def _no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the developer's own: no credentials, no environment options."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture(scope="module", params=["plain", "referrers"])
def registry(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """(host, what was pushed): signed and unsigned releases, an index, two names of one image."""
    with plain_registry() if request.param == "plain" else referrers_registry() as url, Pusher(url) as push:
        signed = push.image("team/app", "v1.0.0", labels=GOOD)
        push.artefact("team/app", SIGNATURE, tag=f"sha256-{signed['digest'][7:]}.sig")
        unsigned = push.image("team/app", "v2.0.0", labels=GOOD, content=b"unsigned")
        push.image("team/app", "development", labels=GOOD, content=b"unsigned")
        amd = push.image("team/app", labels=GOOD, content=b"amd")
        arm = push.image("team/app", arch="arm64", content=b"arm")
        entries = [{**amd, "platform": {"os": "linux", "architecture": "amd64"}}, arm]
        index = push.index("team/app", "v3.0.0", entries)
        push.artefact("team/app", SIGNATURE, tag=f"sha256-{arm['digest'][7:]}.sig")
        notation = push.artefact("team/app", "application/vnd.cncf.notary.signature", subject=index)
        if request.param == "plain":
            push.index("team/app", f"sha256-{index['digest'][7:]}", [notation])
        yield url.removeprefix("http://"), {"signed": signed, "unsigned": unsigned, "index": index, "amd": amd, "arm": arm}  # fmt: skip


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """(exit code, standard output, standard error)."""
    code = main(["check", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def results(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = check(capsys, *arguments, "--json")
    return code, json.loads(out)


# ---------------------------------------------------------------- verdicts and exit codes
def test_a_signed_release_passes_and_its_digest_is_printed(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    host, pushed = registry
    code, out, err = check(capsys, f"{host}/team/app:v1.0.0", "--plain-http")

    assert code == 0
    assert out.splitlines()[0] == f"PASS    {host}/team/app:v1.0.0"
    assert pushed["signed"]["digest"] in out
    assert "REG-SIG-001" in out.partition("Judged by")[2]
    assert "need more than the image" in out
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80


def test_an_unsigned_release_fails_with_what_to_do(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    host, pushed = registry
    code, out, _ = check(capsys, f"{host}/team/app:v2.0.0", "--plain-http", "--check", SIGNED)

    assert code == 1
    assert out.splitlines()[:2] == [f"FAIL    {host}/team/app:v2.0.0", " " * 8 + pushed["unsigned"]["digest"]]
    assert "The image has no signature" in out
    assert "To do: Sign" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(("options", "code"), [
    (["--soft-fail"], 0),
    (["--fail-on", "critical"], 0),
    (["--fail-on", "none"], 0),
    (["--severity", "critical"], 0),
    (["--rule", LABELS], 0),
    (["--skip-check", SIGNED], 0),
    (["--param", 'SIG-001.release_patterns=["x*"]'], 0),
    ([], 1),
])  # fmt: skip
def test_options_decide_what_fails(registry: Any, capsys: pytest.CaptureFixture[str], options: list[str], code: int) -> None:  # fmt: skip
    assert check(capsys, f"{registry[0]}/team/app:v2.0.0", "--plain-http", *options)[0] == code


def test_both_engines_say_the_same(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"{registry[0]}/team/app:{tag}" for tag in ("v1.0.0", "v2.0.0", "v3.0.0")]
    ours, theirs = (results(capsys, *texts, "--plain-http", "--engine", name) for name in ("embedded", "opa"))

    assert ours[0] == theirs[0] == 1
    for document in (ours[1], theirs[1]):
        for finding in document["findings"]:
            del finding["first_seen"]
    assert ours[1]["findings"] == theirs[1]["findings"]
    assert ours[1]["checked"] == theirs[1]["checked"]


def test_several_images_each_have_their_verdict(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    host, pushed = registry
    texts = [f"{host}/team/app:v1.0.0", f"{host}/team/app:gone", f"{host}/team/app:v2.0.0"]
    code, document = results(capsys, *texts, "--plain-http")
    quiet = check(capsys, *texts, "--plain-http", "--quiet")[1].splitlines()

    assert code == 1
    assert [one["reference"] for one in document["checked"]] == texts
    assert [one["verdict"] for one in document["checked"]] == ["pass", "unknown", "fail"]
    assert [one["digest"] for one in document["checked"]] == [pushed["signed"]["digest"], "", pushed["unsigned"]["digest"]]  # fmt: skip
    assert document["checked"][1]["problem"] == "the registry has no such image (oci:GetManifest)"
    assert quiet == [
        f"PASS {host}/team/app@{pushed['signed']['digest']}",
        f"UNKNOWN {host}/team/app:gone",
        f"FAIL {host}/team/app@{pushed['unsigned']['digest']}",
    ]


def test_an_image_that_is_not_there_is_incomplete(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = check(capsys, f"{registry[0]}/team/app:gone", "--plain-http")

    assert code == 3
    assert out.startswith("UNKNOWN")
    assert check(capsys, f"{registry[0]}/nobody/nothing:v1", "--plain-http")[0] == 3
    assert check(capsys, f"{registry[0]}/team/app:gone", "--plain-http", "--soft-fail")[0] == 0


def test_a_digest_counts_as_a_release(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """What tags it has is not asked, and whoever deploys by digest is not let through for it."""
    host, pushed = registry
    unsigned, signed = (f"{host}/team/app@{pushed[name]['digest']}" for name in ("unsigned", "signed"))
    code, document = results(capsys, unsigned, signed, "--plain-http")

    assert code == 1
    assert [one["verdict"] for one in document["checked"]] == ["fail", "pass"]
    assert check(capsys, f"{host}/team/app:development", "--plain-http", "--check", SIGNED)[0] == 0
    tags = [finding for finding in document["findings"] if finding["rule"] == "REG-TAG-002"]
    assert [finding["status"] for finding in tags] == ["unknown"] * len(tags)
    assert all(finding["not_asked"] for finding in tags)


def test_a_tag_beside_a_digest_decides_nothing(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    host, pushed = registry
    text = f"{host}/team/app:v2.0.0@{pushed['signed']['digest']}"
    code, document = results(capsys, text, "--plain-http", "--check", SIGNED)

    assert (code, document["checked"][0]["digest"]) == (0, pushed["signed"]["digest"])


# ---------------------------------------------------------------- the same as an audit
@pytest.mark.parametrize("tag", ["v1.0.0", "v2.0.0", "v3.0.0"])
def test_the_same_verdicts_as_an_audit(registry: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str) -> None:  # fmt: skip
    host, pushed = registry
    _, document = results(capsys, f"{host}/team/app:{tag}", "--plain-http")
    collect(Config(Settings(targets=[{"kind": "oci", "url": f"http://{host}"}])), tmp_path / "snapshot", lambda _w, _c: None)  # fmt: skip
    _, audited = judge(tmp_path, include_passed=True)
    digest = document["checked"][0]["digest"]
    parts = {digest} | ({pushed["amd"]["digest"], pushed["arm"]["digest"]} if tag == "v3.0.0" else set())
    judged = {rule["id"] for rule in document["rules"]}

    def verdicts(found: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, ...]]:
        return {
            (one["rule"], one["resource"]["digest"]): (one["id"], one["status"], one["severity"], one["message"])
            for one in found["findings"]
            if one["resource"].get("digest") in parts and one["rule"] in judged and one["status"] != "pass"
        }

    assert verdicts(document) == verdicts(audited)
    assert {one["resource"]["digest"] for one in document["findings"] if "digest" in one["resource"]} <= parts
    if tag == "v3.0.0":
        assert (LABELS, pushed["arm"]["digest"]) in verdicts(document)


# ---------------------------------------------------------------- one resolution, and no other tag
@contextmanager
def recording(answers: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """(host, paths that were asked for). An answer may be a list: the next one each time."""
    asked: list[str] = []

    def answer(request: Seen) -> bytes:
        path = request.path.partition("?")[0]
        asked.append(path)
        found = answers.get(path)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if found is None or isinstance(found, int):
            return reply(found or 404, b"{}")
        content, media_type = found
        return reply(200, content, Content_Type=media_type, Docker_Content_Digest=digest_of(content))

    with http_server(answer) as server:
        yield server.url.removeprefix("http://"), asked


def an_image(name: str) -> tuple[dict[str, Any], str]:
    """Path -> answer of an image of its own, and its digest."""
    config = json.dumps({"config": {"Labels": {"name": name}}}).encode()
    document = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(config), "size": len(config)},
        "layers": [],
    }  # fmt: skip
    content = json.dumps(document).encode()
    digest = digest_of(content)
    manifest = (content, document["mediaType"])
    answers = {f"/v2/app/manifests/{digest}": manifest, f"/v2/app/blobs/{digest_of(config)}": (config, "application/json")}  # fmt: skip
    return {**answers, "manifest": manifest}, digest


def test_a_tag_that_moves_meanwhile_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    first, digest = an_image("first")
    second, other = an_image("second")
    tag = "/v2/app/manifests/v1.0.0"
    answers = {**first, **second, tag: [first["manifest"], second["manifest"]]}
    with recording(answers) as (host, asked):
        _, document = results(capsys, f"{host}/app:v1.0.0", "--plain-http")

    assert document["checked"][0]["digest"] == digest
    assert document["checked"][0]["pinned"] == f"{host}/app@{digest}"
    assert asked.count(tag) == 1
    assert not any(other in path for path in asked)
    assert {one["resource"].get("digest") for one in document["findings"]} <= {digest, None}


def test_only_what_belongs_to_the_image_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    answers, digest = an_image("only")
    with recording({**answers, "/v2/app/manifests/v1.0.0": answers["manifest"]}) as (host, asked):
        check(capsys, f"{host}/app:v1.0.0", "--plain-http")

    stem = digest.replace(":", "-")
    belonging = {f"/v2/app/manifests/{stem}{suffix}" for suffix in ("", ".sig", ".att", ".sbom")}
    blob = next(path for path in answers if "/blobs/" in path)
    wanted = {"/v2/app/manifests/v1.0.0", f"/v2/app/referrers/{digest}", blob} | belonging
    assert set(asked) == wanted
    assert len(asked) == len(wanted)


def test_bytes_of_another_digest_are_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    answers, _ = an_image("honest")
    digest = "sha256:" + "0" * 64
    with recording({f"/v2/app/manifests/{digest}": answers["manifest"]}) as (host, _):
        code, document = results(capsys, f"{host}/app@{digest}", "--plain-http")

    assert code == 3
    assert document["checked"][0] | {"problem": ""} == {
        "reference": f"{host}/app@{digest}", "verdict": "unknown", "digest": "", "pinned": "", "problem": "", "findings": [],
    }  # fmt: skip


def test_a_signature_that_could_not_be_asked_for_is_no_missing_one(capsys: pytest.CaptureFixture[str]) -> None:
    answers, digest = an_image("one")
    tag, signature = "/v2/app/manifests/v1.0.0", f"/v2/app/manifests/{digest.replace(':', '-')}.sig"
    with recording({**answers, tag: answers["manifest"], signature: 403}) as (host, _):
        code, document = results(capsys, f"{host}/app:v1.0.0", "--plain-http", "--check", SIGNED)
        shown = check(capsys, f"{host}/app:v1.0.0", "--plain-http", "--check", SIGNED)[1]

    assert code == 3
    assert [(one["status"], one["resource"]["digest"]) for one in document["findings"]] == [("unknown", digest)]
    assert document["checked"][0]["verdict"] == "unknown"
    assert "access_denied" in shown


# ---------------------------------------------------------------- hosts and references
@pytest.mark.parametrize(("text", "said"), [
    ("nginx", "Docker Hub takes more than one host"),
    ("team/app:1.2", "Docker Hub takes more than one host"),
    ("registry.example.com/App", "is no reference to an image"),
    ("registry.example.com/app:", "the tag is empty"),
    ("registry.example.com/app@sha256:12", "the digest"),
    ("https://registry.example.com/app", "it has a scheme"),
    ("registry.example.com/app:${TAG}", "placeholder"),
    ("x" * 5000, "is no reference to an image"),
    ("registry.example.com/a\x00b\x1b[31m", "is no reference to an image"),
    ("./main.tf", "is a path: this version checks images"),
    ("/etc/hosts", "is a path: this version checks images"),
    ("pyproject.toml", "is a path: this version checks images"),
    ("registry.example.com/app", "--plain-http is for a registry on this machine"),
    ("127.0.0.1.example.com/app", "--plain-http is for a registry on this machine"),
])  # fmt: skip
def test_what_is_no_image_of_a_named_host_is_refused(capsys: pytest.CaptureFixture[str], text: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(Path(__file__).parents[2])
    code, out, err = check(capsys, text, "--plain-http")

    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_only_configured_registries_are_asked(
    registry: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = registry[0]
    config = tmp_path / "auditor.yaml"
    config.write_text(f"version: 1\ntargets:\n  - {{kind: oci, url: 'http://{host}'}}\n  - {{kind: ecr, regions: [eu-west-1]}}\n")  # fmt: skip
    code, out, err = check(capsys, "other.example.com/app:1", f"{host}/team/app:v1.0.0", "-c", str(config))

    assert (code, out) == (2, "")
    assert "no target is the registry other.example.com" in err
    assert check(capsys, f"{host}/team/app:v1.0.0", "-c", str(config))[0] == 0
    assert check(capsys, f"{host}/team/app:v1.0.0", "-c", str(config), "--plain-http")[0] == 2
    assert check(capsys, "nginx", "-c", str(config))[0] == 2


def test_docker_hub_is_found_under_each_of_its_names() -> None:
    config = Config(Settings(targets=[{"kind": "oci", "url": "https://registry-1.docker.io"}]))
    references = read_references(["nginx", "docker.io/team/app:1", "index.docker.io/x/y"], hosts_only=False)
    [(_, target)] = targets_for(references, config, None)

    assert [one["repository"] for one in target["named"]] == ["library/nginx", "team/app", "x/y"]


def test_an_unreachable_registry_is_incomplete(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = check(capsys, f"127.0.0.1:{free_port()}/app:v1.0.0", "--plain-http")

    assert code == 3
    assert out.startswith("UNKNOWN")
    assert "network" in out
    assert "Traceback" not in err


def test_rules_on_repositories_are_refused(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = check(capsys, f"{registry[0]}/team/app:v1.0.0", "--plain-http", "--check", "REG-RET-001")

    assert code == 2
    assert "no rule is left that can judge an image by itself: not REG-RET-001" in err


# ---------------------------------------------------------------- waivers, baseline, reports
def test_waivers_and_baseline_hold(registry: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host, pushed = registry
    text = f"{host}/team/app:v2.0.0"
    baseline, waivers = tmp_path / "baseline.json", tmp_path / "waivers.yaml"
    code, _, _ = check(capsys, text, "--plain-http", "-r", f"json={baseline}")
    place = host.replace(":", "_")
    waivers.write_text(
        "waivers:\n  - id: w1\n    rule: REG-SIG-001\n"
        f"    resource: urn:cr:oci:{place}:global:team/app@{pushed['unsigned']['digest']}\n"
        "    reason: Built before we signed.\n    owner: platform\n    expires: 2027-01-31\n"
    )

    assert code == 1
    assert check(capsys, text, "--plain-http", "--baseline", str(baseline))[0] == 0
    waived, out, _ = check(capsys, text, "--plain-http", "--waivers", str(waivers))
    assert waived == 0
    assert "1 waived" in out
    assert "by w1 (platform) until 2027-01-31" in out


def test_reports_are_written_beside(registry: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sarif, junit = tmp_path / "check.sarif", tmp_path / "check.xml"
    code, out, err = check(capsys, f"{registry[0]}/team/app:v2.0.0", "--plain-http", "-r", f"sarif={sarif}", "-r", f"junit={junit}")  # fmt: skip

    assert code == 1
    assert json.loads(sarif.read_bytes())["runs"][0]["results"]
    assert b"<testsuite" in junit.read_bytes()
    assert f"Report: {sarif}" in err
    assert out.startswith("FAIL")
    assert check(capsys, "x/y", "-r", "html")[0] == 2


# ---------------------------------------------------------------- credentials and signatures
@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of the distribution project that wants a login, with one image."""
    folder, port = tmp_path_factory.mktemp("locked"), free_port()
    (folder / "htpasswd").write_text(HTPASSWD)
    configuration = {
        "version": "0.1", "log": {"level": "error"}, "storage": {"inmemory": {}},
        "http": {"addr": f"127.0.0.1:{port}"},
        "auth": {"htpasswd": {"realm": "loopback", "path": str(folder / "htpasswd")}},
    }  # fmt: skip
    (folder / "config.yml").write_text(json.dumps(configuration))
    nothing = subprocess.DEVNULL
    command = [tool("distribution"), "serve", str(folder / "config.yml")]
    with subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/v2/")
            with Pusher(f"http://127.0.0.1:{port}", auth=(USER, PASSWORD)) as push:
                push.image("team/app", "v1.0.0")
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()


def test_dockers_login_is_used_and_never_shown(locked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{locked}/team/app:v1.0.0"
    assert check(capsys, text, "--plain-http")[0] == 3
    (tmp_path / "docker").mkdir()
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {locked: {"auth": auth}}}))

    code, out, err = check(capsys, text, "--plain-http", "--verbose")
    _, document = results(capsys, text, "--plain-http")
    assert code == 1
    assert out.startswith("FAIL")
    for secret in (PASSWORD, auth):
        assert secret not in out + err + json.dumps(document)


def test_a_helper_runs_only_when_it_may(locked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"credsStore": "not-installed"}))

    code, out, err = check(capsys, f"{locked}/team/app:v1.0.0", "--plain-http")
    assert (code, out) == (2, "")
    assert "--allow-helpers" in err
    code, _, err = check(capsys, f"{locked}/team/app:v1.0.0", "--plain-http", "--allow-helpers")
    assert code == 2
    assert "docker-credential-not-installed is not on PATH" in err


def test_signatures_are_verified_by_the_configured_trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with plain_registry() as url, Pusher(url) as push:
        world = SignedWorld(url, push, tmp_path, lists=False)
        world.make_keys()
        for case, key in (("good", "release"), ("bad", "stranger")):
            world.image(case)
            world.sign(case, key, "--new-bundle-format=false")
        config = tmp_path / "auditor.yaml"
        config.write_text(
            f"version: 1\ntargets:\n  - {{kind: oci, url: '{url}'}}\ntrust:\n  keys:\n    - {{file: release.pub, name: release key}}\n"
        )
        texts = [f"{world.host}/{case}:v1" for case in ("good", "bad")]
        code, document = results(capsys, *texts, "-c", str(config), "--check", "REG-SIG-002")

    assert code == 1
    assert [one["verdict"] for one in document["checked"]] == ["pass", "fail"]

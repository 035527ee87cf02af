"""Keyless signatures: every attack has its own state; cosign agrees, or the case says why not."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import sigstore
from cryptography import x509
from sigstore_models.trustroot.v1 import TrustedRoot as RootContent

from auditor.signatures.cosign import subjects_of
from auditor.signatures.identities import TrustedIdentity
from auditor.signatures.keyless import KeylessTrust, verify_keyless_bundle, verify_keyless_envelope
from auditor.signatures.keyless_sigstore import Root, read_root
from auditor.signatures.linear_regexp import compile_pattern
from auditor.signatures.outcome import Outcome
from auditor.signatures.verifier import Checked, Target, Verifier
from tests.support.keyless_cases import CASES, OURS, Attempt, Case, Image
from tests.support.registries import CONFIG, MANIFEST, Pusher, referrers_registry
from tests.support.signed_world import SIMPLE_SIGNING, SignedWorld, cosign
from tests.support.sigstore_world import IDENTITY, ISSUER, statement

IMAGE = Image("sha256:" + "a" * 64, "registry.example.com/team/app")


def ours(attempt: Attempt, image: Image, folder: Path) -> Checked:
    (folder / "trusted_root.json").write_text(json.dumps(attempt.root.trusted_root()))
    root, _ = read_root(folder / "trusted_root.json")
    pattern = compile_pattern(attempt.pattern) if attempt.pattern else None
    identity = TrustedIdentity(attempt.issuer, "" if pattern else attempt.identity, pattern)
    verifier = Verifier(keyless=KeylessTrust((identity,), root))
    target = Target(image.digest, image.repository, MANIFEST, 512)
    if attempt.bundle is not None:
        return verifier.bundle(json.dumps(attempt.bundle).encode(), target)
    return verifier.classic(attempt.payload, attempt.annotations, target)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.form}")
def test_each_case_has_its_state_without_the_network(case: Case, tmp_path: Path) -> None:
    outcome = ours(case.make(case.form, IMAGE), IMAGE, tmp_path).outcome

    assert (outcome.state, case.says in outcome.detail) == (case.state, True), outcome


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedWorld]:
    with referrers_registry() as url, Pusher(url) as push:
        yield SignedWorld(url, push, tmp_path_factory.mktemp("cosign"), lists=True)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.form}")
def test_cosign_agrees_or_the_case_says_why_not(case: Case, world: SignedWorld) -> None:
    name = f"{case.name}-{case.form}".replace("_", "-")
    image = Image(world.image(name), f"{world.host}/{name}")
    attempt = case.make(case.form, image)
    if attempt.bundle is not None:
        world.attach_bundle(name, json.dumps(attempt.bundle).encode())
    else:
        layer = world.push.blob(name, attempt.payload, SIMPLE_SIGNING) | {"annotations": attempt.annotations}
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": world.push.blob(name, b"{}", CONFIG), "layers": [layer]}  # fmt: skip
        world.push.manifest(name, document, f"sha256-{image.digest[7:]}.sig")
    (world.folder / "trusted_root.json").write_text(json.dumps(attempt.root.trusted_root()))
    identity = ["--certificate-identity-regexp", attempt.pattern] if attempt.pattern else ["--certificate-identity", attempt.identity]  # fmt: skip
    answer = cosign(world.folder, "verify", "--trusted-root", "trusted_root.json", *identity, "--certificate-oidc-issuer", attempt.issuer, "--offline", f"{image.repository}@{image.digest}")  # fmt: skip

    assert ours(attempt, image, world.folder).outcome.state == case.state
    assert ((answer.returncode == 0) == (case.state == "verified")) == (not case.differs), answer.stderr or "accepted"


# ---------------------------------------------------------------- sigstore's own vectors
VECTORS = Path(__file__).parents[3] / "fixtures" / "signatures" / "sigstore"
PACKAGED = Path(sigstore.__file__).parent / "_store"
PUBLIC, STAGING = (PACKAGED / f"https%3A%2F%2Ftuf-repo-cdn.{host}.dev/trusted_root.json" for host in ("sigstore", "sigstage"))  # fmt: skip
ADA = TrustedIdentity("https://github.com/login/oauth", "cody@soyland.com")
SUBJECT = "sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4"


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("root", "identity", "digest", "state"),
    [
        (VECTORS / "trusted_root_pgi.json", ADA, SUBJECT, "verified"),
        (PUBLIC, ADA, SUBJECT, "verified"),
        (PUBLIC, TrustedIdentity("https://accounts.google.com", ADA.name), SUBJECT, "untrusted"),
        (PUBLIC, ADA, "sha256:" + "7" * 64, "invalid"),
        (STAGING, ADA, SUBJECT, "untrusted"),
        (VECTORS / "trusted_root_scaffolding.json", ADA, SUBJECT, "untrusted"),
    ],
)
def test_an_attestation_of_the_public_instance(root: Path, identity: TrustedIdentity, digest: str, state: str) -> None:
    content = (VECTORS / "oci-attestation.sigstore.json").read_bytes()
    trust = KeylessTrust((identity,), read_root(root)[0])
    outcome, document = verify_keyless_bundle(content, digest=digest, repository="registry.example.com/x", trust=trust)

    assert outcome.state == state
    assert document is not None
    if state == "verified":
        assert outcome.signed_at == "2025-02-28T19:18:11Z"
        assert outcome.signer == "cody@soyland.com (https://github.com/login/oauth)"


def test_a_kind_of_log_entry_that_is_not_understood_is_not_checked() -> None:
    content = (VECTORS / "intoto-entry.sigstore.json").read_bytes()
    envelope = json.loads(base64.b64decode(json.loads(content)["dsseEnvelope"]["payload"]))
    [digest] = subjects_of(envelope)
    trust = KeylessTrust((ADA,), read_root(PUBLIC)[0])
    outcome, _ = verify_keyless_bundle(content, digest=digest, repository="registry.example.com/x", trust=trust)

    assert outcome == Outcome("not_checked", "its log entry is of the type 'intoto/0.0.2', which is not understood")


VECTOR = json.loads((VECTORS / "oci-attestation.sigstore.json").read_bytes())
OUR_TRUST = KeylessTrust(
    (TrustedIdentity(ISSUER, IDENTITY),), Root(RootContent.from_json(json.dumps(OURS.trusted_root())))
)
OLDEST = (
    next(case for case in CASES if case.name == "a_promise_alone_in_the_oldest_format").make("bundle", IMAGE).bundle
)


@pytest.mark.parametrize(
    ("good", "digest", "trust", "notes"),
    [
        (VECTOR, SUBJECT, KeylessTrust((ADA,), read_root(PUBLIC)[0]), 1),
        (OURS.timestamped(statement(IMAGE.digest)), IMAGE.digest, OUR_TRUST, 1),
        (OLDEST, IMAGE.digest, OUR_TRUST, 0),
    ],
    ids=["public instance", "log without time", "oldest format"],
)
def test_whatever_is_changed_is_noticed(good: Any, digest: str, trust: KeylessTrust, notes: int) -> None:
    """Never verified and never an error, but for a log's name beside its signature, which nothing signs."""
    unnoticed = []
    for *steps, last in paths_of(good):
        changed = json.loads(json.dumps(good))
        place = reduce(lambda found, step: found[step], steps, changed)
        original = place[last]
        for value in other_values(original):
            if value == original:
                continue
            place[last] = value
            outcome, _ = verify_keyless_bundle(json.dumps(changed).encode(), digest=digest, repository="r/x", trust=trust)  # fmt: skip
            unnoticed += [(*steps, last, value)] if outcome.state == "verified" else []

    assert [path[-2] for path in unnoticed] == ["envelope"] * notes, unnoticed


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()  # fmt: skip
    for step, child in children:
        yield (*path, step)
        yield from paths_of(child, (*path, step))


def other_values(value: Any) -> list[Any]:
    if isinstance(value, str) and value:
        middle = len(value) // 2
        return [value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :], value[:-5], "", None, 7]
    return [None, [], {}, "x", 7]


# ---------------------------------------------------------------- attestations
def test_a_classic_attestation() -> None:
    body = statement(IMAGE.digest, "https://slsa.dev/provenance/v1")
    made = OURS.bundle(body)
    certificate = x509.load_der_x509_certificate(base64.b64decode(made["verificationMaterial"]["certificate"]["rawBytes"]))  # fmt: skip
    annotations = OURS.annotations(certificate, made["verificationMaterial"]["tlogEntries"][0])
    content = json.dumps(made["dsseEnvelope"]).encode()

    def check(content: bytes = content, annotations: dict[str, str] = annotations, **options: Any) -> tuple[str, Any]:
        options = {"digest": IMAGE.digest, "trust": trust, **options}
        outcome, document = verify_keyless_envelope(content, annotations, repository=IMAGE.repository, **options)
        return outcome.state, document and document["predicateType"]

    trust = KeylessTrust((TrustedIdentity(ISSUER, IDENTITY),), Root(RootContent.from_json(json.dumps(OURS.trusted_root()))))  # fmt: skip
    assert check() == ("verified", "https://slsa.dev/provenance/v1")
    assert check(digest="sha256:" + "b" * 64) == ("invalid", "https://slsa.dev/provenance/v1")
    assert check(trust=KeylessTrust()) == ("not_checked", "https://slsa.dev/provenance/v1")
    assert check(trust=KeylessTrust(trust.identities)) == ("not_checked", "https://slsa.dev/provenance/v1")
    assert check(annotations={}) == ("invalid", None)
    assert check(json.dumps(made["dsseEnvelope"] | {"payloadType": "text/plain"}).encode()) == ("invalid", None)

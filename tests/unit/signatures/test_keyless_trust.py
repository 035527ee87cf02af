"""`trust.identities` and `trust.trusted_root` of auditor.yaml, and which signatures they are asked about."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.config.settings import load_config
from auditor.errors import ConfigError
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.signatures.identities import TrustedIdentity
from auditor.signatures.keyless import KeylessTrust
from auditor.signatures.trust import read_verifier
from auditor.signatures.verifier import KeyTrust, Target, Verifier
from tests.support.keyless_cases import OTHER, OURS, Image, simple
from tests.support.registries import MANIFEST
from tests.support.sigstore_world import IDENTITY, ISSUER, statement, text
from tests.unit.signatures.test_cosign_keys import P256, bundle, pem, sign, trusted

HOST = "registry.example.com"
IMAGE = Image("sha256:" + "a" * 64, f"{HOST}/team/app")
TARGET = Target(IMAGE.digest, IMAGE.repository, MANIFEST, 512)
SIGNED = json.dumps(OURS.bundle(statement(IMAGE.digest))).encode()
TRUST = f"""
  trusted_root: trusted_root.json
  identities:
    - identity: {IDENTITY}
      issuer: {ISSUER}
      repositories: [{HOST}/team/*]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trusted_root.json").write_text(json.dumps(OURS.trusted_root()))
    (tmp_path / "release.pub").write_bytes(pem(P256))
    return tmp_path


def verifier(folder: Path, trust: str = TRUST) -> Verifier:
    (folder / "auditor.yaml").write_text(f"version: 1\ntrust:{trust}")
    return read_verifier(load_config(folder / "auditor.yaml"))


def test_an_identity_and_a_root_are_read(folder: Path) -> None:
    found = verifier(folder)
    checked = found.bundle(SIGNED, TARGET)

    assert found.asked
    assert (checked.fact, checked.signer) == (Known("verified"), f"{IDENTITY} ({ISSUER})")


def test_a_pattern_must_match_the_whole_identity(folder: Path) -> None:
    whole = TRUST.replace(f"identity: {IDENTITY}", r"identity_regexp: 'https://github\.com/acme/.+@refs/heads/main'")
    part = TRUST.replace(f"identity: {IDENTITY}", r"identity_regexp: 'github\.com/acme/.+'")

    assert verifier(folder, whole).bundle(SIGNED, TARGET).fact == Known("verified")
    assert verifier(folder, part).bundle(SIGNED, TARGET).fact == Known("untrusted")


def test_an_identity_counts_only_for_its_repositories(folder: Path) -> None:
    elsewhere = Target(IMAGE.digest, f"{HOST}/other/app", MANIFEST, 512)
    checked = verifier(folder).bundle(SIGNED, elsewhere)

    assert checked.fact == Unknown(
        Reason.NOT_REQUESTED, "trust in auditor.yaml", f"no key or identity is trusted for {HOST}/other/app"
    )


def test_everything_that_decides_is_in_the_digest(folder: Path) -> None:
    seen = [verifier(folder).digest]
    seen.append(verifier(folder, TRUST.replace("/main", "/next")).digest)
    seen.append(verifier(folder, TRUST.replace("team/*", "*")).digest)
    (folder / "trusted_root.json").write_text(json.dumps(OTHER.trusted_root()))
    seen.append(verifier(folder).digest)

    assert len(set(seen)) == len(seen)


def test_a_key_and_an_identity_stand_side_by_side(folder: Path) -> None:
    both = verifier(folder, TRUST + "  keys: [{file: release.pub}]\n")

    assert both.bundle(SIGNED, TARGET).fact == Known("verified")
    assert both.bundle(bundle(statement(IMAGE.digest)), TARGET).fact == Known("verified")
    assert both.bundle(json.dumps(OTHER.bundle(statement(IMAGE.digest))).encode(), TARGET).fact == Known("untrusted")


def test_who_trusts_keys_only_trusts_no_certificate_and_the_other_way_round(folder: Path) -> None:
    keys, identities = Verifier((KeyTrust(trusted(P256)),)), verifier(folder)
    payload = simple(IMAGE)
    keyed = {"dev.cosignproject.cosign/signature": text(sign(P256, payload))}

    for checked in (keys.bundle(SIGNED, TARGET), keys.classic(payload, OURS.classic(payload), TARGET)):
        assert checked.fact == Known("untrusted")
        assert checked.detail == f"a certificate made it, and only keys are trusted for {IMAGE.repository}"
    for checked in (
        identities.bundle(bundle(statement(IMAGE.digest)), TARGET),
        identities.classic(payload, keyed, TARGET),
    ):
        assert checked.fact == Known("untrusted")
        assert checked.detail == f"a key made it, and only identities are trusted for {IMAGE.repository}"


def test_without_a_root_nothing_is_checked_and_that_is_said() -> None:
    rootless = Verifier(keyless=KeylessTrust((TrustedIdentity(ISSUER, IDENTITY),)))
    detail = "it was made with a certificate, and no trusted root is given"

    assert rootless.bundle(SIGNED, TARGET).fact == Unknown(Reason.NOT_REQUESTED, "trust in auditor.yaml", detail)


def test_an_attestation_is_no_signature_but_verifies_as_what_it_is(folder: Path) -> None:
    content = json.dumps(OURS.bundle(statement(IMAGE.digest, "https://slsa.dev/provenance/v1"))).encode()
    found = verifier(folder)
    checked, document = found.attestation(content, TARGET)

    assert found.bundle(content, TARGET).fact == Known("invalid")
    assert checked.fact == Known("verified")
    assert document is not None
    assert document["predicateType"] == "https://slsa.dev/provenance/v1"


def test_what_is_not_understood_is_a_gap(folder: Path) -> None:
    document = OURS.bundle(statement(IMAGE.digest)) | {"newPart": 1}
    checked = verifier(folder).bundle(json.dumps(document).encode(), TARGET)

    assert checked.fact == Unknown(
        Reason.UNSUPPORTED_BY_COLLECTOR, "cosign verify", "the bundle has parts that are not understood"
    )


ROOT_LINE, IDENTITY_LINE = "  trusted_root: trusted_root.json\n", f"identity: {IDENTITY}"


@pytest.mark.parametrize(
    ("trust", "error"),
    [
        (TRUST.replace(ROOT_LINE, ""), "trust: identities needs trusted_root beside it"),
        ("\n" + ROOT_LINE, "trust: trusted_root needs identities beside it"),
        (TRUST.replace("trusted_root.json", "gone.json"), "auditor.yaml:3: trust.trusted_root: the trusted root gone.json cannot be read: No such file"),
        (TRUST.replace("trusted_root.json", "release.pub"), "the trusted root release.pub cannot be used: it is no plain JSON"),
        (TRUST.replace("trusted_root.json", "empty.json"), "the trusted root empty.json cannot be used: mediaType: Field required"),
        (TRUST.replace("trusted_root.json", "old.json"), "the trusted root old.json cannot be used: mediaType: Input should be"),
        (TRUST.replace("trusted_root.json", "logless.json"), "the trusted root logless.json cannot be used"),
        (TRUST.replace("trusted_root.json", "large.json"), "the trusted root large.json cannot be used: it is larger than"),
        (TRUST.replace(IDENTITY_LINE, "identity_regexp: '(a'"), "auditor.yaml:5: trust.identities.0.identity_regexp: the pattern cannot be used: a ( is not closed"),
        (TRUST.replace(IDENTITY_LINE, f"{IDENTITY_LINE}\n      identity_regexp: a"), "trust.identities.0: takes one of identity, identity_regexp, not several"),
        (TRUST.replace(IDENTITY_LINE, "name: x"), "trust.identities.0.name: unknown key"),
        (TRUST.replace(f"      issuer: {ISSUER}\n", ""), "trust.identities.0: needs issuer"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_line(folder: Path, trust: str, error: str) -> None:
    old = OURS.trusted_root() | {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=9"}
    (folder / "empty.json").write_text("{}")
    (folder / "old.json").write_text(json.dumps(old))
    (folder / "logless.json").write_text(json.dumps(OURS.trusted_root() | {"tlogs": []}))
    (folder / "large.json").write_text(" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(ConfigError) as caught:
        verifier(folder, trust)

    assert error in str(caught.value)


def test_sigstore_is_loaded_only_for_identities() -> None:
    code = "import sys, auditor.signatures.trust, auditor.run.collecting; print('sigstore' in sys.modules, 'pydantic' in sys.modules)"  # fmt: skip
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.split() == ["False", "False"]

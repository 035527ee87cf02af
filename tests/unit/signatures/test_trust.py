"""`trust:` in auditor.yaml: what it takes, and what it refuses before anything is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from auditor.config.settings import load_config
from auditor.errors import ConfigError
from auditor.inventory.journal import find_interrupted
from auditor.run.collecting import collect
from auditor.signatures.trust import read_verifier
from auditor.signatures.verifier import Verifier
from tests.support import certificates, notation
from tests.support.http_server import http_server, reply

PEM, SPKI = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = PRIVATE.public_key().public_bytes(PEM, SPKI)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "release.pub").write_bytes(PUBLIC)
    root = certificates.authority()
    notation.write_store(tmp_path, {"ca:acme": [root]})
    (tmp_path / "trustpolicy.json").write_text(json.dumps(notation.policy(notation.statement(registryScopes=["*"]))))
    (tmp_path / "acme.crl").write_text(certificates.pem(certificates.revocation_list(root)))
    return tmp_path


def verifier(folder: Path, trust: str) -> Verifier:
    (folder / "auditor.yaml").write_text(f"version: 1\ntrust:\n{trust}")
    return read_verifier(load_config(folder / "auditor.yaml"))


KEY = "  keys:\n    - file: release.pub\n"
NOTATION = "  notation:\n    policy: trustpolicy.json\n    store: truststore\n    revocation_lists: [acme.crl]\n"


def test_paths_are_taken_from_the_files_folder(folder: Path) -> None:
    found = verifier(folder, KEY + NOTATION)

    assert [one.key.name for one in found.keys] == ["release.pub"]
    assert found.notation is not None
    assert len(found.notation.lists) == 1
    assert found.asked


def test_without_trust_nothing_is_asked(folder: Path) -> None:
    (folder / "auditor.yaml").write_text("version: 1\n")

    assert not read_verifier(load_config(folder / "auditor.yaml")).asked


def test_everything_that_decides_is_in_the_digest(folder: Path) -> None:
    seen = [verifier(folder, KEY + NOTATION).digest, verifier(folder, KEY).digest, verifier(folder, NOTATION).digest]
    seen.append(verifier(folder, KEY + "      repositories: ['*/team/*']\n").digest)
    (folder / "acme.crl").write_text(certificates.pem(certificates.revocation_list(certificates.authority("Other"))))
    seen.append(verifier(folder, NOTATION).digest)
    (folder / "release.pub").write_bytes(ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(PEM, SPKI))
    seen.append(verifier(folder, KEY).digest)

    assert len(set(seen)) == len(seen)
    assert verifier(folder, KEY).digest == verifier(folder, KEY).digest


@pytest.mark.parametrize(
    ("glob", "covered"),
    [
        ("*", True),
        ("registry.example.com/team/*", True),
        ("registry.example.com/*", True),
        ("*/team/app", True),
        ("team/app", False),
        ("registry.example.com/team", False),
        ("REGISTRY.example.com/*", False),
        ("registry.example.com/team/ap[p]", False),
    ],
)
def test_a_key_covers_repositories_by_glob(folder: Path, glob: str, *, covered: bool) -> None:
    [key] = verifier(folder, KEY + f"      repositories: ['{glob}']\n").keys

    assert key.covers("registry.example.com/team/app") is covered


@pytest.mark.parametrize(
    ("trust", "error"),
    [
        ("  keys:\n    - file: gone.pub\n", "auditor.yaml:4: trust.keys.0.file: the key gone.pub cannot be read"),
        ("  keys:\n    - file: private.pem\n", "auditor.yaml:4: trust.keys.0.file: the key private.pem cannot be used: it is a private key"),
        ("  keys:\n    - file: weak.pub\n", "RSA with 1024 bits is not accepted"),
        ("  keys: []\n", "auditor.yaml:3: trust.keys"),
        ("  keys:\n    - {file: release.pub, repository: x}\n", "did you mean 'repositories'?"),
        ("  {}\n", "auditor.yaml:"),
        (NOTATION.replace("trustpolicy.json", "gone.json"), "auditor.yaml:4: trust.notation.policy: the trust policy gone.json is no file"),
        (NOTATION.replace("truststore", "gone"), "auditor.yaml:5: trust.notation.store: the trust store gone is no directory"),
        (NOTATION.replace("acme.crl", "gone.crl"), "trust.notation.revocation_lists.0: the revocation list gone.crl is no file"),
        (NOTATION.replace("trustpolicy.json", "release.pub"), "release.pub: the trust policy cannot be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_its_line_before_any_request(folder: Path, trust: str, error: str) -> None:
    form = serialization.PrivateFormat.PKCS8
    (folder / "private.pem").write_bytes(PRIVATE.private_bytes(PEM, form, serialization.NoEncryption()))
    (folder / "weak.pub").write_bytes(rsa.generate_private_key(65537, 1024).public_key().public_bytes(PEM, SPKI))
    with http_server(lambda _seen: reply(500)) as server:
        path = folder / "auditor.yaml"
        path.write_text(f"version: 1\ntrust:\n{trust}targets: [{{kind: oci, url: '{server.url}'}}]\n")
        with pytest.raises(ConfigError) as caught:
            collect(load_config(path), folder / "snapshot", lambda _what, _count: None)

    assert error in str(caught.value)
    assert server.seen == []
    assert not (folder / "snapshot").exists()
    assert find_interrupted(folder / "snapshot") is None

"""notation's trust policy, trust store and revocation lists as files, and names as the policy compares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.errors import ConfigError
from auditor.signatures.notation import read_trust
from auditor.signatures.notation_policy import parse_trust_policy, read_trust_policy
from auditor.signatures.notation_store import read_trust_store
from auditor.signatures.x509_names import BadNameError, matches, name_of, parse_name
from auditor.signatures.x509_revocation import read_revocation_lists
from tests.support.certificates import authority, leaf, revocation_list, subject
from tests.support.notation import REPOSITORY, policy, statement, write_store

ROOT = authority()
SKIP = {"level": "skip", "trustStores": [], "trustedIdentities": []}


def test_trust_is_read_from_files(tmp_path: Path) -> None:
    file = tmp_path / "trustpolicy.json"
    file.write_text(json.dumps(policy(statement(trustStores=["ca:acme", "tsa:time"]))))
    store = write_store(tmp_path, {"ca:acme": [ROOT, authority("Other root")], "tsa:time": [ROOT]})
    lists = tmp_path / "root.crl"
    both = [revocation_list(ROOT), revocation_list(authority("Other root"))]
    lists.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in both))
    binary = tmp_path / "root.der"
    binary.write_bytes(both[0].public_bytes(Encoding.DER))

    trust = read_trust(file, store, [lists, binary])

    assert len(trust.store.of("ca", ["acme"])) == 2
    assert trust.store.of("tsa", ["time"]) == [ROOT.certificate]
    assert trust.store.of("ca", ["time"]) == []
    assert [one.content for one in trust.lists] == [*both, both[0]]
    assert read_trust(file, store.parent).store == trust.store


def test_the_statement_of_the_repository_itself_comes_before_the_one_for_all() -> None:
    document = parse_trust_policy(policy(statement(name="all", registryScopes=["*"]), statement()))

    assert getattr(document.statement_for(REPOSITORY), "name", "") == "release"
    assert getattr(document.statement_for(REPOSITORY + "/sub"), "name", "") == "all"
    assert parse_trust_policy(policy(statement())).statement_for(REPOSITORY + "/sub") is None


def test_levels_are_the_specifications_table() -> None:
    def actions(**changes: Any) -> list[str]:
        return list(parse_trust_policy(policy(statement(**changes))).statements[0].actions.values())

    assert actions() == ["enforce"] * 5
    assert actions(level="permissive") == ["enforce", "enforce", "log", "log", "log"]
    assert actions(level="audit") == ["enforce", "log", "log", "log", "log"]
    assert actions(**SKIP) == ["skip"] * 5
    assert actions(override={"revocation": "skip", "expiry": "log"}) == ["enforce", "enforce", "enforce", "log", "skip"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"registryScopes": []}, "registryScopes"),
        ({"registryScopes": ["*", REPOSITORY]}, "registryScopes"),
        ({"registryScopes": ["registry.example.com/*"]}, "registryScopes"),
        ({"registryScopes": ["https://registry.example.com/app"]}, "registryScopes"),
        ({"registryScopes": ["registry.example.com/app:v1"]}, "registryScopes"),
        ({"registryScopes": "registry.example.com/app"}, "registryScopes"),
        ({"level": "lax"}, "level"),
        ({"override": {"integrity": "log"}}, "override"),
        ({"override": {"expiry": "skip"}}, "override"),
        ({"override": {"nothing": "log"}}, "override"),
        ({"override": {"expiry": "ignore"}}, "override"),
        ({"verifyTimestamp": "never"}, "verifyTimestamp"),
        ({"level": "skip"}, "trustPolicies[0]"),
        ({**SKIP, "override": {"expiry": "log"}}, "override"),
        ({"trustStores": []}, "trustPolicies[0]"),
        ({"trustedIdentities": []}, "trustPolicies[0]"),
        ({"trustStores": ["acme"]}, "trustStores"),
        ({"trustStores": ["pgp:acme"]}, "trustStores"),
        ({"trustStores": ["ca:../acme"]}, "trustStores"),
        ({"trustStores": ["ca:.."]}, "trustStores"),
        ({"trustedIdentities": ["*", "x509.subject: C=US, ST=WA, O=Acme"]}, "trustedIdentities"),
        ({"trustedIdentities": ["C=US"]}, "trustedIdentities"),
        ({"trustedIdentities": ["x509.subject:"]}, "trustedIdentities"),
        ({"trustedIdentities": ["x509.subject: C=US"]}, "trustedIdentities"),
        (
            {"trustedIdentities": ["x509.subject: C=US, ST=WA, O=Acme", "x509.subject: C=US, ST=WA, O=Acme, CN=a"]},
            "trustedIdentities",
        ),
        ({"name": ""}, "name"),
        ({"trustedIdentites": []}, "trustPolicies[0]"),
    ],
)
def test_a_wrong_statement_is_told_with_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_trust_policy(policy(statement(**changes)))

    assert field in error.value.field
    assert error.value.hint


@pytest.mark.parametrize(
    "document",
    [
        {"version": "2.0", "trustPolicies": [statement()]},
        {"trustPolicies": [statement()]},
        policy(),
        policy(statement(), statement(registryScopes=["*"])),
        policy(statement(), statement(name="again")),
        {"version": "1.0", "trustPolicies": ["release"]},
    ],
    ids=["version", "no version", "empty", "name twice", "scope twice", "no object"],
)
def test_a_wrong_document_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        parse_trust_policy(document)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    file = tmp_path / "trustpolicy.json"
    document = parse_trust_policy(policy(statement()))
    with pytest.raises(ConfigError, match=r"trustpolicy\.json.*No such file.*name notation's"):
        read_trust_policy(file)
    for content in (b"{", b'{"version": "1.0", "version": "1.0"}', b"\xff", b" " * 2_000_000):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match=r"trustpolicy\.json"):
            read_trust_policy(file)
    with pytest.raises(ConfigError, match=r"ca:acme cannot be read.*truststore/x509/ca/NAME"):
        read_trust_store(tmp_path, document)

    folder = write_store(tmp_path, {"ca:acme": [ROOT]}) / "x509" / "ca" / "acme"
    for name, content in (("empty.pem", b""), ("key.pem", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"), ("text.crt", b"hello"), ("large.pem", b"-" * 5_000_000)):  # fmt: skip
        (folder / name).write_bytes(content)
        with pytest.raises(ConfigError, match=name):
            read_trust_store(tmp_path, document)
        (folder / name).unlink()
    (folder / "more").mkdir()
    with pytest.raises(ConfigError, match="no regular file"):
        read_trust_store(tmp_path, document)
    with pytest.raises(ConfigError, match="revocation list in PEM or DER"):
        read_revocation_lists([file])


def test_stores_hold_authorities_and_timestampers_roots(tmp_path: Path) -> None:
    middle = authority("Middle", ROOT)
    write_store(tmp_path, {"ca:acme": [middle], "tsa:roots": [ROOT], "tsa:middle": [middle], "ca:leaf": [leaf(ROOT)], "ca:alone": [leaf(None)], "ca:empty": []})  # fmt: skip

    def read(*stores: str) -> int:
        document = parse_trust_policy(policy(statement(trustStores=list(stores))))
        return len(read_trust_store(tmp_path, document).certificates)

    assert read("ca:acme", "tsa:roots", "ca:alone") == 3
    for store, message in (("tsa:middle", "is no root"), ("ca:leaf", "no certificate authority"), ("ca:empty", "0 files")):  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            read(store)


def test_a_store_may_be_a_mounted_config_map(tmp_path: Path) -> None:
    """Its files are links into a hidden directory."""
    folder = write_store(tmp_path, {"ca:acme": [ROOT]}) / "x509" / "ca" / "acme"
    (folder / "..data").mkdir()
    (folder / "0.pem").rename(folder / "..data" / "0.pem")
    (folder / "0.pem").symlink_to(folder / "..data" / "0.pem")

    store = read_trust_store(tmp_path, parse_trust_policy(policy(statement())))

    assert store.of("ca", ["acme"]) == [ROOT.certificate]


def test_names() -> None:
    whole = parse_name(r"C=US, S=WA,O=Acme\, Inc.\2B, CN=a\ b")
    assert whole == {"C": "US", "ST": "WA", "O": "Acme, Inc.+", "CN": "a b"}
    assert name_of(subject("x", O="Acme, Inc.+")) == {"C": "US", "ST": "WA", "O": "Acme, Inc.+", "CN": "x"}
    assert matches(parse_name("O=Acme, ST=WA, C=US"), name_of(subject("x")))
    assert not matches(parse_name("O=acme, ST=WA, C=US"), name_of(subject("x")))
    assert not matches(parse_name("O=Acme, ST=WA, C=US, OU=a"), name_of(subject("x")))
    for text in ("", "C=US, ST=WA", "C=US, ST=WA, O=", "C=US, ST=WA, O=a, O=b", "C=US, ST=WA, S=WA, O=a", "C=US+L=x, ST=WA, O=a", "C=#0c02, ST=WA, O=a", r"C=US, ST=WA, O=a\x", r"C=US, ST=WA, O=\ff", "C=US, ST=WA, O=a, b", "C=US, ST=WA, O=" + "a" * 5000):  # fmt: skip
        with pytest.raises(BadNameError):
            parse_name(text)

"""Names and values of environment, history and labels."""

from __future__ import annotations

import pytest

from auditor.collectors.oci.manifests import texts_of
from auditor.inventory.contents import NamedValue
from auditor.inventory.facts import Reason
from auditor.secrets.config import MAX_TEXT, added_hosts, find_in_config, variables_of, without_secrets
from auditor.secrets.image import join
from auditor.secrets.values import content_of
from tests.support.planted_world import AWS_SECRET, GITHUB, KEY


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("", "empty"), ("  ", "empty"), ('""', "empty"),
        ("hunter2", "set"), ("postgres", "set"), ("$ecret", "set"), ("12345", "set"), ("my-secret-pw", "set"),
        ("changeme", "placeholder"), ("CHANGE_ME", "placeholder"), ("<password>", "placeholder"), ("xxxx", "placeholder"),
        ("********", "placeholder"), ("your-token-here", "placeholder"), ("{{ token }}", "placeholder"), ("tbd", "placeholder"),
        ("${TOKEN}", "reference"), ("$TOKEN", "reference"), ("/run/secrets/token", "reference"),
        ("https://auth.example.com/token", "reference"), ("vault:secret/data/x", "reference"),
        ("true", "public"), ("8", "public"), ("1.2.3", "public"), ("ssh-ed25519 AAAAC3Nza me@here", "public"),
        ("https://me:hunter2@example.com", "set"),
    ],
)  # fmt: skip
def test_values(value: str, content: str) -> None:
    assert content_of("API_TOKEN", value) == content


def test_the_fingerprint_of_a_signers_key_is_public() -> None:
    fingerprint = "A035C8C19219BA821ECEA86B64E628F8D684696D"

    assert content_of("GPG_KEY", fingerprint) == "public"
    assert content_of("API_KEY", fingerprint) == "set", "as hexadecimal secrets look too"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("|2 NPM_TOKEN=abc def MODE=ci /bin/sh -c npm ci", {"NPM_TOKEN": "set", "MODE": "set"}),
        ("RUN |1 TOKEN=abc /bin/sh -c make # buildkit", {"TOKEN": "set"}),
        ("RUN |1 TOKEN= /bin/sh -c make # buildkit", {"TOKEN": "empty"}),
        ("|1 TOKEN=abc /bin/sh -c OTHER=x1y2 make", {"TOKEN": "set", "OTHER": "set"}),
        ("/bin/sh -c #(nop)  ENV SECRET_KEY=foo bar=baz", {"SECRET_KEY": "set", "bar": "set"}),
        ("/bin/sh -c #(nop)  ARG TOKEN", {"TOKEN": "empty"}),
        ("ARG TOKEN=xyzzy", {"TOKEN": "set"}),
        ('ENV A_SECRET="two words"', {"A_SECRET": "set"}),
        ("ENV A_SECRET two words", {"A_SECRET": "set"}),
        ("RUN /bin/sh -c export MY_SECRET=abc; make", {"MY_SECRET": "set"}),
        ('ENV BROKEN="', {"BROKEN": "empty"}),
        ("LABEL token=x", {}),
        ("COPY a b", {}),
    ],
)
def test_what_a_step_of_the_history_sets(line: str, names: dict[str, str]) -> None:
    found = variables_of({"history": [{}, {"created_by": line}]})

    assert {v.name: v.content for v in found} == names
    assert {v.index for v in found} <= {1}


def test_the_environment_is_kept_by_name() -> None:
    document = {"config": {"Env": ["PATH=/usr/bin:/bin", "DB_PASSWORD=hunter2", "ODD", 5]}}

    found = variables_of(document)

    assert NamedValue("env", "DB_PASSWORD", "set") in found
    assert "hunter2" not in repr(found)
    assert [v.name for v in found] == ["PATH", "DB_PASSWORD", "ODD", "5"]


def test_secrets_are_found_under_any_name() -> None:
    document = {
        "config": {"Env": [f"HARMLESS={GITHUB}"], "Cmd": ["run", f"--token={GITHUB}"], "Entrypoint": [], "Healthcheck": {"Test": ["CMD", GITHUB]}},
        "history": [{"created_by": f"RUN echo '{KEY}'"}],
    }  # fmt: skip
    found = find_in_config(document, {"a": GITHUB})

    assert [(f.rule, f.where, f.name) for f in found] == [
        ("github-token", "env", "HARMLESS"), ("private-key", "history", ""), ("github-token", "label", "a"),
        ("github-token", "command", "Cmd"), ("github-token", "command", "Healthcheck"),
    ]  # fmt: skip
    assert GITHUB not in repr(found)


def test_labels_are_shown_without_secrets() -> None:
    labels = {"team": "a", "ci": f"by {GITHUB}", "ci.token": AWS_SECRET, "url": "https://example.com"}

    assert without_secrets(labels) == {
        "team": "a",
        "ci": "by ghp_… (40 characters)",
        "ci.token": "… (40 characters)",
        "url": "https://example.com",
    }


@pytest.mark.parametrize("document", [{}, {"config": 5, "history": "x"}, {"config": {"Env": {}, "Cmd": "x"}, "history": [5]}])  # fmt: skip
def test_a_config_of_any_shape_is_read(document: dict[str, object]) -> None:
    assert find_in_config(document, {}) == []
    assert [v for v in variables_of(document) if v.content == "set"] == []


def test_hosts_of_added_files() -> None:
    lines = ["ADD https://me:hunter2@example.com/a.tgz /x", "/bin/sh -c #(nop)  ADD http://b.example/x in /y", "ADD file:abc in /", "RUN ADD https://no.example", "ADD https://[ /x"]  # fmt: skip

    assert added_hosts({"history": [{"created_by": line} for line in lines]}) == ["", "b.example", "example.com"]


@pytest.mark.parametrize(
    ("config", "annotations"),
    [
        ({"config": {"Env": [f"A{n}=b" for n in range(1001)]}}, {}),
        ({"config": {"Env": ["A=" + "b" * MAX_TEXT]}}, {}),
        ({"config": {"Cmd": ["b" * MAX_TEXT]}}, {}),
        ({"history": [{"created_by": "b" * MAX_TEXT}]}, {}),
        ({"history": [{}] * 1001}, {}),
        ({"history": [{"created_by": "RUN " + " ".join(f"A{n}=b" for n in range(2001))}]}, {}),
        ({"config": {"Labels": {"a": "b" * MAX_TEXT}}}, {}),
        ({}, {str(n): "" for n in range(1001)}),
    ],
)
def test_what_is_too_much_to_look_at_is_a_gap(config: dict[str, object], annotations: dict[str, str]) -> None:
    assert [(gap.reason, gap.layer) for gap in join([], config, annotations).gaps] == [(Reason.TRUNCATED, "")]


def test_a_secret_deep_in_a_label_is_found() -> None:
    config = {"config": {"Labels": {"a": "b " * 5000 + GITHUB}}}

    assert [finding.rule for finding in join([], config, None).findings] == ["github-token"]


def test_half_a_key_is_not_shown_either() -> None:
    shown = texts_of(without_secrets({"a": "b" * 4000 + KEY, GITHUB: "c"}))

    assert KEY.splitlines()[1][:20] not in shown["a"]
    assert GITHUB not in shown

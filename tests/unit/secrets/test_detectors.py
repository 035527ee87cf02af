"""What counts as a secret in a text, what does not, and that nobody is asked about one."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys

import pytest

from auditor.secrets.detectors import MOST_CANDIDATES, TooManyError, find_secrets, redacted
from tests.support.planted_world import AWS_KEY, AWS_SECRET, DOCKER_AUTH, GITHUB, KEY, MIXED, letters


def found(text: str, *, settings: bool = True) -> list[tuple[str, str, int]]:
    return sorted((m.rule, m.confidence, m.line) for m in find_secrets(text.encode(), settings=settings))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (AWS_KEY, "aws-access-key"),
        (f"x={AWS_KEY};", "aws-access-key"),
        (GITHUB, "github-token"),
        ("github_pat_" + letters("a", 22, MIXED) + "_" + letters("b", 59, MIXED), "github-token"),
        ("glpat-" + letters("gitlab", 20, MIXED), "gitlab-token"),
        ("xoxb-123456789012-123456789013-" + letters("slack", 24, "abcdef23456"), "slack-token"),
        ("sk_live_" + letters("stripe", 24, MIXED), "stripe-key"),
        ("//registry.example.com/:_authToken=npm_" + letters("npm", 36, MIXED), "npm-token"),
        ("pypi-AgEIcHlwaS5vcmc" + letters("pypi", 80, MIXED), "pypi-token"),
        ("SG." + letters("sg", 22, MIXED) + "." + letters("sg2", 43, MIXED), "sendgrid-key"),
        ("AccountKey=" + letters("azure", 86, MIXED) + "==", "azure-storage-key"),
        (KEY, "private-key"),
        (KEY.replace("\n", "\\n"), "private-key"),
        (KEY.replace("\n", "\r\n"), "private-key"),
        (f'{{"auths": {{"r": {{"auth": "{DOCKER_AUTH}"}}}}}}', "docker-auth"),
    ],
)
def test_forms_are_found_in_any_text(text: str, rule: str) -> None:
    assert found(text, settings=False) == [(rule, "format", 1)]
    assert found(f"a\nb {text} c\n", settings=False) == [(rule, "format", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "AKIA",
        "ghp_short",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nnot a key\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(b"x" * 64).decode() + "\n-----END PRIVATE KEY-----",
        KEY.replace("PRIVATE", "PUBLIC"),
        '{"auth": "bm90IGEgcGFpcg=="}',
        '{"auth": "' + base64.b64encode(b"user:").decode() + '"}',
        '{"auth": "' + base64.b64encode(b"user:changeme").decode() + '"}',
        "password: ${DB_PASSWORD}",
        "password = changeme-please-now",
        "token: 123e4567-e89b-12d3-a456-426614174000",
        "secret_name: my-application-secret-name",
        "api_key = os.environ['API_KEY']",
        "https://example.com/path",
        "postgres://user:${PASSWORD}@db/app",
        "postgres://user:changeme@db/app",
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert found(text) == []


def test_random_values_count_in_settings_only() -> None:
    text = f"aws_secret_access_key = {AWS_SECRET}\n"

    assert found(text) == [("high-entropy", "entropy", 1)]
    assert found(text, settings=False) == []
    assert found(f"checksum = {AWS_SECRET}") == [], "nothing says that it is secret"
    assert found("postgres://app:s3cr3t-pw@db/app") == [("password-in-url", "entropy", 1)]


def test_a_key_with_a_passphrase_is_not_certain() -> None:
    sealed = KEY.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")

    assert found(sealed) == [("encrypted-private-key", "entropy", 1)]


def test_what_has_a_form_is_not_said_twice() -> None:
    assert found(f"github_token = {GITHUB}") == [("github-token", "format", 1)]


@pytest.mark.parametrize("secret", [AWS_KEY, GITHUB, AWS_SECRET, DOCKER_AUTH])
def test_a_match_shows_four_characters_at_most(secret: str) -> None:
    text = f'secret = {secret}\n"auth": "{secret}"'
    for match in find_secrets(text.encode(), settings=True):
        shown, _, length = match.redacted.partition("…")
        assert len(shown) <= 4
        assert length == f" ({len(secret)} characters)"
        assert secret not in repr(match)


def test_a_text_is_redacted() -> None:
    shown, matches = redacted(f"curl -H token={GITHUB} https://a:{AWS_SECRET}@b")

    assert GITHUB not in shown
    assert AWS_SECRET not in shown
    assert shown.startswith("curl -H token=ghp_… (40 characters) https://a:…")
    assert [match.rule for match in matches] == ["github-token", "password-in-url"]
    assert redacted("nothing here") == ("nothing here", [])


def test_a_text_of_nothing_but_suspicions_is_given_up() -> None:
    with pytest.raises(TooManyError):
        list(find_secrets(b"AKIA\n" * (MOST_CANDIDATES + 1), settings=False))
    assert redacted("AKIA\n" * (MOST_CANDIDATES + 1)) == ("…", [])


def test_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """detect-secrets can ask the issuer whether a secret works: not here."""

    def refuse(*_arguments: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    slack = "https://hooks.slack.com/services/T" + letters("t", 8) + "/B" + letters("b", 8) + "/" + letters("c", 24)
    text = f"{AWS_KEY} '{AWS_SECRET}'\n{slack}\nsk_live_{letters('stripe', 24, MIXED)}\n{GITHUB}\n"

    rules = {match.rule for match in find_secrets(text.encode(), settings=True)}

    assert rules == {"aws-access-key", "slack-token", "stripe-key", "github-token"}


def test_the_library_is_loaded_with_the_first_suspicion() -> None:
    code = "import sys, auditor.secrets.detectors as d; list(d.find_secrets(b'plain', settings=True)); print('detect_secrets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"

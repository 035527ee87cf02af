"""Image references: R1 to R25, each by its id."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis import references
from auditor.analysis.references import analyse_repository_name, parse_reference

D = "sha256:" + "a" * 64
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
CN = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"
PARSED: dict[str, tuple[str, tuple[str, str, str, str]]] = {
    "R1": ("nginx", ("docker.io", "library/nginx", "latest", "")),
    "R2": ("nginx:1.27", ("docker.io", "library/nginx", "1.27", "")),
    "R3": ("bitnami/redis", ("docker.io", "bitnami/redis", "latest", "")),
    "R4": ("docker.io/nginx", ("docker.io", "library/nginx", "latest", "")),
    "R5": ("index.docker.io/library/nginx:1", ("docker.io", "library/nginx", "1", "")),
    "R6": ("localhost/app", ("localhost", "app", "latest", "")),
    "R7": ("localhost:5000/app:v1", ("localhost:5000", "app", "v1", "")),
    "R8": ("reg.example.com:5000/app", ("reg.example.com:5000", "app", "latest", "")),
    "R9": ("app:5000/x", ("app:5000", "x", "latest", "")),
    "R10": (f"{ECR}/myapp:v1.2.3", (ECR, "myapp", "v1.2.3", "")),
    "R11": (f"{CN}/a/b@{D}", (CN, "a/b", "", D)),
    "R12": ("public.ecr.aws/nginx/nginx:1", ("public.ecr.aws", "nginx/nginx", "1", "")),
    "R13": (f"nginx:1.27@{D}", ("docker.io", "library/nginx", "1.27", D)),
    "R20": ("[2001:db8::1]:5000/app:1", ("[2001:db8::1]:5000", "app", "1", "")),
    "R21": ("a__b/c--d:1", ("docker.io", "a__b/c--d", "1", "")),
    "R23": ("europe-docker.pkg.dev/proj/repo/img:1", ("europe-docker.pkg.dev", "proj/repo/img", "1", "")),
}
INVALID = {
    "R14": "nginx@sha256:abc",
    "R15": "MyApp:v1",
    "R16": "MyOrg/app",
    "R17": "https://ghcr.io/o/i:1",
    "R18": "ghcr.io/o/i:",
    "R19": "nginx:-x",
    "R19-plus": "nginx:a+b",
    "R21-three": "a___b",
    "R22": "a" * 64,
    "R25": " nginx:1 ",
    "R25-empty": "",
    "short digest": "nginx@sha256:" + "a" * 40,
    "long name": "a/" * 200 + "b",
}


@pytest.mark.parametrize("case", PARSED)
def test_vector_parses(case: str) -> None:
    text, expected = PARSED[case]
    found: Any = parse_reference(text)

    assert (found.registry, found.repository, found.tag, found.digest) == expected
    assert found.tag_is_default == (expected[2] == "latest")


@pytest.mark.parametrize("case", INVALID)
def test_vector_is_invalid_with_a_reason(case: str) -> None:
    found: Any = parse_reference(INVALID[case])

    assert found.kind == "invalid"
    assert found.reason


def test_r10_and_r11_tell_account_and_region() -> None:
    found: Any = parse_reference(f"{CN}/a/b@{D}")

    assert (found.account, found.region) == ("123456789012", "cn-north-1")


def test_r24_placeholder_is_unresolved_and_keeps_its_default() -> None:
    found: Any = parse_reference("$REGISTRY/app:${TAG:-latest}")

    assert (found.kind, found.default_tag) == ("unresolved", "latest")


def test_repository_names_and_tags() -> None:
    found = analyse_repository_name("team/app", ECR, ["v1", "-x", "a" * 129, "v1"])

    assert (found.repository_error, found.components, found.bad_tags) == ("", ["team", "app"], ["-x", "a" * 129])
    assert analyse_repository_name("Team/app", ECR, []).repository_error


@given(st.text(max_size=300))
def test_parser_never_crashes(text: str) -> None:
    found: Any = parse_reference(text)

    if found.kind == "parsed":
        name = f"{found.registry}/{found.repository}"
        again: Any = parse_reference(
            name + (f":{found.tag}" if found.tag else "") + (f"@{found.digest}" if found.digest else "")
        )
        assert (again.registry, again.repository, again.tag, again.digest) == (
            found.registry,
            found.repository,
            found.tag,
            found.digest,
        )


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(references).failed == 0

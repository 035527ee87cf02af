"""Every attack on a signature that we know of: its state in an audit, and what the reference implementation says.

The table is `ATTACKS`: a row is (attack, tool, states of the signatures that the audit finds, why the reference says
something else). The rows are in `tests/support/attacks_cosign.py` and `attacks_notation.py`; each is an image on a real
registry, with and without the referrers API, that `auditor` collects as it would anywhere, and that `cosign verify` or
notation-go is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.attack_page import PAGE, page
from tests.support.attacks import ATTACKS, ROOT, Attack, AttackWorld, reference_accepts
from tests.support.audits import judge, records
from tests.support.certificates import leaf, revocation_list
from tests.support.http_server import http_server, reply
from tests.support.registries import Pusher, plain_registry, referrers_registry

pytestmark = pytest.mark.slow

NAMED = {
    "other key", "other digest", "other repository", "replayed signature", "stripped chain", "expired certificate",
    "expired signature", "unknown critical header", "algorithm confusion", "truncated JSON", "duplicated JSON",
    "key usage", "wrong EKU", "self-signed", "trust store of another scope", "revoked", "oversized",
    "index versus child", "tag moved", "DSSE payload type swapped", "PAE ambiguity", "unsigned timestamp",
    "base64 variants", "two signatures, one bad", "signature on fallback index forged", "empty",
}  # fmt: skip
TABLE = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.name} ({attack.tool})")


@pytest.fixture(scope="module", params=["without the API", "with the API"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackWorld]:
    lists: list[bytes] = []
    registry = referrers_registry if request.param == "with the API" else plain_registry
    with (
        registry() as url,
        Pusher(url) as push,
        http_server(lambda _seen: reply(200, lists[0])) as server,
    ):
        world = AttackWorld(url, push, tmp_path_factory.mktemp("attacks"), lists=registry is referrers_registry)
        world.revoked.append(leaf(ROOT, "Lost", crl_url=server.url + "/acme.crl"))
        lists.append(revocation_list(ROOT, tuple(world.revoked)).public_bytes(Encoding.DER))
        world.make_keys()
        for attack in ATTACKS:
            attack.make(world, attack.case)
        yield world


@pytest.fixture(scope="module")
def audit(world: AttackWorld, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, str]]:
    """(repository -> the image that its tag v1 leads to, repository -> the verdict of REG-SIG-002)."""
    folder = tmp_path_factory.mktemp("audit")
    settings = Settings(targets=[{"kind": "oci", "url": world.url}], trust=world.trust())
    collect(Config(settings), folder / "snapshot", lambda _what, _count: None)
    images = {
        name: next(image for image in record["images"]["value"] if "v1" in image["tags"])
        for name, record in records(folder).items()
    }
    _, results = judge(folder, check=("REG-SIG-002",), include_passed=True)
    digests = {image["digest"]: name for name, image in images.items()}
    verdicts = {}
    for finding in results["findings"]:
        digest = finding["resource"].get("digest", "")
        if digest in digests:
            verdicts[finding["resource"]["repository"]] = finding["status"]
    return images, verdicts


@TABLE
def test_each_attack_has_its_state(attack: Attack, audit: tuple[dict[str, Any], dict[str, str]]) -> None:
    images, verdicts = audit
    signatures = images[attack.case]["signatures"]["value"]
    found = sorted(one["verification"].get("value", "unknown") for one in signatures)

    assert found == sorted(attack.states), signatures
    wanted = "pass" if "verified" in found else "unknown" if "unknown" in found else "fail" if found else None
    assert verdicts.get(attack.case) == wanted


@TABLE
def test_the_reference_agrees_or_the_table_says_why_not(attack: Attack, world: AttackWorld) -> None:
    accepted, says = reference_accepts(world, attack)

    assert accepted is attack.accepted, says or "accepted"


def test_every_attack_of_the_list_is_there() -> None:
    assert {attack.name for attack in ATTACKS} >= NAMED
    assert len({attack.case for attack in ATTACKS}) == len(ATTACKS)


def test_the_page_shows_the_table() -> None:
    assert PAGE.read_text() == page(), "python -m tests.support.attack_page"

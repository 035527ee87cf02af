"""notation signatures: every attack has its own state, and the reference implementation agrees or the note says why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.signatures.notation import Trust, verify_notation
from auditor.signatures.notation_policy import parse_trust_policy
from auditor.signatures.notation_store import read_trust_store
from auditor.signatures.outcome import Outcome
from auditor.signatures.x509_revocation import RevocationList
from tests.support.certificates import NOW
from tests.support.notation import MEDIA_TYPES, Reference, policy, reference, write_store
from tests.support.notation_cases import CASES, Attempt, Case


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[str]:
    """A web server with revocation lists, which the reference fetches."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = files.get(self.path)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(found or b"")

        do_POST = do_GET  # noqa: N815  OCSP

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


NOWHERE = "http://127.0.0.1:1"


def ours(form: str, attempt: Attempt, store: Path) -> Outcome:
    document = parse_trust_policy(policy(*attempt.statements))
    trust = Trust(
        document, read_trust_store(store, document), tuple(RevocationList(one) for one in attempt.served.values())
    )
    return verify_notation(attempt.content, MEDIA_TYPES[form], target=attempt.target, trust=trust, now=NOW)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.form}")
def test_each_case_has_its_state(case: Case, tmp_path: Path) -> None:
    attempt = case.make(case.form, NOWHERE)

    outcome = ours(case.form, attempt, write_store(tmp_path, attempt.stores))

    assert (outcome.state, case.says in outcome.detail) == (case.state, True), outcome


@pytest.fixture(scope="module")
def notation_go() -> Iterator[Reference]:
    with reference() as process:
        yield process


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.form}")
def test_the_reference_agrees_or_the_case_says_why_not(case: Case, notation_go: Reference, tmp_path: Path) -> None:
    lists: dict[str, bytes] = {}
    with serving(lists) as url:
        attempt = case.make(case.form, url)
        lists |= {path: one.public_bytes(Encoding.DER) for path, one in attempt.served.items()}
        store = write_store(tmp_path, attempt.stores)
        accepted, says = notation_go.verify(
            attempt.content,
            MEDIA_TYPES[case.form],
            target=attempt.target,
            document=policy(*attempt.statements),
            store=store.parent,
        )

    assert (accepted == (case.state == "verified")) == (not case.differs), says or "accepted"

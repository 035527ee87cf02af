"""The findings inside the HTML page: small, and bounded whatever the texts are."""

from __future__ import annotations

import base64
import json
import zlib

from auditor.findings.model import Evidence
from auditor.report.payload import TEXT_LIMIT, TIGHT_LIMIT, columns, pack
from tests.support.results_factory import make_finding, make_resource

RULES = {"REG-RET-001": 0}


def test_columns_of_equal_findings_store_each_text_once() -> None:
    document = columns([make_finding(resource=make_resource(name)) for name in ("a", "b", "a")], RULES)

    assert document["tables"]["repository"] == ["a", "b"]
    assert document["columns"]["repository"] == [0, 1, 0]
    assert len(document["tables"]["message"]) == len(document["tables"]["evidence"]) == 1


def test_columns_of_an_image_id_keep_only_its_prefix() -> None:
    resource = make_resource("team/app", digest="sha256:" + "0" * 64)
    document = columns([make_finding(resource=resource)], RULES)

    assert document["tables"]["prefix"] == ["urn:cr:ecr:111122223333:eu-west-1:*"]


def test_columns_of_an_id_of_another_form_keep_it_whole() -> None:
    document = columns([make_finding(resource=make_resource("app", id="something-else"))], RULES)

    assert document["tables"]["prefix"] == ["something-else"]


def test_columns_of_one_huge_text_cut_it_and_say_by_how_much() -> None:
    message = columns([make_finding(message="x" * (TEXT_LIMIT + 5))], RULES)["tables"]["message"][0]

    assert message == "x" * TEXT_LIMIT + "… (5 more characters)"


def test_columns_beyond_the_budget_keep_the_start_of_every_text() -> None:
    findings = [make_finding(message=f"{number}" + "y" * 5000) for number in range(9)]
    messages = columns(findings, RULES, budget=12_000)["tables"]["message"]

    assert len(messages) == 9
    assert len(messages[0]) == 5001
    assert len(messages[-1]) < TIGHT_LIMIT + 40
    assert messages[-1].startswith("8yyy")


def test_columns_of_evidence_refer_to_paths_and_values() -> None:
    evidence = [Evidence("/a", {"b": 1, "a": [True, None]}), Evidence("/c", "text")]
    tables = columns([make_finding(evidence=evidence)], RULES)["tables"]

    assert tables["path"] == ["/a", "/c"]
    assert tables["value"] == ['{"a":[true,null],"b":1}', "text"]
    assert tables["evidence"] == [[0, 0, 1, 1]]


def test_pack_gives_deflated_json_in_base64() -> None:
    assert json.loads(zlib.decompress(base64.b64decode(pack({"n": 0})))) == {"n": 0}

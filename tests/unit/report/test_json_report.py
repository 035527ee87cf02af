"""The JSON report: results.json again, by its published schema."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from auditor.findings.model import Results
from auditor.report.json_report import JsonReporter
from tests.support.results_factory import hostile_results, make_results, realistic_results

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "auditor/schemas/results.schema.json").read_text(encoding="utf-8")
)


def written(results: Results) -> bytes:
    out = io.BytesIO()
    JsonReporter().write(results, out)
    return out.getvalue()


@pytest.mark.parametrize("results", [realistic_results(60), make_results(), hostile_results()])
def test_json_of_any_results_fits_the_published_schema_and_reads_back_equal(results: Results) -> None:
    content = written(results)

    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(content))
    back = msgspec.json.decode(content, type=Results)
    assert back == results


def test_json_is_indented_and_keeps_the_order_of_findings() -> None:
    results = realistic_results(40)
    document: dict[str, Any] = json.loads(written(results))

    assert written(results).startswith(b'{\n  "schema_version": 1,\n')
    assert [finding["id"] for finding in document["findings"]] == [finding.id for finding in results.findings]
    assert written(results) == written(results)

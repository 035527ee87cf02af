"""Policies from directories, files and tarballs: what is refused, and what the digest covers."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from auditor.errors import PolicyError
from auditor.policy.archive import MAX_UNPACKED_BYTES
from auditor.policy.bundle import load_bundle
from auditor.policy.engines.opa_server import find_opa
from auditor.policy.resources import policy_root

RULE = """# METADATA
# title: A rule of ours
# description: Says yes to everything.
# custom:
#   id: {id}
#   severity: low
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr]
#   frameworks: {{}}
#   params: {params}
#   remediation: {{action: manual, mode: manual, text: Nothing to do.}}
package auditor.rules.acme.{name}

verdicts contains {{"status": "pass", "resource_id": input.id}}
"""


def rule(folder: Path, name: str = "yes", identity: str = "ACME-YES-001", params: str = "{}") -> Path:
    path = folder / f"{name}.rego"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(id=identity, name=name, params=params))
    return path


def test_own_rules_load_and_each_has_its_place() -> None:
    bundle = load_bundle()

    own = [path for path in policy_root().rglob("*.rego") if "#   id: REG-" in path.read_text("utf-8")]
    assert len(bundle.rules) == len(own) >= 31
    assert all(rule.file == f"policies/{rule.path}.rego" for rule in bundle.rules)
    assert not any("_test" in path for path in bundle.modules)


def test_directory_file_and_tarball_hold_the_same(tmp_path: Path) -> None:
    path = rule(tmp_path / "mine")
    subprocess.run([find_opa(), "build", "-b", "mine", "-o", "mine.tar.gz"], cwd=tmp_path, check=True)

    for form in (tmp_path / "mine", path, tmp_path / "mine.tar.gz"):
        assert "ACME-YES-001" in {rule.id for rule in load_bundle([form]).rules}


def test_digest_depends_on_content_and_not_on_the_place(tmp_path: Path) -> None:
    rule(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    rule(tmp_path / "c", params='{x: {type: string, default: "", description: abc}}')

    a, b, c = (load_bundle([tmp_path / name]).digest for name in "abc")
    assert a == b
    assert a != c


def test_tests_are_kept_apart_and_hidden_files_left_out(tmp_path: Path) -> None:
    rule(tmp_path)
    (tmp_path / "yes_test.rego").write_text("package auditor.rules.acme.yes_test\n")
    (tmp_path / ".hidden.rego").write_text("nonsense")

    bundle = load_bundle([tmp_path], builtin=False)
    assert [path.rpartition("/")[2] for path in bundle.modules] == ["yes.rego"]
    assert [path.rpartition("/")[2] for path in bundle.tests] == ["yes_test.rego"]


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (("severity: low", "severity: dire"), "expected one of", 6),
        (("since: 0.1.0", "sinse: 0.1.0"), "did you mean 'since'?", 7),
        (("  id: ACME-YES-001", "  id: mine"), "expected the form", 5),
        (("title: A rule of ours", "titel: A rule of ours"), "unknown key", 2),
        (("package auditor.rules.acme.yes", "package auditor.rules.yes"), "is no rule", 14),
        (("params: {}", "params: {x: {type: integer, default: a, description: abc}}"), "parameter x: default", 12),
        (("params: {}", "params: {x: {type: nonsense, default: a, description: abc}}"), "parameter x:", 12),
        (("remediation: {action", "remediation: {act"), "unknown key", 13),
    ],
)
def test_metadata_is_refused_with_file_and_line(
    tmp_path: Path, change: tuple[str, str], message: str, line: int
) -> None:
    path = rule(tmp_path)
    path.write_text(path.read_text().replace(*change))

    with pytest.raises(PolicyError, match=message.replace("?", r"\?")) as caught:
        load_bundle([path])
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_rule_id_twice_names_the_other_place(tmp_path: Path) -> None:
    rule(tmp_path, "one", "REG-IMM-001")

    with pytest.raises(PolicyError, match=r"REG-IMM-001 is also in .*rego:\d+"):
        load_bundle([tmp_path])


def test_reserved_data_is_refused(tmp_path: Path) -> None:
    rule(tmp_path)
    (tmp_path / "data.json").write_text('{"params": {}}')

    with pytest.raises(PolicyError, match=r"data\.params, which is reserved"):
        load_bundle([tmp_path])


def tarball(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            info.size = len(content) if info.isfile() else 0
            archive.addfile(info, io.BytesIO(content))
    return path


def test_malicious_tarballs_are_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("a.rego")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    outside = tarfile.TarInfo("../../evil.rego")
    bomb = tarfile.TarInfo("big.rego")
    for number, (info, content, message) in enumerate(
        [
            (link, b"", "no plain file"),
            (outside, b"package x", "outside itself"),
            (bomb, b"#" * (MAX_UNPACKED_BYTES + 1), "unpacks to more"),
        ]
    ):
        with pytest.raises(PolicyError, match=message):
            load_bundle([tarball(tmp_path / f"{number}.tar.gz", (info, content))])
    (tmp_path / "torn.tar.gz").write_bytes(b"\x1f\x8b\x08nonsense")
    with pytest.raises(PolicyError, match="no readable"):
        load_bundle([tmp_path / "torn.tar.gz"])


def test_own_policies_are_found_in_the_source_tree() -> None:
    assert (policy_root() / "main.rego").is_file()

"""Generates docs/rules.md from the catalogue and docs/commands.md from the command line's own help."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from auditor.policy.bundle import load_bundle
from auditor.policy.catalogue import RuleMeta
from tools.generated import ROOT, write_or_check

COMMANDS = (
    "init", "collect", "evaluate", "report", "audit", "access", "explain", "doctor",
    "rules list", "rules show", "policy test", "policy check", "retention simulate",
)  # fmt: skip


def rules_page() -> str:
    """The catalogue as a page."""
    rules = sorted(load_bundle().rules, key=lambda rule: rule.id)
    head = [
        "# The rules",
        "",
        "Made from the rules' own metadata by `make docs`.",
        "",
        "| id | severity | title |",
        "|---|---|---|",
    ]
    table = [f"| [{r.id}](#{r.id.lower()}) | {r.severity.value} | {r.title} |" for r in rules]
    return "\n".join([*head, *table, "", *[_rule(rule) for rule in rules]])


def _rule(rule: RuleMeta) -> str:
    lines = [
        f"## {rule.id}",
        "",
        f"**{rule.title}** ({rule.severity.value}; judges each {rule.entity}; {', '.join(rule.registries)})",
        "",
        " ".join(rule.description.split()),
        "",
        f"How to fix ({rule.remediation.mode}): {' '.join(rule.remediation.text.split())}",
        "",
    ]
    if rule.params:
        lines += ["| parameter | default | |", "|---|---|---|"]
        for name, schema in sorted(rule.params.items()):
            default = json.dumps(schema["default"]).replace("|", "\\|")
            lines.append(f"| `{name}` | `{default}` | {schema['description']} |")
        lines.append("")
    if rule.frameworks:
        shown = []
        for framework, controls in sorted(rule.frameworks.items()):
            marked = [f"{c} (indirect)" if f"{framework}:{c}" in rule.low_confidence else c for c in controls]
            shown.append(f"{framework} {', '.join(marked)}")
        lines += [f"Gives evidence for: {'; '.join(shown)}.", ""]
    return "\n".join(lines)


def commands_page() -> str:
    """Every command's help."""
    parts = ["# Commands", "", "Made from the commands' own help by `make docs`.", ""]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    for command in ("", *COMMANDS):
        words = command.split()
        result = subprocess.run(
            [sys.executable, "-m", "auditor", *words, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        text = result.stdout.replace("python -m auditor", "auditor")
        shown = "\n".join(line.rstrip() for line in text.strip().splitlines())
        parts += [f"## auditor {command}".rstrip(), "", "```text", shown, "```", ""]
    return "\n".join(parts)


def main() -> int:
    files = {ROOT / "docs" / "rules.md": rules_page(), ROOT / "docs" / "commands.md": commands_page()}
    return write_or_check(files, check="--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

"""Rules seen from the frameworks: which control has evidence for it, against it, or none.

A link means "gives evidence for", never "is compliant with"; unknown is shown as not assessed.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.findings.model import Results, StatusCounts

TITLES = {
    "aws-fsbp": "AWS Foundational Security Best Practices",
    "nist-800-190": "NIST SP 800-190, Application Container Security Guide",
    "nist-800-53r5": "NIST SP 800-53 Revision 5",
    "cis-docker": "CIS Docker Benchmark",
    "cis-k8s": "CIS Kubernetes Benchmark",
    "cis-eks": "CIS Amazon EKS Benchmark",
    "cis-controls": "CIS Controls",
    "pci-dss-4": "PCI DSS 4.0.1",
    "soc2": "SOC 2 Trust Services Criteria",
    "iso-27001-2022": "ISO/IEC 27001:2022, Annex A",
    "fedramp": "FedRAMP 20x",
    "slsa": "SLSA",
    "ccc": "FINOS Common Cloud Controls",
    "essential-8": "ASD Essential Eight",
    "nis2": "NIS2, Implementing Regulation 2024/2690",
}

AGAINST, NOT_ASSESSED, WAIVED, FOR, NOT_APPLICABLE = (
    "against", "not_assessed", "waived", "for", "not_applicable",
)  # fmt: skip


@dataclass(frozen=True)
class ControlRow:
    """One control: its state, the rules that speak to it, and their counts together."""

    id: str
    state: str
    rules: list[tuple[str, bool]]
    """Rule id, and whether the link is indirect (low confidence)."""
    counts: StatusCounts


@dataclass(frozen=True)
class FrameworkRow:
    """One framework with its controls, sorted by id."""

    id: str
    title: str
    controls: list[ControlRow]

    def states(self) -> dict[str, int]:
        """How many controls are in each state."""
        tally = dict.fromkeys((AGAINST, NOT_ASSESSED, WAIVED, FOR, NOT_APPLICABLE), 0)
        for control in self.controls:
            tally[control.state] += 1
        return tally


def framework_rows(results: Results) -> list[FrameworkRow]:
    """Every framework that a rule of these results names, by title."""
    links: dict[str, dict[str, list[tuple[str, bool]]]] = {}
    for rule in results.rules:
        for framework, controls in rule.frameworks.items():
            for control in controls:
                indirect = f"{framework}:{control}" in rule.low_confidence
                links.setdefault(framework, {}).setdefault(control, []).append((rule.id, indirect))
    rows = [
        FrameworkRow(
            framework,
            TITLES.get(framework, framework),
            [_control(results, control, rules) for control, rules in sorted(controls.items(), key=_natural)],
        )
        for framework, controls in links.items()
    ]
    return sorted(rows, key=lambda row: (row.title.lower(), row.id))


def state_of(counts: StatusCounts) -> str:
    """Fail over unknown over waived over pass; nothing judged is not applicable."""
    if counts.fail:
        return AGAINST
    if counts.unknown:
        return NOT_ASSESSED
    if counts.waived:
        return WAIVED
    return FOR if counts.pass_ else NOT_APPLICABLE


def _control(results: Results, control: str, rules: list[tuple[str, bool]]) -> ControlRow:
    each = [results.summary.by_rule.get(rule, StatusCounts()) for rule, _ in rules]
    counts = StatusCounts(
        pass_=sum(one.pass_ for one in each),
        fail=sum(one.fail for one in each),
        unknown=sum(one.unknown for one in each),
        not_applicable=sum(one.not_applicable for one in each),
        waived=sum(one.waived for one in each),
    )
    return ControlRow(control, state_of(counts), rules, counts)


def _natural(item: tuple[str, object]) -> tuple[tuple[int, int | str], ...]:
    """Sorts `4.10` after `4.9`."""
    words = "".join(ch if ch.isdigit() else f" {ch} " for ch in item[0]).split()
    return tuple((0, int(word)) if word.isdecimal() and word.isascii() else (1, word) for word in words)

"""Evaluates a snapshot into results.json, and decides the exit code."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from auditor import __version__, plugins
from auditor.config.settings import RuleSettings, judgement_digest
from auditor.errors import ExitCode, InputError, UsageError
from auditor.findings.baseline import load_baseline
from auditor.findings.model import (
    SEVERITY_RANK,
    Coverage,
    EngineInfo,
    RuleInfo,
    RunInfo,
    Severity,
    Status,
    Summary,
)
from auditor.findings.results_file import output_file, write_results
from auditor.findings.spool import FindingSpool
from auditor.findings.supply_chain import SupplyTally
from auditor.findings.verdicts import FindingSink
from auditor.findings.waivers import WaiverBook, load_waivers
from auditor.inventory.source import SnapshotSource, Source
from auditor.policy.bundle import Bundle, load_bundle
from auditor.policy.catalogue import RuleMeta, fast_rules, resolve_params, select, to_rule_info
from auditor.policy.evaluate import Judgement, evaluate_source, evaluate_waivers
from auditor.ports import Engine
from auditor.run import clock
from auditor.scanners.kev import KevFeed, load_kev


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """How to judge. Paths as the user gave them; ids as in the catalogue."""

    engine: str = "embedded"
    opa_url: str | None = None
    policies: tuple[Path, ...] = ()
    waivers: Path | None = None
    kev: Path | None = None
    """CISA's catalogue of known exploited vulnerabilities."""
    baseline: Path | None = None
    check: tuple[str, ...] = ()
    skip_check: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    rules: dict[str, RuleSettings] = field(default_factory=dict)
    fail_on: str = "high"
    min_coverage: float = 100.0
    soft_fail: bool = False
    include_passed: bool = False
    team_tag: str = "team"
    """The resource tag or label that names the team of an image, in the table of what images carry."""
    progress: Callable[[str, int], None] = lambda _what, _count: None
    alone: bool = False
    """Only rules that can judge an image by itself."""
    bundle: Bundle | None = None
    """What `policies` hold, where it was loaded already."""


@dataclass(frozen=True)
class EvaluateOutcome:
    """What an evaluation found."""

    summary: Summary
    coverage: Coverage
    new_failures: dict[str, int]
    """Failures neither waived nor in the baseline, by severity."""
    exit_code: ExitCode


def open_source(snapshot: Path) -> Source:
    """A snapshot directory, an inventory document, or `-` for a document on standard input.

    Errors: `InputError` for anything else.
    """
    if str(snapshot) == "-":
        from auditor.analysis.intake import DocumentSource

        return DocumentSource(sys.stdin.buffer.read(), "<stdin>")
    if snapshot.is_dir():
        return SnapshotSource(snapshot)
    try:
        content = snapshot.read_bytes()
    except FileNotFoundError:
        raise InputError("does not exist", path=snapshot, hint="auditor collect makes a snapshot") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=snapshot) from error
    from auditor.analysis.intake import DocumentSource

    return DocumentSource(content, str(snapshot))


def evaluate(snapshot: Path, out: Path | None, options: EvaluateOptions) -> EvaluateOutcome:
    """Judge `snapshot` and write results.json to `out` (None or `-`: standard output).

    Errors: `InputError`, `PolicyError`, `ConfigError`, `UsageError`, `EngineError`; nothing is written then.
    """
    started = clock.now()
    source = open_source(snapshot)
    bundle = options.bundle or load_bundle(options.policies)
    rules, params = _choose(bundle, options)
    infos = [_info(rule, options) for rule in rules]
    overridden = {rule_id for rule_id, changed in options.rules.items() if changed.severity}
    book = _waivers(options, bundle, source.taken_at)
    baseline = load_baseline(options.baseline) if options.baseline else {}
    kev = load_kev(options.kev) if options.kev else None
    judgement = Judgement(rules, params, {"kev": kev.document()} if kev else {})
    with ExitStack() as stack:
        engine = _engine(options, stack)
        # For a few images, compiling to byte code would take longer than it saves.
        tested = [] if options.alone else fast_rules(rules)
        engine.load(_modules(bundle, rules, options), {**bundle.data, **judgement.data()}, tested=tested)
        spool = stack.enter_context(FindingSpool())
        sink = FindingSink(
            spool,
            infos,
            overridden=overridden,
            waivers=book,
            baseline=baseline,
            now=source.taken_at,
            include_passed=options.include_passed,
        )
        tally = SupplyTally(options.team_tag)
        coverage = evaluate_source(source, engine, judgement, sink, tally)
        if options.waivers:
            evaluate_waivers(engine, judgement, sink, book, str(options.waivers), source.taken_at)
        run = RunInfo(
            id=str(uuid.uuid4()),
            started_at=started,
            finished_at=clock.now(),
            auditor_version=__version__,
            engine=EngineInfo(engine.name, engine.version),
            snapshot_digest=source.digest,
            policy_digest=bundle.digest,
            config_digest=_config_digest(judgement, infos, book, kev),
            snapshot_taken_at=source.taken_at,
        )
        summary = sink.ledger.summary()
        file: BinaryIO = stack.enter_context(output_file(out))
        write_results(
            file,
            run=run,
            coverage=coverage,
            summary=summary,
            rules=infos,
            findings=spool.sorted(),
            supply_chain=tally.rows(),
        )
    code = exit_code(sink.new_failures, coverage, options)
    return EvaluateOutcome(summary, coverage, dict(sink.new_failures), code)


def exit_code(new_failures: dict[str, int], coverage: Coverage, options: EvaluateOptions) -> ExitCode:
    """The contract's exit code of a run that came to its end."""
    if options.soft_fail:
        return ExitCode.OK
    if options.fail_on != "none":
        limit = SEVERITY_RANK[options.fail_on]
        if any(count and SEVERITY_RANK[severity] <= limit for severity, count in new_failures.items()):
            return ExitCode.FAILED
    reached = min(coverage.ratio, coverage.decided) * 100
    unreadable = any(scope.errors for scope in coverage.scopes) and options.min_coverage >= 100  # noqa: PLR2004
    if reached < options.min_coverage or unreadable:
        return ExitCode.INCOMPLETE
    return ExitCode.OK


def _choose(bundle: Bundle, options: EvaluateOptions) -> tuple[list[RuleMeta], dict[str, dict[str, Any]]]:
    """The rules of this run and their parameters."""
    overrides = {rule_id: changed.params for rule_id, changed in options.rules.items()}
    params = resolve_params(bundle.rules, overrides)
    rules = chosen_rules(bundle, options)
    if options.alone:
        rules = [rule for rule in rules if rule.judges_alone]
    if not rules:
        raise UsageError("no rule is left to run", hint="loosen --check, --skip-check, --severity, --framework")
    return rules, {rule.id: params[rule.id] for rule in rules}


def chosen_rules(bundle: Bundle, options: EvaluateOptions) -> list[RuleMeta]:
    """The rules that the user chose, whatever they judge. Errors: `UsageError` for unknown names."""
    disabled = [rule_id for rule_id, changed in options.rules.items() if not changed.enabled]
    return select(
        bundle.rules,
        check=options.check,
        skip=(*options.skip_check, *disabled),
        severities=options.severities,
        frameworks=options.frameworks,
    )


def _modules(bundle: Bundle, rules: list[RuleMeta], options: EvaluateOptions) -> dict[str, str]:
    """The modules to load. Our own rules do not read each other: the gate leaves out those that do not judge."""
    if not options.alone or options.policies:
        return bundle.modules
    left_out = {rule.file for rule in bundle.rules} - {rule.file for rule in rules}
    return {path: text for path, text in bundle.modules.items() if path not in left_out}


def _info(rule: RuleMeta, options: EvaluateOptions) -> RuleInfo:
    changed = options.rules.get(rule.id)
    override = Severity(changed.severity) if changed and changed.severity else None
    return to_rule_info(rule, override)


def _waivers(options: EvaluateOptions, bundle: Bundle, taken_at: str) -> WaiverBook:
    waivers = []
    if options.waivers:
        known = [rule.id for rule in bundle.rules]
        waivers = load_waivers(options.waivers, today=clock.today(), known_rules=known)
    return WaiverBook(waivers, on=date.fromisoformat(taken_at[:10]))


def _engine(options: EvaluateOptions, stack: ExitStack) -> Engine:
    kind = plugins.load("engines", options.engine)
    engine: Engine = kind(url=options.opa_url) if options.engine == "opa" else kind()
    stack.callback(engine.close)
    return engine


def _config_digest(judgement: Judgement, infos: list[RuleInfo], book: WaiverBook, kev: KevFeed | None) -> str:
    return judgement_digest(
        {
            "feeds": {"kev": kev.digest} if kev else {},
            "params": judgement.params,
            "rules": {info.id: info.severity for info in infos},
            "waivers": [
                [w.id, w.rules, w.resource, w.reason, w.owner, w.expires, w.ticket, w.cve] for w in book.waivers
            ],
        }
    )


__all__ = ["EvaluateOptions", "EvaluateOutcome", "Status", "chosen_rules", "evaluate", "exit_code", "open_source"]

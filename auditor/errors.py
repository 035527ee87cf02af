"""The error tree and the exit codes (docs/exit-codes.md).

AuditorError                      exit
  UsageError                      2   wrong option, rule, parameter, target kind
    ConfigError                   2   auditor.yaml, waivers.yaml
    InputError                    2   a snapshot, results or policy file that cannot be used
      PolicyError                 2   Rego that does not load; metadata that does not fit
    PluginError                   2   a plug-in that does not load
  CredentialsError                2   nothing to sign requests with
  IncompleteError                 3   the audit could not read what it had to
  InterruptedRunError           130   stopped by the user; finished parts were kept
  EngineError                     4   an engine failed on a rule it had accepted
    LimitExceededError            4   a rule ran longer than its bound
  ReportError                     4   a report could not be written
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """Process exit codes; part of the command-line contract."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 4
    INTERRUPTED = 130


class AuditorError(Exception):
    """A problem told to the user in one line: where, what, and what to do."""

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        path: str | Path | None = None,
        line: int | None = None,
        field: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = None if path is None else str(path)
        self.line = line
        self.field = field

    def __str__(self) -> str:
        """One line: `file:line: field: message (hint)`."""
        where = ""
        if self.path:
            where = f"{self.path}:{self.line}: " if self.line else f"{self.path}: "
        field = f"{self.field}: " if self.field else ""
        hint = f" ({self.hint})" if self.hint else ""
        return " ".join(f"{where}{field}{self.message}{hint}".split())


class UsageError(AuditorError):
    """An option, rule, parameter or argument that cannot be used."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A configuration or waiver file that does not fit its schema."""


class InputError(UsageError):
    """A snapshot, results or bundle file that cannot be used."""


class PolicyError(InputError):
    """Rego that does not parse or compile, or metadata that does not fit."""


class PluginError(UsageError):
    """A plug-in that cannot be loaded; names its distribution."""


class CredentialsError(UsageError):
    """No credentials, or credentials that the provider refuses."""


class IncompleteError(AuditorError):
    """The audit could not read what it had to."""

    exit_code = ExitCode.INCOMPLETE


class InterruptedRunError(AuditorError):
    """The user stopped a run whose finished parts were kept."""

    exit_code = ExitCode.INTERRUPTED


class DisagreementError(AuditorError):
    """Two evaluations of the same rule on the same input differ; no verdict of the run can be trusted."""


class EngineError(AuditorError):
    """A policy engine failed: names the engine, the rule where known, and the input."""


class LimitExceededError(EngineError):
    """An evaluation was stopped at its limit."""


class ReportError(AuditorError):
    """A report that could not be made."""

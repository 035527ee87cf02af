"""Kubernetes objects in the documented shape, with much that nobody reads left out."""

from __future__ import annotations

from typing import Any

HOST = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
APP = f"{HOST}/team/app"
DIGEST = "sha256:" + "a" * 64


def thing(
    kind: str, name: str, namespace: str = "shop", owner: tuple[str, str] | None = None, **over: Any
) -> dict[str, Any]:
    references = [{"kind": owner[0], "name": owner[1], "controller": True, "uid": "u"}] if owner else None
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "ownerReferences": references}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **over}


def spec(image: str = f"{APP}:v1", name: str = "web", **over: Any) -> dict[str, Any]:
    return {"containers": [{"name": name, "image": image, "imagePullPolicy": "Always"}], **over}


def pod(name: str, image: str = f"{APP}:v1", owner: tuple[str, str] | None = None, **over: Any) -> dict[str, Any]:
    status = {
        "phase": over.pop("phase", "Running"),
        "containerStatuses": [
            {"name": "web", "image": image, "imageID": over.pop("image_id", f"{APP}@{DIGEST}"), "ready": True}
        ],
    }
    return thing("Pod", name, owner=owner, spec=spec(image, **over), status=status)


def controller(kind: str, name: str, image: str = f"{APP}:v1", replicas: int = 1, **over: Any) -> dict[str, Any]:
    return thing(kind, name, spec={"replicas": replicas, "template": {"spec": spec(image)}}, **over)


def deployment(name: str, *images: str, pods: int = 1) -> list[dict[str, Any]]:
    """A Deployment with one ReplicaSet an image, the last one current, and its pods."""
    made: list[dict[str, Any]] = [controller("Deployment", name, images[-1], pods)]
    for number, image in enumerate(images, 1):
        current = number == len(images)
        owner = ("Deployment", name)
        made.append(controller("ReplicaSet", f"{name}-{number}", image, pods if current else 0, owner=owner))
    last = ("ReplicaSet", f"{name}-{len(images)}")
    return [*made, *(pod(f"{name}-{len(images)}-{number}", images[-1], last) for number in range(pods))]

"""The parts of Kubernetes objects that tell what runs. Everything else is skipped unread.

Source: the Kubernetes API reference: Pod v1, apps/v1, batch/v1; `items` of lists.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

KINDS = (
    "Pod", "ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ControllerRevision",
    "Job", "CronJob",
)  # fmt: skip
MAX_IMAGE = 4096


class Owner(msgspec.Struct, frozen=True):
    """Who made an object."""

    kind: str = ""
    name: str = ""
    controller: bool | None = None


class Metadata(msgspec.Struct, frozen=True):
    """What an object is called."""

    name: str = ""
    namespace: str | None = None
    ownerReferences: list[Owner] | None = None  # noqa: N815  the API's name


class SecurityContext(msgspec.Struct, frozen=True):
    """Of a container, or of all containers of a pod."""

    runAsUser: int | None = None  # noqa: N815


class Container(msgspec.Struct, frozen=True):
    """One container of a pod or a template."""

    name: str = ""
    image: str | None = None
    imagePullPolicy: str | None = None  # noqa: N815
    securityContext: SecurityContext | None = None  # noqa: N815


class Named(msgspec.Struct, frozen=True):
    """A reference by name."""

    name: str | None = None


class PodSpec(msgspec.Struct, frozen=True):
    """What a pod is made of."""

    containers: list[Container] | None = None
    initContainers: list[Container] | None = None  # noqa: N815
    ephemeralContainers: list[Container] | None = None  # noqa: N815
    imagePullSecrets: list[Named] | None = None  # noqa: N815
    serviceAccountName: str | None = None  # noqa: N815
    securityContext: SecurityContext | None = None  # noqa: N815

    def all_containers(self) -> Iterator[Container]:
        """Every container that has an image."""
        for entries in (self.initContainers, self.containers, self.ephemeralContainers):
            for entry in entries or []:
                if entry.image:
                    yield entry


def runs_as_another(container: Container, spec: PodSpec) -> bool:
    """Whether a container runs as a user other than root whatever its image says; its word goes before its pod's."""
    for context in (container.securityContext, spec.securityContext):
        if context is not None and context.runAsUser is not None:
            return context.runAsUser > 0
    return False


class Template(msgspec.Struct, frozen=True):
    """What a controller makes pods of."""

    spec: PodSpec | None = None


class JobSpec(msgspec.Struct, frozen=True):
    """Of a Job, or of the jobs of a CronJob."""

    template: Template | None = None


class JobTemplate(msgspec.Struct, frozen=True):
    """Of a CronJob."""

    spec: JobSpec | None = None


class Spec(PodSpec, frozen=True):
    """The `spec` of any of the kinds."""

    template: Template | None = None
    jobTemplate: JobTemplate | None = None  # noqa: N815
    replicas: int | None = None


class ContainerStatus(msgspec.Struct, frozen=True):
    """What a container runs."""

    name: str = ""
    imageID: str | None = None  # noqa: N815


class Condition(msgspec.Struct, frozen=True):
    """`Complete` or `Failed` of a job."""

    type: str = ""
    status: str = ""


class Status(msgspec.Struct, frozen=True):
    """The `status` of any of the kinds."""

    phase: str | None = None
    containerStatuses: list[ContainerStatus] | None = None  # noqa: N815
    initContainerStatuses: list[ContainerStatus] | None = None  # noqa: N815
    ephemeralContainerStatuses: list[ContainerStatus] | None = None  # noqa: N815
    conditions: list[Condition] | None = None
    desiredNumberScheduled: int | None = None  # noqa: N815


class Revision(msgspec.Struct, frozen=True):
    """`data` of a ControllerRevision: the template as it was."""

    spec: JobSpec | None = None


class Thing(msgspec.Struct, frozen=True):
    """An object of one of the kinds."""

    kind: str = ""
    metadata: Metadata = Metadata()
    spec: Spec | None = None
    status: Status | None = None
    data: Revision | None = None

    @property
    def owner(self) -> Owner | None:
        """The controller that made it."""
        return next((owner for owner in self.metadata.ownerReferences or [] if owner.controller), None)

    @property
    def pod_spec(self) -> PodSpec | None:
        """What its pods are made of; of a Pod itself its spec."""
        if self.kind == "Pod":
            return self.spec
        if self.kind == "ControllerRevision":
            template = self.data.spec.template if self.data and self.data.spec else None
        elif self.kind == "CronJob":
            job = self.spec.jobTemplate if self.spec else None
            template = job.spec.template if job and job.spec else None
        else:
            template = self.spec.template if self.spec else None
        return template.spec if template else None


class ListMetadata(msgspec.Struct, frozen=True, rename={"following": "continue"}):
    """Where the next page starts."""

    following: str | None = None


class Head(msgspec.Struct, frozen=True):
    """The kind of an object, and the items of a list."""

    kind: str = ""
    items: list[msgspec.Raw] | None = None
    metadata: ListMetadata | None = None


class Items(msgspec.Struct):
    """The objects of one document, and what of it could not be read."""

    things: list[Thing]
    following: str
    bad: list[str]
    """One line for each item that is not what its kind says."""


_head = msgspec.json.Decoder(Head)
_thing = msgspec.json.Decoder(Thing)


def read_items(content: bytes, kind: str = "") -> Items:
    """The objects of a list, or a single object, that are of one of `KINDS`; `kind` is that of items without one.

    Errors: `msgspec.MsgspecError`, `RecursionError` for what is no JSON, or nested without end.
    """
    head = _head.decode(content)
    if not kind and head.kind.endswith("List"):
        kind = head.kind.removesuffix("List")
    raw = [msgspec.Raw(content)] if head.items is None else head.items
    found = Items([], (head.metadata.following if head.metadata else None) or "", [])
    for number, item in enumerate(raw):
        try:
            own = _head.decode(item).kind or kind
            if own in KINDS:
                found.things.append(msgspec.structs.replace(_thing.decode(item), kind=own))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            found.bad.append(f"item {number} is no object that can be read: {error}"[:300])
    return found

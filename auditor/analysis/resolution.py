"""What an image reference means in a repository: which image it names, and whether that is what runs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from auditor.analysis.references import ParsedReference
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.workloads import Resolution, ResolutionState, Workload

SOURCE = "auditor:workloads"
_STATUS: dict[str, ResolutionState] = {"active": "found", "archived": "archived", "activating": "activating"}


@dataclass
class Holdings:
    """The images of a repository, to be asked by tag, by digest and by what belongs to what."""

    name: str
    hosting: Fact[Literal["hosted", "proxy", "virtual"]]
    tags: dict[str, Image] = field(default_factory=dict)
    digests: dict[str, Image] = field(default_factory=dict)
    indexes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Digest of a platform -> digests of the indexes that name it."""

    @classmethod
    def of(cls, record: RepositoryRecord) -> Holdings:
        """The holdings of a record; none where its images were not read."""
        found = cls(record.repository.name, record.repository.hosting)
        for image in record.images.value if isinstance(record.images, Known) else []:
            found.digests[image.digest] = image
            found.tags.update(dict.fromkeys(image.tags, image))
            for child in platforms(image):
                found.indexes[child].append(image.digest)
        return found

    def related(self, digest: str) -> list[str]:
        """What is in use because `digest` is: the indexes that name it, and its own platforms."""
        image = self.digests.get(digest)
        return [*self.indexes.get(digest, []), *(platforms(image) if image else [])]

    def state(self, digest: str) -> ResolutionState | None:
        """Whether a digest can be pulled; a platform that is not listed by itself is held with its index."""
        held = self.digests.get(digest) or next(
            (self.digests[index] for index in self.indexes.get(digest, []) if index in self.digests), None
        )
        return None if held is None else _STATUS[held.status]


def platforms(image: Image) -> list[str]:
    """The digests of an index's images; attestations are no platforms."""
    children = image.children.value if isinstance(image.children, Known) else []
    return [child.digest for child in children if child.kind == "image"]


def resolve(workload: Workload, reference: ParsedReference, held: Holdings) -> Fact[Resolution]:
    """What a workload's reference means among `held`.

    What a pull-through cache does not hold is no gap, since it fetches that at the next pull: unknown.
    """
    tag = "" if reference.digest else reference.tag
    tagged = held.tags[tag].digest if tag in held.tags else ""
    running = workload.digest.value if isinstance(workload.digest, Known) else ""
    wanted = running or reference.digest or tagged
    state = held.state(wanted) if wanted else None
    if tag and not tagged:
        # What runs may still be there; what would be started next is not.
        return _missing(held, Resolution("tag_missing", held.name, wanted if state else ""))
    drift = _drift(workload, held, running, tagged)
    if state is None:
        return _missing(held, Resolution("digest_missing", held.name, wanted, tagged, drift))
    if drift == "yes" and state == "found":
        # The next start takes what the tag points to now.
        state = held.state(tagged) or state
    return Known(Resolution(state, held.name, wanted, tagged, drift), SOURCE)


def _drift(workload: Workload, held: Holdings, running: str, tagged: str) -> Literal["no", "yes", "unknown"]:
    if not tagged:
        return "no"
    if not running:
        told = not isinstance(workload.digest, Unknown) or workload.digest.reason == Reason.UNSUPPORTED_BY_PLATFORM
        return "no" if told else "unknown"
    if running == tagged or running in platforms(held.digests[tagged]):
        return "no"
    return "unknown" if isinstance(held.digests[tagged].children, Unknown) else "yes"


def _missing(held: Holdings, resolution: Resolution) -> Fact[Resolution]:
    hosting = held.hosting
    if isinstance(hosting, Unknown):
        return Unknown(hosting.reason, hosting.source, "the repository may be a pull-through cache")
    if isinstance(hosting, Known) and hosting.value != "hosted":
        return Unknown(Reason.NOT_REQUESTED, SOURCE, "a pull-through cache fetches what it does not hold")
    return Known(resolution, SOURCE)

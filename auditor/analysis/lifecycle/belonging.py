"""Which images hold which: indexes their children, subjects their referrers. By position in the list of images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from auditor.analysis.lifecycle import moments
from auditor.inventory.facts import Known, Unknown
from auditor.inventory.images import Image

_FOR_EVER = 1 << 62


class Belonging:
    """The graph of one repository. An image that names itself holds nothing."""

    def __init__(self, images: Sequence[Image]) -> None:
        self._positions: dict[str, int] = {}
        for i, image in enumerate(images):
            self._positions.setdefault(image.digest, i)
        self.children: dict[int, list[int]] = {}
        self.referrers: dict[int, list[int]] = defaultdict(list)
        self.subject: dict[int, int] = {}
        self.unread_subject: set[int] = set()
        self._unread: list[tuple[int, int]] = []
        self._pushed = [moments.of(image.pushed_at) for image in images]
        for i, image in enumerate(images):
            self._children(i, image)
            self._subject(i, image)
        self._unread.sort(reverse=True)
        self.unread_indexes = len(self._unread)

    def _children(self, i: int, image: Image) -> None:
        if isinstance(image.children, Known):
            found = {self._positions.get(child.digest, i) for child in image.children.value}
            self.children[i] = sorted(found - {i})
        elif image.kind == "index" and isinstance(image.children, Unknown) and image.status != "archived":
            pushed = self._pushed[i]
            self._unread.append((_FOR_EVER if pushed is None else pushed, i))

    def _subject(self, i: int, image: Image) -> None:
        if isinstance(image.subject, Known):
            subject = self._positions.get(image.subject.value, i)
            if subject != i:
                self.subject[i] = subject
                self.referrers[subject].append(i)
        elif isinstance(image.subject, Unknown):
            self.unread_subject.add(i)

    def may_be_held(self, i: int) -> bool:
        """Whether an index that was not read may name the image.

        A registry takes an index only once all that it names is there (ECR: ReferencedImagesNotFoundException),
        so one older than the image cannot.
        """
        pushed = self._pushed[i]
        newest = next((time for time, index in self._unread if index != i), None)
        return newest is not None and (pushed is None or newest >= pushed)

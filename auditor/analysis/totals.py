"""Counts what a registry holds while its scope is written."""

from __future__ import annotations

from auditor.inventory.derived import RegistryTotals
from auditor.inventory.facts import Fact, Known
from auditor.inventory.images import Image
from auditor.inventory.model import Repository


def total_size(images: Fact[list[Image]]) -> Fact[int]:
    """Bytes of all images of a repository; indexes are left out, since their children are counted.

    A layer that images share is counted with each of them, so this is an upper bound. Unknown where a size is.
    """
    if not isinstance(images, Known):
        return images
    total = 0
    for image in images.value:
        if image.kind == "index":
            continue
        if not isinstance(image.size_bytes, Known):
            return image.size_bytes
        total += image.size_bytes.value
    return Known(total)


class RegistryCount:
    """Adds up the repositories of one scope, one by one, from one thread."""

    def __init__(self) -> None:
        self._repositories = 0
        self._uncounted = 0
        self._images = 0
        self._size = 0
        self._largest = ("", 0)

    def add(self, repository: Repository, images: Fact[list[Image]]) -> None:
        """Count one repository. One whose images or size were not read is counted as such."""
        self._repositories += 1
        size = repository.size_bytes
        if not isinstance(images, Known) or not isinstance(size, Known):
            self._uncounted += 1
            return
        number = len(images.value)
        self._images += number
        if number > self._largest[1]:
            self._largest = (repository.name, number)
        self._size += size.value

    def totals(self, left_out: int) -> RegistryTotals:
        """The sums; `left_out` repositories exist and were not read."""
        return RegistryTotals(
            repositories=self._repositories + left_out,
            images=self._images,
            size_bytes=self._size,
            largest=self._largest[0],
            largest_images=self._largest[1],
            uncounted=self._uncounted + left_out,
        )

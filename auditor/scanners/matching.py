"""Which images a result or a statement is about: by digest, never by tag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from auditor.inventory.facts import Known
from auditor.inventory.images import Image
from auditor.scanners.results import ImageResult

How = Literal["digest", "config", "index_platform", "configured"]
_BEST_FIRST: tuple[How, ...] = ("configured", "digest", "config", "index_platform")


class ResultIndex:
    """Results by the digests that they name. `configured`: of which the user said himself what image they are of."""

    def __init__(self, results: Iterable[ImageResult], configured: Mapping[int, str]) -> None:
        self._results = list(results)
        self._configured = configured
        self._by_digest: dict[str, list[int]] = {}
        self._by_config: dict[str, list[int]] = {}
        for number, result in enumerate(self._results):
            own = configured.get(number)
            for digest in (own,) if own else result.digests:
                self._by_digest.setdefault(digest, []).append(number)
            for digest in () if own else result.configs:
                self._by_config.setdefault(digest, []).append(number)

    def match(self, images: list[Image]) -> dict[str, dict[int, How]]:
        """Digest of an image -> the results that are of it, and how that is known.

        A digest of an index stands for the one platform of it that was scanned; where that cannot be told, for none.
        """
        found: dict[str, dict[int, How]] = {}

        def take(digest: str, number: int, how: How) -> None:
            how = "configured" if number in self._configured else how
            old = found.setdefault(digest, {}).get(number, how)
            found[digest][number] = min(old, how, key=_BEST_FIRST.index)

        for image in images:
            if image.kind == "image":
                for number in self._by_digest.get(image.digest, ()):
                    take(image.digest, number, "digest")
                # Some stores of images give the digest of the manifest as the image's id.
                for number in self._by_config.get(image.digest, ()):
                    take(image.digest, number, "digest")
                for number in self._by_config.get(image.config_digest, ()) if image.config_digest else ():
                    take(image.digest, number, "config")
            elif image.kind == "index":
                for number in self._by_digest.get(image.digest, ()):
                    child = _child(image, self._results[number].platform)
                    if child:
                        take(child, number, "index_platform")
        return found


def _child(index: Image, platform: str) -> str:
    """The one image of an index for a platform; empty where there is none, or several as for variants of arm."""
    if not platform or not isinstance(index.children, Known):
        return ""
    fitting = {c.digest for c in index.children.value if c.kind == "image" and c.platform == platform}
    return fitting.pop() if len(fitting) == 1 else ""


def indexes_of(images: list[Image]) -> dict[str, set[str]]:
    """Digest of an image -> digests of the indexes that name it."""
    found: dict[str, set[str]] = {}
    for image in images:
        if image.kind == "index" and isinstance(image.children, Known):
            for child in image.children.value:
                found.setdefault(child.digest, set()).add(image.digest)
    return found

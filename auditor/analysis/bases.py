"""Which image an image was built on: by the layers that it begins with, or else by what its author says.

Annotations: OCI image-spec, annotations.md, `org.opencontainers.image.base.name` and `.digest`. Layers are compared by
`rootfs.diff_ids`, the digests of their unpacked bytes, which a registry's way of compressing does not change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from auditor.errors import ConfigError
from auditor.inventory.contents import BaseImage
from auditor.inventory.facts import Fact, Known, Reason, Unknown

NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
SOURCE = "known_bases"
MAX_FILE_BYTES = 64 * 1024 * 1024
_MAX_NAME = 512
_Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
_Time = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?Z)?$")]


class KnownBase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One build of a base image. `created`: as 2026-11-01 or a whole RFC 3339 time in UTC."""

    name: str
    digest: str = msgspec.field(default="")
    diff_ids: list[str] = []
    created: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bases: list[KnownBase]


@dataclass(frozen=True)
class KnownBases:
    """The bases of a file. `asked`: whether there is one."""

    asked: bool = False
    _by_layers: dict[tuple[str, ...], KnownBase] = field(default_factory=dict)
    _by_digest: dict[str, KnownBase] = field(default_factory=dict)
    _newest: dict[str, KnownBase] = field(default_factory=dict)

    @classmethod
    def of(cls, bases: Sequence[KnownBase]) -> KnownBases:
        """Of the same layers under several names the first counts."""
        book = cls(asked=True)
        for base in bases:
            if base.diff_ids:
                book._by_layers.setdefault(tuple(base.diff_ids), base)
            if base.digest:
                book._by_digest.setdefault(base.digest, base)
            newest = book._newest.get(base.name)
            if base.created and base.digest and (newest is None or base.created > newest.created):
                book._newest[base.name] = base
        return book

    def find(self, diff_ids: Sequence[str], labels: Mapping[str, str]) -> Fact[BaseImage]:
        """The base of an image; unknown, and no gap of the audit, where nothing names it."""
        for length in range(len(diff_ids) - 1, 0, -1):
            base = self._by_layers.get(tuple(diff_ids[:length]))
            if base is not None:
                return Known(self._known(base, "layers"), SOURCE)
        return self._of_labels(diff_ids, labels)

    def _of_labels(self, diff_ids: Sequence[str], labels: Mapping[str, str]) -> Fact[BaseImage]:
        name, digest = labels.get(NAME, "").strip()[:_MAX_NAME], labels.get(DIGEST, "").strip()[:_MAX_NAME]
        if not name:
            why = "no known base has its first layers" if self.asked else "no known_bases are configured"
            # Nobody else can be asked: that is a limit of what an image says, and no call that failed.
            reason = Reason.UNSUPPORTED_BY_PLATFORM if self.asked else Reason.NOT_REQUESTED
            return Unknown(reason, SOURCE, f"no annotation names it, and {why}")
        base = self._by_digest.get(digest)
        if base is not None and base.diff_ids and list(diff_ids[: len(base.diff_ids)]) != base.diff_ids:
            return Unknown(Reason.PARSE_ERROR, SOURCE, "an annotation names a base whose layers it does not have")
        known = base or KnownBase(name, digest)
        return Known(self._known(KnownBase(name, digest, [], known.created), "annotation"), "oci:GetManifest")

    def _known(self, base: KnownBase, found_by: Literal["annotation", "layers"]) -> BaseImage:
        created: Fact[str] = (
            Known(base.created, SOURCE)
            if base.created
            else Unknown(Reason.NOT_REQUESTED, SOURCE, "no known base of this digest has a time of creation")
        )
        newest = self._newest.get(base.name)
        return BaseImage(base.name, base.digest, found_by, created, newest.digest if newest else "")


def read_bases(path: Path | None) -> KnownBases:
    """The known bases of a file; none without one. Errors: `ConfigError`."""
    if path is None:
        return KnownBases()
    hint = 'write {"bases": [{"name": …, "digest": …, "diff_ids": […], "created": …}]}; see docs/secrets.md'
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ConfigError(f"the known bases are larger than {MAX_FILE_BYTES} bytes", path=path, hint=hint)
        return KnownBases.of(_checked(msgspec.json.decode(content, type=_File).bases, path, hint))
    except OSError as error:
        raise ConfigError(f"the known bases cannot be read: {error.strerror}", path=path, hint=hint) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"the known bases cannot be used: {error}", path=path, hint=hint) from None


def _checked(bases: list[KnownBase], path: Path, hint: str) -> list[KnownBase]:
    for number, base in enumerate(bases):
        try:
            msgspec.convert([d for d in (base.digest, *base.diff_ids) if d], list[_Digest])
            msgspec.convert(base.created or "2026-01-01", _Time)
        except msgspec.ValidationError as error:
            raise ConfigError(f"the known base {number} ({base.name[:80]}): {error}", path=path, hint=hint) from None
    return bases

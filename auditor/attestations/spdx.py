"""SPDX documents (2.2 and 2.3), JSON and tag-value: their packages, counted by spdx-tools.

Only what is needed to count is handed to the library: files, relationships and licences of a large image cost
seconds, and say nothing about which packages there are.
"""

from __future__ import annotations

from typing import Any

from auditor.attestations.outcome import UnreadableError, UnsupportedError, text_of

MAX_PACKAGES = 20_000
MAX_TAG_VALUE_BYTES = 1024 * 1024
VERSIONS = ("SPDX-2.2", "SPDX-2.3")
_CREATION = ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo")
_PACKAGE = ("SPDXID", "name", "versionInfo", "downloadLocation", "primaryPackagePurpose")


def count_packages(document: dict[str, Any]) -> int:
    """Packages of an SPDX document in JSON, without the image itself. Errors: `UnreadableError`, `UnsupportedError`."""
    if "@context" in document and "spdxVersion" not in document:
        raise UnsupportedError("SPDX 3 is not read")
    _check_version(text_of(document.get("spdxVersion"), 40))
    packages = document.get("packages", [])
    if not isinstance(packages, list) or not all(isinstance(package, dict) for package in packages):
        raise UnreadableError("the SPDX document has no list of packages")
    if len(packages) > MAX_PACKAGES:
        raise UnsupportedError(f"it lists more than {MAX_PACKAGES} packages")
    plain = {key: document[key] for key in _CREATION if key in document}
    plain["packages"] = [{key: package[key] for key in _PACKAGE if key in package} for package in packages]
    from spdx_tools.spdx.parser.jsonlikedict import json_like_dict_parser

    parser: Any = json_like_dict_parser
    try:
        parsed = parser.JsonLikeDictParser().parse(plain)
    except Exception as error:  # noqa: BLE001  the library lets whatever goes wrong inside through
        raise UnreadableError(f"it is no SPDX document: {_why(error)}") from None
    return _counted(parsed)


def count_tag_value(content: bytes) -> int:
    """As `count_packages`, of a document in tag-value form."""
    if len(content) > MAX_TAG_VALUE_BYTES:
        raise UnsupportedError(f"tag-value documents of more than {MAX_TAG_VALUE_BYTES // 2**20} MiB are not read")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError("it is no UTF-8 text") from None
    version = next((line[12:].strip() for line in text.splitlines() if line.startswith("SPDXVersion:")), "")
    _check_version(version[:40])
    from spdx_tools.spdx.parser.tagvalue import parser as tagvalue

    parser: Any = tagvalue
    try:
        # Without these it writes its tables beside the library.
        parsed = parser.Parser(debug=False, write_tables=False).parse(text)
    except Exception as error:  # noqa: BLE001  as above
        raise UnreadableError(f"it is no SPDX document: {_why(error)}") from None
    return _counted(parsed)


def _check_version(version: str) -> None:
    if not version.startswith("SPDX-"):
        raise UnreadableError("it is no SPDX document")
    if version not in VERSIONS:
        raise UnsupportedError(f"{version} is not read")


def _counted(document: Any) -> int:
    from spdx_tools.spdx.model.package import PackagePurpose

    return sum(1 for package in document.packages if package.primary_package_purpose is not PackagePurpose.CONTAINER)


def _why(error: Exception) -> str:
    messages = error.get_messages() if hasattr(error, "get_messages") else [str(error)]
    return " ".join(str(messages[0] if messages else error).split())[:200]

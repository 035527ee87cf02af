"""Reads one document that is attached to an image: a statement (in-toto), or a plain one.

A statement's signature is another matter: see `signatures`. Everything is bounded in size, depth and number;
what is not understood is `invalid` or `unsupported` with the reason, never counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor.attestations.cyclonedx import count_xml, read_cyclonedx
from auditor.attestations.kinds import kind_of
from auditor.attestations.outcome import MAX_TEXT, Reading, UnreadableError, UnsupportedError, text_of
from auditor.attestations.slsa import read_provenance
from auditor.attestations.spdx import count_packages, count_tag_value
from auditor.attestations.vex import read_openvex
from auditor.signatures.strict_json import NotStrictError, strict_object

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_SUBJECTS = 10_000
STATEMENT_TYPES = frozenset({"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"})


def read_statement(statement: dict[str, Any], digest: str) -> Reading:
    """An in-toto statement, read strictly. `digest`: of the image that it hangs on."""
    predicate_type = text_of(statement.get("predicateType"))
    kind, form = kind_of(predicate_type)
    reading = Reading(kind, form, predicate_type)
    try:
        subject = digest in _subjects(statement)
        if "predicate" not in statement:
            raise UnreadableError("the statement has no predicate")
        reading = replace(reading, subject=subject)
        return _predicate(reading, statement["predicate"], digest)
    except UnreadableError as error:
        return replace(reading, state="invalid", detail=str(error)[:MAX_TEXT])
    except UnsupportedError as error:
        return replace(reading, state="unsupported", detail=str(error)[:MAX_TEXT])


def read_bare_statement(content: bytes, digest: str) -> Reading:
    """An in-toto statement that nobody signed, as BuildKit attaches it."""
    try:
        return read_statement(strict_object(content, MAX_DOCUMENT_BYTES), digest)
    except NotStrictError as error:
        return Reading("other", "", state="invalid", detail=str(error)[:MAX_TEXT])


def read_plain(content: bytes, media_type: str, digest: str) -> Reading:
    """A document as it is, that its manifest attaches to the image `digest`."""
    kind, form = kind_of(media_type)
    reading = Reading(kind, form)
    try:
        if form == "spdx" and not media_type.endswith("json") and not content.lstrip().startswith(b"{"):
            if "xml" in media_type or "yaml" in media_type or "rdf" in media_type:
                raise UnsupportedError("SPDX is read as JSON and tag-value only")
            return replace(reading, packages=count_tag_value(content))
        if form == "cyclonedx" and not media_type.endswith("json") and content.lstrip()[:1] == b"<":
            return replace(reading, packages=count_xml(content))
        return _predicate(reading, strict_object(content, MAX_DOCUMENT_BYTES), digest)
    except (UnreadableError, NotStrictError) as error:
        return replace(reading, state="invalid", detail=str(error)[:MAX_TEXT])
    except UnsupportedError as error:
        return replace(reading, state="unsupported", detail=str(error)[:MAX_TEXT])


def _subjects(statement: dict[str, Any]) -> set[str]:
    """Digests of the subjects. Errors: `UnreadableError` for a statement that does not have the form."""
    if statement.get("_type") not in STATEMENT_TYPES:
        raise UnreadableError("it is no in-toto statement")
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or not 0 < len(subjects) <= MAX_SUBJECTS:
        raise UnreadableError("the statement has no usable list of subjects")
    found = set()
    for subject in subjects:
        digests = subject.get("digest") if isinstance(subject, dict) else None
        if not isinstance(digests, dict) or not digests:
            raise UnreadableError("a subject of the statement has no digest")
        found |= {f"{name}:{value}" for name, value in digests.items() if name in ("sha256", "sha512")}
    return found


def _predicate(reading: Reading, predicate: Any, digest: str) -> Reading:
    if reading.kind == "provenance":
        if reading.format not in ("slsa-v0.2", "slsa-v1"):
            raise UnsupportedError(f"provenance of the type {reading.predicate_type} is not read")
        return replace(reading, provenance=read_provenance(predicate, reading.format))
    if reading.format == "openvex":
        statements, note = read_openvex(predicate, digest)
        return replace(reading, statements=tuple(statements), detail=note[:MAX_TEXT])
    if reading.format == "spdx":
        return _spdx(reading, predicate)
    if reading.format == "cyclonedx":
        if not isinstance(predicate, dict):
            raise UnreadableError("it is no CycloneDX document")
        packages, statements, note = read_cyclonedx(predicate)
        kind = "vex" if reading.kind == "vex" or (statements and not packages) else reading.kind
        count = packages if kind == "sbom" else None
        return replace(reading, kind=kind, packages=count, statements=tuple(statements), detail=note[:MAX_TEXT])
    if reading.format == "syft":
        return replace(reading, packages=_syft(predicate))
    return reading


def _spdx(reading: Reading, predicate: Any) -> Reading:
    """Cosign puts a tag-value document into the predicate as a text, older ones into its `Data`."""
    if isinstance(predicate, dict) and set(predicate) <= {"Data", "Timestamp"} and "Data" in predicate:
        predicate = predicate["Data"]
    if isinstance(predicate, str):
        content = predicate.encode("utf-8", "surrogatepass")
        if not predicate.lstrip().startswith("{"):
            return replace(reading, packages=count_tag_value(content))
        try:
            predicate = strict_object(content, MAX_DOCUMENT_BYTES)
        except NotStrictError as error:
            raise UnreadableError(str(error)) from None
    if not isinstance(predicate, dict):
        raise UnreadableError("it is no SPDX document")
    return replace(reading, packages=count_packages(predicate))


def _syft(predicate: Any) -> int:
    """Syft's own form: artifacts are packages. Its schema is Syft's alone, so no library is asked."""
    artifacts = predicate.get("artifacts") if isinstance(predicate, dict) else None
    described = isinstance(predicate, dict) and isinstance(predicate.get("descriptor"), dict)
    if not described or not isinstance(artifacts, list):
        raise UnreadableError("it is no Syft document")
    if not all(isinstance(entry, dict) and text_of(entry.get("name")) for entry in artifacts):
        raise UnreadableError("a package of the Syft document has no name")
    return len(artifacts)

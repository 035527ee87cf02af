"""Attestations and bills of materials of images: which manifests are some, and what they say.

What a manifest is, it says itself; a sigstore bundle that does not is read to know. Documents are read on
request only (`read_attestations`): a large image's bill of materials costs a request, megabytes and time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from auditor.analysis.artefacts import (
    BUNDLE,
    bundle_is_signature,
    classify,
    is_sbom_type,
    is_statement_type,
    signature_tag_subject,
)
from auditor.attestations.kinds import SIGN_PREDICATE, kind_of
from auditor.attestations.outcome import MAX_TEXT, Reading
from auditor.attestations.reading import read_bare_statement, read_plain, read_statement
from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.blobs import GET_BLOB, ImageBlobs, Purse
from auditor.collectors.oci.distribution import GET_MANIFEST, Manifest
from auditor.collectors.oci.manifests import facts_of, layers_of, texts_of
from auditor.collectors.oci.signatures import bundled_signature, by_any_name, referring_signature
from auditor.inventory.attestations import READ_SETTING, Attestation, content_not_requested
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Signature
from auditor.inventory.recorder import Recorder
from auditor.signatures.cosign import NotOpenedError, bundled_statement, subjects_of
from auditor.signatures.strict_json import NotStrictError, strict_object
from auditor.signatures.verifier import Target, Verifier

Via = Literal["referrers", "tag_scheme", "index_child"]
Form = Literal["bundle", "envelope", "statement", "plain"]
MAX_DOCUMENTS = 200
"""Listed of one image."""
MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""Of all documents of one image together: what is read is parsed, which costs more than reading."""
UNSIGNED = Absent(GET_MANIFEST, "unsigned")
_MAX_BUNDLE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Held:
    """A manifest that holds attestations, and how it was found."""

    manifest: Manifest
    via: Via


@dataclass
class Attached:
    """What hangs on one image. `unclear`: a bundle that could not be read may be either."""

    signatures: list[tuple[Signature, Manifest]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    unclear: Unknown | None = None


def documents_by_tag(tags: Iterable[str], digest: str) -> bool:
    """Whether one of a manifest's tags says, in cosign's scheme, that it describes `digest`."""
    return any(signature_tag_subject(tag) in ((digest, "att"), (digest, "sbom")) for tag in tags)


def sort_out(referrers: Iterable[Manifest], attached: Attached, blobs: ImageBlobs) -> CallFailedError | None:
    """Put the manifests that refer to an image where they belong; gives why a bundle could not be told."""
    purse, unread = Purse("bundle"), None
    for manifest in referrers:
        facts = facts_of(manifest)
        if facts.artifact_type.startswith(BUNDLE):
            try:
                signs = _is_signature(manifest, blobs, purse)
            except CallFailedError as failure:
                unread = failure
                continue
            if signs:
                attached.signatures.append((bundled_signature(manifest), manifest))
            else:
                attached.held.append(Held(manifest, "referrers"))
            continue
        signature = referring_signature(manifest)
        if signature is not None:
            attached.signatures.append((signature, manifest))
        elif classify(facts) in ("attestation", "sbom"):
            attached.held.append(Held(manifest, "referrers"))
    return unread


def _is_signature(manifest: Manifest, blobs: ImageBlobs, purse: Purse) -> bool:
    """Whether a bundle is a signature of an image: by its annotations, or else by what it holds."""
    said = bundle_is_signature(texts_of(manifest.document.get("annotations")))
    if said is not None:
        return said
    layers = layers_of(manifest)
    if len(layers) != 1:
        return False
    content = blobs.read(str(layers[0].get("digest", "")), purse)
    try:
        document = strict_object(content, _MAX_BUNDLE)
    except NotStrictError:
        return False
    if "messageSignature" in document:
        return True
    # Only the statement's own word is wanted here; whether it holds is for the checks that follow.
    try:
        _, statement = bundled_statement(document)
    except NotOpenedError:
        return False
    return statement.get("predicateType") == SIGN_PREDICATE and bool(subjects_of(statement))


@dataclass(frozen=True)
class _Document:
    """One document of a manifest, not read yet."""

    held: Held
    form: Form
    media_type: str
    blob: str
    predicate_type: str
    annotations: dict[str, str]

    @property
    def signed(self) -> bool:
        """Whether it comes with a signature."""
        return self.form in ("bundle", "envelope")


class AttestationReader:
    """Reads attestations of one registry's images; safe to use from many threads.

    `hosts`: of the registry, by any of which the trust may name its repositories; `read`: whether contents are wanted.
    """

    def __init__(self, recorder: Recorder, verifier: Verifier, hosts: Sequence[str], *, read: bool) -> None:
        self._recorder = recorder
        self._verifier = verifier
        self._hosts = tuple(dict.fromkeys(hosts))
        self._wanted = read

    def read(self, held: Sequence[Held], image: Manifest, urn: str, blobs: ImageBlobs) -> Fact[list[Attestation]]:
        """The attestations of one image, sorted. `urn`: of its repository."""
        targets = [
            Target(image.digest, f"{host}/{blobs.name}", image.media_type, len(image.content)) for host in self._hosts
        ]
        purse, seen = Purse("attestation", bytes_left=MAX_DOCUMENT_BYTES), set[str]()
        found: list[Attestation] = []
        for one in sorted(held, key=lambda one: (one.manifest.digest, one.via)):
            if one.manifest.digest in seen:
                continue
            seen.add(one.manifest.digest)
            documents = list(_documents(one))
            if len(found) + len(documents) > MAX_DOCUMENTS:
                fact = Unknown(Reason.TRUNCATED, GET_MANIFEST, f"it has more than {MAX_DOCUMENTS} attestations")
                self._recorder.settle(fact, f"{urn}@{image.digest}")
                return fact
            if not documents:
                found.append(_empty(one))
            found += [self._attestation(document, targets, urn, blobs, purse) for document in documents]
        return Known(sorted(found, key=lambda one: (one.kind, one.digest, one.blob)))

    def _attestation(
        self, document: _Document, targets: list[Target], urn: str, blobs: ImageBlobs, purse: Purse
    ) -> Attestation:
        if not self._wanted:
            return _listed(document, content_not_requested())
        try:
            content = blobs.read(document.blob, purse)
        except CallFailedError as failure:
            fact = _unknown(failure)
            self._recorder.settle(fact, f"{urn}@{document.held.manifest.digest}", message=failure.message)
            return _listed(document, fact)
        found = self._read(document, content, targets)
        for part in (found.content, found.verification):
            self._recorder.settle(part, f"{urn}@{found.digest}", message=found.detail)
        return found

    def _read(self, document: _Document, content: bytes, targets: list[Target]) -> Attestation:
        verification: Fact[Any] = UNSIGNED
        signer, said, digest = "", "", targets[0].digest
        if document.signed:
            annotations = document.annotations if document.form == "envelope" else None
            answers = [self._verifier.attestation(content, target, annotations) for target in targets]
            checked, statement = by_any_name([one for one, _ in answers]), answers[0][1]
            verification, signer, said = checked.fact, checked.signer, checked.detail
            if statement is None:
                # There is nothing in it that a signature could speak for.
                verification = Known("invalid")
                reading = Reading(*kind_of(document.predicate_type), state="invalid", detail=checked.detail)
            else:
                reading = read_statement(statement, digest)
        elif document.form == "statement":
            reading = read_bare_statement(content, digest)
        else:
            reading = read_plain(content, document.media_type, digest)
        return _with(document, _labelled(document, reading), verification, signer, said)


def _documents(held: Held) -> Iterator[_Document]:
    """The documents of a manifest, by the media types of its layers and its own type."""
    manifest = held.manifest
    own, noted = facts_of(manifest).artifact_type, texts_of(manifest.document.get("annotations"))
    for layer in layers_of(manifest):
        media_type, blob = str(layer.get("mediaType", ""))[:200], str(layer.get("digest", ""))[:200]
        annotations = texts_of(layer.get("annotations"))
        if own.startswith(BUNDLE) or media_type.startswith(BUNDLE):
            label = noted.get("dev.sigstore.bundle.predicateType", "")
            yield _Document(held, "bundle", media_type, blob, label[:MAX_TEXT], annotations)
        elif is_statement_type(media_type) or (is_statement_type(own) and not is_sbom_type(media_type)):
            form: Form = "envelope" if "dsse" in media_type or "dsse" in own else "statement"
            label = annotations.get("predicateType") or annotations.get("in-toto.io/predicate-type") or ""
            yield _Document(held, form, media_type, blob, label[:MAX_TEXT], annotations)
        elif is_sbom_type(media_type) or is_sbom_type(own):
            yield _Document(held, "plain", media_type if is_sbom_type(media_type) else own, blob, "", annotations)


def _listed(document: _Document, content: Unknown) -> Attestation:
    """One whose content was not read."""
    kind, form = kind_of(document.predicate_type or ("" if document.signed else document.media_type))
    return Attestation(
        kind=kind,
        format=form,
        predicate_type=document.predicate_type,
        found_via=document.held.via,
        digest=document.held.manifest.digest,
        blob=document.blob,
        subject=Known(True) if document.form == "plain" else content,
        content=content,
        verification=content if document.signed else UNSIGNED,
        packages=content if kind == "sbom" else Absent(GET_BLOB, f"kind_{kind}"),
        provenance=content if kind == "provenance" else Absent(GET_BLOB, f"kind_{kind}"),
    )


def _labelled(document: _Document, reading: Reading) -> Reading:
    """A document must be what its label says: cosign and BuildKit write both."""
    label = document.predicate_type
    if not label or reading.state == "invalid" or not reading.predicate_type or reading.predicate_type == label:
        return reading
    kind, form = kind_of(label)
    detail = f"it is labelled {label[:100]}, and says {reading.predicate_type[:100]}"
    return Reading(kind, form, reading.predicate_type, reading.subject, "invalid", detail)


def _with(document: _Document, reading: Reading, verification: Fact[Any], signer: str, said: str) -> Attestation:
    content: Fact[Any]
    if reading.state == "unsupported":
        content = Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, READ_SETTING, reading.detail)
    else:
        content = Known(reading.state)
    subject: Fact[bool] = Known(True)
    if document.form != "plain":
        bad = Unknown(Reason.PARSE_ERROR, GET_BLOB, "it does not say what it is about")
        subject = Known(reading.subject) if reading.subject is not None else bad
    missing = Unknown(Reason.PARSE_ERROR, GET_BLOB, reading.detail) if reading.state != "valid" else None
    none = Absent(GET_BLOB, f"kind_{reading.kind}")
    packages: Fact[int] = Known(reading.packages) if reading.packages is not None else missing or none
    return Attestation(
        kind=reading.kind,
        format=reading.format,
        predicate_type=reading.predicate_type or document.predicate_type,
        found_via=document.held.via,
        digest=document.held.manifest.digest,
        blob=document.blob,
        subject=subject,
        content=content,
        verification=verification,
        detail="; ".join(dict.fromkeys(part for part in (said, reading.detail) if part))[:MAX_TEXT],
        signer=signer,
        packages=packages if reading.kind == "sbom" else none,
        provenance=(Known(reading.provenance) if reading.provenance else missing or none)
        if reading.kind == "provenance"
        else none,
        statements=list(reading.statements),
    )


def _empty(held: Held) -> Attestation:
    """A manifest that says it is an attestation, and holds none."""
    nothing = Absent(GET_MANIFEST, "no document")
    kind, form = kind_of(facts_of(held.manifest).artifact_type)
    return Attestation(
        kind, form, "", held.via, held.manifest.digest, "", nothing, Known("invalid"), UNSIGNED,
        "the manifest holds no document", "", nothing, nothing,
    )  # fmt: skip


def _unknown(failure: CallFailedError) -> Unknown:
    fact = failure.fact
    return fact if isinstance(fact, Unknown) else Unknown(Reason.RACE_DELETED, fact.source)

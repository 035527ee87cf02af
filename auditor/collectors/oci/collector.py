"""The collector of kind `oci`: one registry, one scope."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from auditor.analysis.bases import read_bases
from auditor.analysis.derive import derive_registry, derive_repository
from auditor.analysis.references import repository_path_error
from auditor.analysis.totals import total_size
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.collectors.http.client import RegistryClient
from auditor.collectors.http.endpoint import Endpoint, Limits
from auditor.collectors.http.logins import find_login
from auditor.collectors.http.tls import TlsSeen, transport_of
from auditor.collectors.oci.attestations import AttestationReader
from auditor.collectors.oci.content_cache import shared_cache
from auditor.collectors.oci.contents import ContentsReader
from auditor.collectors.oci.distribution import Distribution
from auditor.collectors.oci.images import OciImageReader, unsupported
from auditor.collectors.oci.layers import LayerBook, LayerReader
from auditor.collectors.oci.named import NamedImageReader, narrowed, unread_rest
from auditor.collectors.oci.running import running_digests
from auditor.collectors.oci.settings import OciSettings, RepositorySelection
from auditor.collectors.oci.signatures import SignatureChecker
from auditor.collectors.selection import selected
from auditor.inventory.extent import WHOLE, NamedReference
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.names import registry_urn, repository_urn, scope_id
from auditor.inventory.parts import RegistryRef
from auditor.inventory.writing import ScopeWriter, SnapshotWriter
from auditor.ports import Phase
from auditor.signatures.verifier import shared_verifier

KIND: Literal["oci"] = "oci"
PLACE = "global"
Progress = Callable[[str, int], None]


class OciCollector:
    """See `ports.Collector`."""

    kind: ClassVar[str] = KIND
    phase: ClassVar[Phase] = "registries"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.oci", "oci_target.json")
    calls: ClassVar[frozenset[str]] = frozenset(
        {
            "oci:GetBlob",
            "oci:GetManifest",
            "oci:HeadManifest",
            "oci:ListCatalog",
            "oci:ListReferrers",
            "oci:ListTags",
            "oci:ProbeAnonymous",
            "oci:Token",
        }
    )

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> None:
        """See `ports.Collector.collect`."""
        settings = msgspec.convert(target, OciSettings)
        endpoint = Endpoint(
            settings.url,
            ca_file=settings.ca_file,
            proxy=settings.proxy,
            token_hosts=tuple(settings.token_hosts),
            blob_hosts=tuple(settings.blob_hosts),
            limits=Limits(
                connect_s=settings.connect_timeout_s,
                read_s=settings.read_timeout_s,
                request_s=settings.request_timeout_s,
                registry_s=settings.registry_timeout_s,
                attempts=settings.attempts,
            ),
        )
        name = scope_id(KIND, _account(endpoint.host), PLACE)
        if writer.take_over(name):
            return
        bases = read_bases(Path(settings.known_bases) if settings.known_bases else None)
        login = find_login(settings.login, endpoint.host)
        scope = writer.open_scope(name)
        with RegistryClient(endpoint, login, scope.recorder, concurrency=settings.concurrency) as client:
            registry = Distribution(client, shared_cache(writer))
            now = datetime.fromisoformat(writer.now)
            hosts = (endpoint.host, *settings.other_hosts)
            verifier = shared_verifier(writer)
            checker = SignatureChecker(registry, scope.recorder, verifier, hosts[0], now, other_hosts=hosts[1:])
            layers = (
                LayerReader(registry, writer.shared("secrets.layers", LayerBook)) if settings.scan_secrets else None
            )
            contents = ContentsReader(registry, scope.recorder, settings.read_configs, layers, bases)
            documents = AttestationReader(scope.recorder, verifier, hosts, read=settings.read_attestations)
            reader = partial(NamedImageReader, settings.named) if settings.named else OciImageReader
            images = reader(
                registry,
                scope.recorder,
                checker,
                documents,
                contents,
                read_children=settings.read_child_signatures or settings.read_attestations,
            )
            running = running_digests(writer, hosts)
            context = _Run(settings, endpoint, registry, images, scope, progress, client.tls, running).read()
        writer.close_scope(scope.finish(context))

    def narrow(
        self, target: Mapping[str, Any], references: Sequence[NamedReference]
    ) -> tuple[dict[str, Any], list[NamedReference]]:
        """See `ports.ReferenceReader.narrow`."""
        return narrowed(target, references)


def _account(host: str) -> str:
    """The registry's name in ids, where a colon separates other things."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", host)


class _Run:
    """Reads one registry."""

    def __init__(
        self,
        settings: OciSettings,
        endpoint: Endpoint,
        registry: Distribution,
        images: OciImageReader,
        scope: ScopeWriter,
        progress: Progress,
        tls: TlsSeen,
        running: Mapping[str, list[str]],
    ) -> None:
        self._tls = tls
        self._settings = settings
        self._running = running
        self._endpoint = endpoint
        self._registry = registry
        self._scope = scope
        self._progress = progress
        self._account = _account(endpoint.host)
        self._urn = registry_urn(KIND, self._account, PLACE)
        self._images = images

    def read(self) -> RegistryRecord | None:
        """Every repository; None where not even their names could be read, unless for a reason that is a fact."""
        recorder = self._scope.recorder
        try:
            names, complete = self._names()
        except CallFailedError as failure:
            recorder.settle(failure.fact, self._scope.id, message=failure.message)
            return self._context(failure.fact) if self._tls.told else None
        recorder.settle(Known(True), self._scope.id)
        with ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix=KIND) as pool:
            pending: deque[Future[RepositoryRecord]] = deque()

            def write() -> None:
                self._scope.write(pending.popleft().result())
                self._progress(self._scope.id, 1)

            for name in names:
                pending.append(pool.submit(self._repository, name))
                if len(pending) >= self._settings.concurrency * 2:
                    write()
            while pending:
                write()
        listed: Fact[list[str]] = (
            Known(names, "oci:ListCatalog")
            if complete
            else Unknown(Reason.TRUNCATED, "oci:ListCatalog", "max_repositories")
        )
        return self._context(listed)

    def _names(self) -> tuple[list[str], bool]:
        """The selected repositories by name, and whether these are all that were selected."""
        if self._settings.named:
            return sorted({reference.repository for reference in self._settings.named}), True
        wanted = self._settings.repositories
        listed = wanted.names or self._registry.catalog()
        usable = []
        for name in sorted(set(listed)):
            error = repository_path_error(name)
            if error:
                # A name that is none cannot be asked for; its path might even lead somewhere else.
                self._scope.recorder.error("oci:ListCatalog", Reason.PARSE_ERROR, "name", error, self._scope.id)
            elif wanted.names or selected(name, wanted.include, wanted.exclude):
                usable.append(name)
        limit = self._settings.max_repositories
        return (usable, True) if limit is None or len(usable) <= limit else (usable[:limit], False)

    def _repository(self, name: str) -> RepositoryRecord:
        urn = repository_urn(self._urn, name)
        read = self._images.read(name, urn, self._running.get(name, ()))
        images = read.found
        others = self._settings.other_hosts
        ref = RegistryRef(self._urn, KIND, self._endpoint.host, self._account, PLACE, others)
        repository = Repository(
            name=name,
            uri=f"{self._endpoint.host}/{name}",
            registry=ref,
            hosting=unsupported("word for proxies"),
            created_at=unsupported("creation times"),
            immutability=unsupported("immutability"),
            encryption=unsupported("word for encryption"),
            scan_on_push=unsupported("scans"),
            scanning=unsupported("scans"),
            resource_tags=unsupported("resource tags"),
            access_policy=unsupported("policies"),
            retention_policy=unsupported("retention"),
            size_bytes=total_size(images) if read.extent == WHOLE else unread_rest("size"),
            visibility=self._visibility(name, urn),
        )
        return RepositoryRecord(
            id=urn,
            scope=self._scope.id,
            now=self._scope.now,
            repository=repository,
            derived=derive_repository(repository, images),
            images=images,
            unread=read.unread,
            extent=read.extent,
        )

    def _visibility(self, name: str, urn: str) -> Fact[Any]:
        if not self._settings.probe_anonymous:
            return Unknown(Reason.NOT_REQUESTED, "oci:ProbeAnonymous", "probe_anonymous is off")
        return fact_of(
            lambda: Known("public" if self._registry.is_open_to_strangers(name) else "private", "oci:ProbeAnonymous"),
            recorder=self._scope.recorder,
            affects=urn,
        )

    def _context(self, names: Fact[list[str]]) -> RegistryRecord:
        everything = not self._settings.named and self._settings.repositories == RepositorySelection()
        registry = Registry(
            id=self._urn,
            kind=KIND,
            host=self._endpoint.host,
            other_hosts=self._settings.other_hosts,
            account=self._account,
            region=PLACE,
            organization=unsupported("organisations"),
            repository_names=names,
            selection="all" if everything else "filtered",
            access_policy=unsupported("policies"),
            policy_scope=unsupported("policies"),
            scanning=unsupported("scans"),
            replication=unsupported("replication"),
            cache_rules=unsupported("word for proxies"),
            creation_templates=unsupported("templates"),
            signing=unsupported("signing of its own"),
            settings=Known({"ENCRYPTED_TRANSPORT": "true" if self._endpoint.encrypted else "false"}),
            keys=unsupported("keys"),
            suppressions=unsupported("scans"),
            trails=unsupported("audit trail"),
            event_rules=unsupported("events"),
            quotas=unsupported("quotas"),
            visibility=Unknown(Reason.NOT_REQUESTED, "oci:ProbeAnonymous"),
            transport=Known(transport_of(self._endpoint.url, self._tls)),
        )
        return RegistryRecord(
            id=self._urn,
            scope=self._scope.id,
            now=self._scope.now,
            registry=registry,
            derived=derive_registry(registry),
        )

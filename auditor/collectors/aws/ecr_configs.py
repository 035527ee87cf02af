"""Reads the configs of images, where labels, user and creation time are.

A manifest names its config by digest; ECR gives a presigned URL for the blob. The URL is a secret while it is valid:
it stands in no message. Source: OCI image spec 1.1, image configuration and manifest.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any
from urllib.parse import urlsplit

import msgspec
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.failures import explain
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image, ImageConfig
from auditor.inventory.recorder import Recorder

MAX_BYTES = 1024 * 1024
MAX_LABELS = 500
MAX_TEXT = 1024
MAX_CACHED = 50_000
MAX_IDS = 100
_URL = "ecr:GetDownloadUrlForLayer"
_MANIFEST = "ecr:BatchGetImage"
_OK, _FORBIDDEN = 200, 403
CONFIG_TYPES = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})


class _Blob(msgspec.Struct):
    digest: str
    mediaType: str = ""  # noqa: N815  as in the manifest
    size: int = 0


class _Manifest(msgspec.Struct):
    config: _Blob | None = None
    annotations: dict[str, str] | None = None


class BlobClient:
    """Gets blobs by presigned URL: without credentials, without redirects, over TLS.

    Plain http is taken only where the target's own endpoint is plain http, as that of a stand-in is.
    """

    def __init__(self, settings: AwsSettings) -> None:
        plain = (settings.endpoint_url or "").startswith("http://")
        self._schemes = ("https", "http") if plain else ("https",)
        self._timeout = (settings.connect_timeout_s, settings.read_timeout_s)
        self._connections = settings.concurrency
        self._lock = threading.Lock()
        self._session: Any = None

    def get(self, url: str, digest: str) -> bytes:
        """The blob, at most `MAX_BYTES`, of this digest. Errors: `CallFailedError`."""
        if not self._may_ask(url):
            raise _refused(Reason.SERVER_ERROR, "the registry gave an address that is not https")
        try:
            answer = self._http(url).send(AWSRequest(method="GET", url=url, stream_output=True).prepare())
            content = answer.raw.read(MAX_BYTES + 1) if answer.status_code == _OK else b""
            answer.raw.close()
        except ReadTimeoutError:
            raise _refused(Reason.TIMEOUT, "the config took too long") from None
        except HTTPError as error:
            raise _refused(Reason.NETWORK, f"the config could not be read: {type(error).__name__}") from None
        except Exception as error:
            failure = explain(error, _URL)
            if failure is None or not isinstance(failure.fact, Unknown):
                raise
            raise _refused(failure.fact.reason, f"the config could not be read: {type(error).__name__}") from None
        if answer.status_code != _OK:
            reason = Reason.ACCESS_DENIED if answer.status_code == _FORBIDDEN else Reason.SERVER_ERROR
            raise _refused(reason, f"the config's storage answered {answer.status_code}")
        if len(content) > MAX_BYTES:
            raise _refused(Reason.TRUNCATED, f"the config is larger than {MAX_BYTES} bytes")
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise _refused(Reason.PARSE_ERROR, "the config is not of the digest that the manifest names")
        return content

    def _may_ask(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return parts.scheme in self._schemes and bool(parts.hostname)

    def _http(self, url: str) -> Any:
        """The client that botocore itself uses: its certificates, proxies and connection pool."""
        with self._lock:
            if self._session is None:
                self._session = URLLib3Session(
                    proxies=get_environ_proxies(url),
                    timeout=self._timeout,  # type: ignore[arg-type]  # it takes (connect, read), as botocore gives it
                    max_pool_connections=self._connections,
                )
            return self._session


class ConfigCache:
    """Configs by digest, for one run: many tags, repositories and copies share them."""

    def __init__(self, settings: AwsSettings) -> None:
        self.client = BlobClient(settings)
        self._found: dict[str, ImageConfig] = {}
        self._lock = threading.Lock()

    def get(self, digest: str) -> ImageConfig | None:
        """What was read before."""
        with self._lock:
            return self._found.get(digest)

    def put(self, digest: str, config: ImageConfig) -> None:
        """Keep it, the oldest makes room."""
        with self._lock:
            if len(self._found) >= MAX_CACHED:
                self._found.pop(next(iter(self._found)))
            self._found[digest] = config


class ConfigReader:
    """Fills `Image.config` of the images of one scope."""

    def __init__(self, ecr: Caller, recorder: Recorder, cache: ConfigCache) -> None:
        self._ecr = ecr
        self._recorder = recorder
        self._cache = cache

    def read(self, repository: str, urn: str, images: list[Image]) -> list[Image]:
        """The images with their configs; indexes and archived images have none to read.

        Errors: `CallFailedError` when the repository is gone.
        """
        wanted = [image.digest for image in images if image.kind == "image" and image.status == "active"]
        facts: dict[str, Fact[ImageConfig]] = {}
        for start in range(0, len(wanted), MAX_IDS):
            facts.update(self._batch(repository, wanted[start : start + MAX_IDS]))
        for digest in wanted:
            self._recorder.settle(facts[digest], f"{urn}@{digest}")
        nothing = Absent(_MANIFEST, "not_an_image")
        archived: Fact[ImageConfig] = Unknown(Reason.NOT_REQUESTED, _MANIFEST, "the image is archived")
        return [
            msgspec.structs.replace(
                image, config=facts.get(image.digest, archived if image.kind == "image" else nothing)
            )
            for image in images
        ]

    def _batch(self, repository: str, digests: list[str]) -> dict[str, Fact[ImageConfig]]:
        try:
            answer = self._ecr.call(
                "BatchGetImage", repositoryName=repository, imageIds=[{"imageDigest": digest} for digest in digests]
            )
        except CallFailedError as failure:
            if failure.gone:
                raise
            return dict.fromkeys(digests, failure.fact)
        facts: dict[str, Fact[ImageConfig]] = {}
        for entry in answer.get("images") or []:
            digest = str(entry.get("imageId", {}).get("imageDigest", ""))
            facts[digest] = self._of_manifest(repository, str(entry.get("imageManifest") or ""))
        for entry in answer.get("failures") or []:
            digest = str(entry.get("imageId", {}).get("imageDigest", ""))
            facts.setdefault(digest, _failed(str(entry.get("failureCode", ""))))
        missing = Unknown(Reason.SERVER_ERROR, _MANIFEST, "not in the answer")
        return {digest: facts.get(digest, missing) for digest in digests}

    def _of_manifest(self, repository: str, text: str) -> Fact[ImageConfig]:
        try:
            manifest = msgspec.json.decode(text, type=_Manifest)
        except (msgspec.MsgspecError, RecursionError):
            return Unknown(Reason.PARSE_ERROR, _MANIFEST, "the manifest does not parse")
        blob = manifest.config
        if blob is None or blob.mediaType not in CONFIG_TYPES:
            return Absent(_MANIFEST, "no_config")
        if blob.size > MAX_BYTES:
            return Unknown(Reason.TRUNCATED, _URL, f"the config is larger than {MAX_BYTES} bytes")
        try:
            config = self._cache.get(blob.digest) or self._fetch(repository, blob.digest)
        except CallFailedError as failure:
            if failure.gone:
                raise
            return failure.fact  # a layer that cannot be had is no missing image
        labels = config.labels | _texts(manifest.annotations or {})
        if len(labels) > MAX_LABELS:
            return Unknown(Reason.TRUNCATED, _URL, f"more than {MAX_LABELS} labels")
        return Known(msgspec.structs.replace(config, labels=dict(sorted(labels.items()))), _URL)

    def _fetch(self, repository: str, digest: str) -> ImageConfig:
        answer = self._ecr.call("GetDownloadUrlForLayer", repositoryName=repository, layerDigest=digest)
        config = _parse(self._cache.client.get(str(answer.get("downloadUrl", "")), digest))
        self._cache.put(digest, config)
        return config


def _parse(content: bytes) -> ImageConfig:
    try:
        document = json.loads(content)
        inner = _or_empty(document.get("config"))
        labels = _texts(_or_empty(inner.get("Labels")))
        created, user = document.get("created"), inner.get("User")
    except (ValueError, AttributeError, RecursionError) as error:
        raise _refused(Reason.PARSE_ERROR, "the config does not parse") from error
    if len(labels) > MAX_LABELS:
        raise _refused(Reason.TRUNCATED, f"more than {MAX_LABELS} labels")
    time: Fact[str] = Known(created[:MAX_TEXT]) if isinstance(created, str) and created else Absent(_URL)
    return ImageConfig(labels, time, user[:MAX_TEXT] if isinstance(user, str) else "")


def _or_empty(found: Any) -> Any:
    return {} if found is None else found


def _texts(found: dict[str, Any]) -> dict[str, str]:
    """Labels with names and values cut: an image says of itself what it likes."""
    return {str(key)[:MAX_TEXT]: str(value)[:MAX_TEXT] for key, value in found.items()}


def _failed(code: str) -> Unknown:
    """A failure of one image in an answer of BatchGetImage."""
    return Unknown(Reason.RACE_DELETED if code == "ImageNotFound" else Reason.SERVER_ERROR, _MANIFEST, code)


def _refused(reason: Reason, message: str) -> CallFailedError:
    return CallFailedError(Unknown(reason, _URL, message), message)

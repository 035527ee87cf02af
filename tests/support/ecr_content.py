"""The two sides of ECR over one real registry: its list of images, and its data plane behind a login."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

import httpx

from tests.support.ecr_server import ACCOUNT, make_image, make_repository
from tests.support.http_server import Reply, Seen, reply
from tests.support.registries import Pusher

REGION = "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def listed(push: Pusher, names: Iterable[str]) -> dict[str, Any]:
    """Repositories as ECR's API lists them, of what was pushed to a registry that has the referrers API."""
    return {name: make_repository(name, **_content(push, name)) for name in names}


def _content(push: Pusher, name: str) -> dict[str, Any]:
    tags: dict[str, list[str]] = {}
    for tag in push.get(f"/v2/{name}/tags/list").json()["tags"]:
        digest = push.get(f"/v2/{name}/manifests/{tag}").headers["docker-content-digest"]
        tags.setdefault(digest, []).append(tag)
    wanted, documents = list(tags), {}
    while wanted:
        digest = wanted.pop()
        if digest in documents:
            continue
        documents[digest] = push.get(f"/v2/{name}/manifests/{digest}").text
        named = json.loads(documents[digest]).get("manifests", [])
        named += push.get(f"/v2/{name}/referrers/{digest}").json()["manifests"]
        wanted += [entry["digest"] for entry in named]
    images = [_image(digest, json.loads(text), tags.get(digest, [])) for digest, text in documents.items()]
    return {"images": images, "manifests": documents}


def _image(digest: str, document: dict[str, Any], tags: list[str]) -> dict[str, Any]:
    kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
    more = {
        "imageDigest": digest,
        "imageManifestMediaType": document["mediaType"],
        "artifactMediaType": kind,
        "subjectManifestDigest": document.get("subject", {}).get("digest"),
    }
    return make_image(0, *tags, **{key: value for key, value in more.items() if value})


class DataPlane:
    """A registry behind basic authentication, as ECR's: forwards what has the password, notes what was asked."""

    def __init__(self, url: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False)
        self._login = "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()
        self.asked: Counter[str] = Counter()
        self.refused: dict[str, int] = {}
        """End of a path -> status to answer with."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def __call__(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != self._login:
            challenge = 'Basic realm="https://ecr.example.com/",service="ecr.amazonaws.com"'
            return reply(401, WWW_Authenticate=challenge)
        with self._lock:
            self.asked[f"{seen.method} {seen.path}"] += 1
        for end, status in self.refused.items():
            if seen.path.endswith(end):
                return reply(status)
        answer = self._client.request(seen.method, seen.path, headers={"Accept": seen.headers.get("accept", "*/*")})
        kept = {k: v for k, v in answer.headers.items() if k in ("content-type", "docker-content-digest")}
        return reply(answer.status_code, answer.content, **kept)

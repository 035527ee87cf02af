"""A local server that speaks ECR's JSON protocol, with latency, paging, refusals and hangs on demand.

A stand-in for what cannot run here: the answers are checked against botocore's output shapes
(tests/unit/collectors/test_ecr_server.py). It also answers the few calls of STS, KMS and the tagging API
that the collector makes, of Organizations, Account and CloudTrail. The account of a request is told by its access
key: AssumeRole hands out keys that name the role's account. State is plain data; `Organisation` (in
`organisation.py`) makes it up by formula.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.ecr_operations import REST, Around, AroundApi

ACCOUNT = "123456789012"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([a-z0-9-]+)/([a-z0-9-]+)/")
_KEY = re.compile(r"ASIA(\d{12})")
_SERVICES = {
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "TrentService": "ecr",
    "ResourceGroupsTaggingAPI_20170126": "ecr",
    "AWSOrganizationsV20161128": "organizations",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
}


@dataclass
class Refusal:
    """An answer in place of the real one. `times`: how often, -1 for ever; `match`: only for this repository."""

    code: str
    status: int = 400
    message: str = "refused by the test"
    times: int = -1
    match: str = ""


@dataclass
class Registry:
    """What one region of an account holds, in ECR's own shapes."""

    account: str = ACCOUNT
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name -> {settings of DescribeRepositories; images, retention, policy, tags, scans, manifests, referrers}."""
    policy: str | None = None
    password: str = "data-plane-password"
    """What the login to the data plane is."""
    scanning: dict[str, Any] = field(default_factory=lambda: {"scanType": "BASIC", "rules": []})
    replication: list[dict[str, Any]] = field(default_factory=list)
    cache_rules: list[dict[str, Any]] = field(default_factory=list)
    templates: list[dict[str, Any]] = field(default_factory=list)
    signing: list[dict[str, Any]] | None = None
    account_settings: dict[str, str] = field(
        default_factory=lambda: {
            "REGISTRY_POLICY_SCOPE": "V2",
            "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE",
            "BLOB_MOUNTING": "DISABLED",
        }
    )
    around: Around = field(default_factory=Around)


@dataclass
class Faults:
    """What goes wrong by chance, the same at every run of the server."""

    throttled: float = 0.0
    """Share of requests that are answered with ThrottlingException."""
    failing: float = 0.0
    """Share of requests that are answered with 500."""
    denied: set[str] = field(default_factory=set)
    """Accounts whose role cannot be assumed."""
    chance: random.Random = field(default_factory=lambda: random.Random(7))


@dataclass
class World:
    """The whole server."""

    regions: dict[str, Registry] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """KMS key ARN -> CUSTOMER or AWS."""
    refusals: dict[str, Refusal] = field(default_factory=dict)
    """Operation, or `region/operation`, -> refusal."""
    latency_s: float = 0.0
    page_size: int = 1000
    hang: set[str] = field(default_factory=set)
    """Regions that never answer."""
    calls: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    on_call: Callable[[str, dict[str, Any]], None] = lambda _operation, _body: None
    faults: Faults = field(default_factory=Faults)
    members: list[dict[str, Any]] = field(default_factory=list)
    """Accounts of the organisation in its own shape; the management account is `ACCOUNT`."""
    children: dict[str, list[str]] = field(default_factory=dict)
    """Organisational unit or root -> ids of the accounts and units right below it."""
    account_tags: dict[str, dict[str, str]] = field(default_factory=dict)
    events: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    """(account, region) -> events of CloudTrail, newest first."""

    def registry(self, account: str, region: str) -> Registry:
        """The registry of an account in a region."""
        found = self.regions.get(region) if account == ACCOUNT else None
        return found or Registry(account=account)

    def trail(self, account: str, region: str) -> list[dict[str, Any]]:
        """The events of an account in a region, newest first."""
        return self.events.get((account, region), [])

    def enabled_regions(self, _account: str) -> list[str]:
        """What an account has opted in to."""
        return sorted(self.regions)


class Missing(Exception):
    """An error of the API."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or code


def _page(world: World, items: list[Any], body: dict[str, Any], key: str, token: str = "nextToken") -> dict[str, Any]:
    size = min(world.page_size, int(body.get("maxResults") or body.get("ResourcesPerPage") or world.page_size))
    start = int(body.get(token) or 0)
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer[token] = str(start + size)
    return answer


def _image(images: list[dict[str, Any]], wanted: dict[str, str]) -> dict[str, Any]:
    for image in images:
        if wanted.get("imageTag") in image.get("imageTags", ()) or wanted.get("imageDigest") == image["imageDigest"]:
            return image
    raise Missing("ImageNotFoundException")


def _repository(registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
    found = registry.repositories.get(body["repositoryName"])
    if found is None:
        raise Missing("RepositoryNotFoundException")
    return found


class Api(AroundApi):
    """The operations."""

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(
        self, region: str, operation: str, body: dict[str, Any], account: str = ACCOUNT, service: str = "ecr"
    ) -> dict[str, Any]:
        other = getattr(self, f"{service}_{operation}", None)
        handler = getattr(self, f"op_{operation}", None)
        if other is not None:
            result: dict[str, Any] = other(account, region, body)
        elif handler is not None:
            result = handler(self.world.registry(account, region), body)
        else:
            raise Missing("UnknownOperationException")
        return result

    # ---------------------------------------------------------------- other services
    def organizations_DescribeOrganization(self, *_: Any) -> dict[str, Any]:
        arn = f"arn:aws:organizations::{ACCOUNT}:organization/o-testtest12"
        return {"Organization": {"Id": "o-testtest12", "Arn": arn, "MasterAccountId": ACCOUNT, "FeatureSet": "ALL"}}

    def organizations_ListAccounts(self, _account: str, _region: str, body: dict[str, Any]) -> dict[str, Any]:
        return _page(self.world, self.world.members, {**body, "maxResults": 20}, "Accounts", "NextToken")

    def organizations_ListAccountsForParent(self, _account: str, _region: str, body: dict[str, Any]) -> dict[str, Any]:
        below = self.world.children.get(body["ParentId"], [])
        accounts = [account for account in self.world.members if account["Id"] in below]
        return _page(self.world, accounts, {**body, "maxResults": 2}, "Accounts", "NextToken")

    def organizations_ListChildren(self, _account: str, _region: str, body: dict[str, Any]) -> dict[str, Any]:
        units = [child for child in self.world.children.get(body["ParentId"], []) if child.startswith("ou-")]
        children = [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"} for unit in units]
        return _page(self.world, children, {**body, "maxResults": 1}, "Children", "NextToken")

    def organizations_ListTagsForResource(self, _account: str, _region: str, body: dict[str, Any]) -> dict[str, Any]:
        tags = self.world.account_tags.get(body["ResourceId"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def account_ListRegions(self, account: str, _region: str, body: dict[str, Any]) -> dict[str, Any]:
        names = self.world.enabled_regions(account)
        regions = [{"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for name in names]
        return _page(self.world, regions, {**body, "maxResults": 3}, "Regions", "NextToken")

    def cloudtrail_LookupEvents(self, account: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        wanted = {a["AttributeKey"]: a["AttributeValue"] for a in body.get("LookupAttributes") or []}
        start, end = body.get("StartTime", 0), body.get("EndTime", float("inf"))
        found = [
            event
            for event in self.world.trail(account, region)
            if all(event.get(key) == value for key, value in wanted.items()) and start <= event["EventTime"] <= end
        ]
        return _page(
            self.world, found, {**body, "maxResults": min(50, body.get("MaxResults", 50))}, "Events", "NextToken"
        )

    # ---------------------------------------------------------------- ECR, KMS, tagging

    def op_DescribeRepositories(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        wanted = body.get("repositoryNames")
        for name in wanted or ():
            _repository(registry, {"repositoryName": name})
        items = [entry["settings"] for name, entry in registry.repositories.items() if wanted is None or name in wanted]
        return _page(self.world, items, body, "repositories")

    def op_DescribeImages(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        images = _repository(registry, body).get("images", [])
        if body.get("filter", {}).get("imageStatus") != "ANY":
            images = [image for image in images if image.get("imageStatus", "ACTIVE") == "ACTIVE"]
        if "imageIds" in body:
            images = [_image(images, wanted) for wanted in body["imageIds"]]
        return _page(self.world, images, body, "imageDetails")

    def op_GetLifecyclePolicy(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        text = _repository(registry, body).get("retention")
        if text is None:
            raise Missing("LifecyclePolicyNotFoundException")
        return {"registryId": registry.account, "repositoryName": body["repositoryName"], "lifecyclePolicyText": text}

    def op_GetRepositoryPolicy(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        text = _repository(registry, body).get("policy")
        if text is None:
            raise Missing("RepositoryPolicyNotFoundException")
        return {"registryId": registry.account, "repositoryName": body["repositoryName"], "policyText": text}

    def op_ListTagsForResource(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        name = body["resourceArn"].partition(":repository/")[2]
        tags = _repository(registry, {"repositoryName": name}).get("tags", {})
        return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def op_GetResources(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        items = [
            {
                "ResourceARN": entry["settings"]["repositoryArn"],
                "Tags": [{"Key": key, "Value": value} for key, value in entry["tags"].items()],
            }
            for entry in registry.repositories.values()
            if entry.get("tags")
        ]
        return {"PaginationToken": "", **_page(self.world, items, body, "ResourceTagMappingList", "PaginationToken")}

    def op_BatchGetRepositoryScanningConfiguration(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        found, failures = [], []
        for name in body["repositoryNames"]:
            entry = registry.repositories.get(name)
            if entry is None:
                failures.append(
                    {"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": "gone"}
                )
                continue
            default = {"scanFrequency": "MANUAL", "scanOnPush": False, "appliedScanFilters": []}
            found.append(
                {
                    "repositoryArn": entry["settings"]["repositoryArn"],
                    "repositoryName": name,
                    **entry.get("scanning", default),
                }
            )
        return {"scanningConfigurations": found, "failures": failures}

    def op_DescribeImageScanFindings(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        scan = _repository(registry, body).get("scans", {}).get(body["imageId"]["imageDigest"])
        if scan is None:
            raise Missing("ScanNotFoundException")
        kind = "enhancedFindings" if "enhancedFindings" in scan["imageScanFindings"] else "findings"
        page = _page(self.world, scan["imageScanFindings"].get(kind, []), body, kind)
        answer = {**scan, "imageScanFindings": {**scan["imageScanFindings"], kind: page[kind]}}
        return {**answer, "nextToken": page["nextToken"]} if "nextToken" in page else answer

    def op_BatchGetImage(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        manifests = _repository(registry, body).get("manifests", {})
        images, failures = [], []
        for asked in body["imageIds"]:
            tag, wanted = asked.get("imageTag"), asked
            if tag:
                listed = _repository(registry, body).get("images", [])
                digests = [image["imageDigest"] for image in listed if tag in image.get("imageTags", ())]
                wanted = {"imageTag": tag, "imageDigest": digests[0] if digests else ""}
            text = manifests.get(wanted["imageDigest"], "{}" if tag and wanted["imageDigest"] else None)
            if text is None:
                failures.append({"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": "gone"})
            else:
                images.append({"imageId": wanted, "imageManifest": text, "repositoryName": body["repositoryName"]})
        return {"images": images, "failures": failures}

    def op_ListImageReferrers(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        referrers = _repository(registry, body).get("referrers", {}).get(body["subjectId"]["imageDigest"], [])
        return _page(self.world, referrers, body, "referrers")

    def op_DescribeImageSigningStatus(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        statuses = _repository(registry, body).get("signing", {}).get(body["imageId"]["imageDigest"], [])
        return {"repositoryName": body["repositoryName"], "imageId": body["imageId"], "signingStatuses": statuses}

    def op_GetRegistryPolicy(self, registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        if registry.policy is None:
            raise Missing("RegistryPolicyNotFoundException")
        return {"registryId": registry.account, "policyText": registry.policy}

    def op_GetRegistryScanningConfiguration(self, registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        return {"registryId": registry.account, "scanningConfiguration": registry.scanning}

    def op_DescribeRegistry(self, registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        return {"registryId": registry.account, "replicationConfiguration": {"rules": registry.replication}}

    def op_DescribePullThroughCacheRules(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        return _page(self.world, registry.cache_rules, body, "pullThroughCacheRules")

    def op_DescribeRepositoryCreationTemplates(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        page = _page(self.world, registry.templates, body, "repositoryCreationTemplates")
        return {"registryId": registry.account, **page}

    def op_GetAccountSetting(self, registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        return {"name": body["name"], "value": registry.account_settings[body["name"]]}

    def op_GetSigningConfiguration(self, registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        if registry.signing is None:
            raise Missing("SigningConfigurationNotFoundException")
        return {"registryId": registry.account, "signingConfiguration": {"rules": registry.signing}}

    def op_GetAuthorizationToken(self, registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        text = base64.b64encode(f"AWS:{registry.password}".encode()).decode()
        host = f"https://{registry.account}.dkr.ecr.us-east-1.amazonaws.com"
        return {"authorizationData": [{"authorizationToken": text, "expiresAt": 1.8e9, "proxyEndpoint": host}]}

    def op_ListPullTimeUpdateExclusions(self, _registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        return {"pullTimeUpdateExclusions": []}

    def op_DescribeKey(self, _registry: Registry, body: dict[str, Any]) -> dict[str, Any]:
        manager = self.world.keys.get(body["KeyId"])
        if manager is None:
            raise Missing("NotFoundException")
        words = {"KeyState": "Enabled", "Origin": "AWS_KMS", "KeySpec": "SYMMETRIC_DEFAULT", "KeyManager": manager}
        return {"KeyMetadata": {"KeyId": body["KeyId"].rpartition("/")[2], "Arn": body["KeyId"], **words}}

    def op_GetKeyRotationStatus(self, _registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        return {"KeyRotationEnabled": True}

    def op_GetKeyPolicy(self, _registry: Registry, _body: dict[str, Any]) -> dict[str, Any]:
        return {"Policy": '{"Version": "2012-10-17", "Statement": []}', "PolicyName": "default"}


def _identity(account: str) -> bytes:
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{account}:user/audit</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    ).encode()


def _assumed(account: str) -> bytes:
    """Credentials of a role, whose access key names its account."""
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        f"<AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ).encode()


_IDENTITIES = (
    b'<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
    b"<GetAccountAuthorizationDetailsResult><UserDetailList/><GroupDetailList/><RoleDetailList/><Policies/>"
    b"<IsTruncated>false</IsTruncated></GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
)


def _query_error(code: str) -> bytes:
    return f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>refused</Message></Error></ErrorResponse>".encode()


class Server:
    """Serves a world on a free loopback port."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.api = Api(world)

    async def start(self) -> tuple[asyncio.Server, int]:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        port: int = server.sockets[0].getsockname()[1]
        return server, port

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request, *lines = head.decode("latin-1").split("\r\n")
                path = request.split(" ")[1]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                headers.setdefault("x-amz-target", REST.get(path, ""))
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, content, kind = await self._answer(path, headers, body)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes, str]:
        found = _CREDENTIAL.search(headers.get("authorization", ""))
        key, region, service = found.groups() if found else ("", "", "")
        assumed = _KEY.match(key)
        account = assumed.group(1) if assumed else ACCOUNT
        world = self.world
        world.in_flight += 1
        world.most_in_flight = max(world.most_in_flight, world.in_flight)
        try:
            if region in world.hang and headers["x-amz-target"]:
                await asyncio.sleep(3600)
            if world.latency_s:
                await asyncio.sleep(world.latency_s)
            if service in ("sts", "iam"):
                return self._query(account, dict(urllib.parse.parse_qsl(body.decode())))
            target = headers.get("x-amz-target", "")
            if target:
                prefix, _, operation = target.rpartition(".")
                return self._reply(account, region, _SERVICES.get(prefix, "ecr"), operation, body)
            return self._reply(account, region, "account", "ListRegions" if path == "/listRegions" else path, body)
        finally:
            world.in_flight -= 1

    def _query(self, account: str, parameters: dict[str, str]) -> tuple[int, bytes, str]:
        """STS, in the query protocol."""
        action = parameters.get("Action", "")
        self.world.calls[action] += 1
        if action == "GetCallerIdentity":
            return 200, _identity(account), "text/xml"
        if action == "GetAccountAuthorizationDetails":
            return 200, _IDENTITIES, "text/xml"
        if action != "AssumeRole":
            return 400, _query_error("InvalidAction"), "text/xml"
        wanted = parameters["RoleArn"].split(":")[4]
        if wanted in self.world.faults.denied:
            return 403, _query_error("AccessDenied"), "text/xml"
        return 200, _assumed(wanted), "text/xml"

    def _reply(self, account: str, region: str, service: str, operation: str, body: bytes) -> tuple[int, bytes, str]:
        world = self.world
        world.calls[operation if service == "ecr" else f"{service}:{operation}"] += 1
        document = json.loads(body or b"{}")
        world.on_call(operation, document)
        for name in (f"{region}/{operation}", operation, f"{service}:{operation}"):
            refusal = world.refusals.get(name)
            if refusal and refusal.times != 0 and refusal.match in (document.get("repositoryName", ""), ""):
                refusal.times -= 1
                return _error(refusal.status, refusal.code, refusal.message)
        faults = world.faults
        if faults.throttled or faults.failing:
            chance = faults.chance.random()
            if chance < faults.throttled:
                return _error(400, "ThrottlingException", "Rate exceeded")
            if chance < faults.throttled + faults.failing:
                return _error(500, "ServerException", "sorry")
        try:
            answer = self.api.answer(region, operation, document, account, service)
        except Missing as missing:
            return _error(400, missing.code, missing.message)
        return 200, json.dumps(answer).encode(), "application/x-amz-json-1.1"


def _error(status: int, code: str, message: str) -> tuple[int, bytes, str]:
    content = json.dumps({"__type": code, "message": message}).encode()
    return status, content, "application/x-amz-json-1.1"


@contextmanager
def ecr_server(world: World) -> Iterator[str]:
    """Serve `world` from a thread of this process; yields the URL, and stops the server in the end."""
    loop = asyncio.new_event_loop()
    started: list[tuple[asyncio.Server, int]] = []
    ready = threading.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        started.append(loop.run_until_complete(Server(world).start()))
        ready.set()
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    server, port = started[0]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def make_repository(name: str, region: str = "us-east-1", account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    """A repository in good order; `settings` of it and everything else can be given."""
    settings = {
        "repositoryArn": f"arn:aws:ecr:{region}:{account}:repository/{name}",
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": f"{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        "createdAt": 1760000000.0,
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "AES256"},
        **more.pop("settings", {}),
    }
    return {"settings": settings, "tags": {"Name": name}, "images": [], **more}


def make_image(number: int, *tags: str, **more: Any) -> dict[str, Any]:
    """A scanned image without findings."""
    return {
        "registryId": ACCOUNT,
        "imageDigest": f"sha256:{number:064x}",
        **({"imageTags": list(tags)} if tags else {}),
        "imageSizeInBytes": 50_000_000,
        "imagePushedAt": 1763900000.0,
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
        "imageScanStatus": {"status": "COMPLETE", "description": "done"},
        "imageScanFindingsSummary": {
            "imageScanCompletedAt": 1763900100.0,
            "vulnerabilitySourceUpdatedAt": 1763890000.0,
            "findingSeverityCounts": {},
        },
        **more,
    }

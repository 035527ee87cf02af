"""Layers made to hurt whoever reads them: each costs at most 60 s and 300 MB, is unknown, and the rest is complete."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.http_server import Reply, Seen, http_server, reply
from tests.support.planted_world import AWS_KEY, tar
from tests.support.registries import CONFIG, LAYER, MANIFEST, digest_of

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
MOST_S, MOST_MB = 60, 300
CONTENT = b'{"architecture": "amd64", "os": "linux", "config": {"User": "10001"}}'
CHILD = """
import json, sys, time
from pathlib import Path
from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
target = {"kind": "oci", "url": sys.argv[1], "scan_secrets": True, "attempts": 2, "request_timeout_s": float(sys.argv[3])}
started = time.monotonic()
done = collect(Config(Settings(targets=[target])), Path(sys.argv[2]), lambda what, count: None)
print(json.dumps({
    "seconds": time.monotonic() - started,
    "mb": int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024,
    "errors": [(error.reason, error.message) for error in done.manifest.scopes[0].errors],
}))
"""


def header(name: bytes, size: int = 0, kind: bytes = b"0", *, link: bytes = b"", magic: bytes = b"ustar\x0000", rest: bytes = b"") -> bytes:  # fmt: skip
    """A tar header with a right checksum."""
    length = b"%011o\x00" % size if size < 8**11 else b"\x80" + struct.pack(">3xQ", size)
    block = name.ljust(100, b"\0") + b"0000644\x000000000\x000000000\x00" + length + b"00000000000\x00" + b" " * 8
    block += kind + link.ljust(100, b"\0") + magic + rest
    block = block.ljust(512, b"\0")
    return block[:148] + b"%06o\x00 " % sum(block) + block[156:]


def packed(first: bytes, of: bytes, mib: int) -> bytes:
    """Gzip of a header and so many MiB of one byte, in members of 64 MiB."""
    return gzip.compress(first) + gzip.compress(of * 64 * MIB) * (mib // 64)


def special(kind: bytes, mib: int) -> bytes:
    """A header of a header: of PAX, or GNU's long name."""
    return packed(header(b"././@LongLink", mib * MIB, kind, magic=b"ustar  \0"), b"a", mib)


def deep() -> bytes:
    return tar({"a/" * 5000 + "key": "x", **{"b/" * 60 + "key": "x"}})


def records(number: int) -> bytes:
    """PAX headers full of tiny records, one after the other."""
    body = b"".join(b"6 a=b\n" for _ in range(150_000))
    body += b" " * (-len(body) % 512)
    return b"".join([header(b"pax", 900_000, b"x") + body] * number)


def suspicious() -> bytes:
    lines = "".join(f"key = AKIA{'0Q' * 6}\n" for _ in range(300_000))
    return tar({"app.env": lines, "app.yaml": "password" * 120_000, "app.ini": "token=" * 160_000, "a.json": "https://a:" * 100_000})  # fmt: skip


@dataclass(frozen=True)
class Attack:
    """`make`: the layer's bytes; `says`: part of what the audit says of it; `size`: what the manifest claims.

    `busy`: on a machine with much else to do its time may be over before its limit is reached.
    """

    name: str
    make: Callable[[], bytes]
    says: str
    size: int | None = None
    drip: bool = False
    busy: bool = False


ATTACKS = [
    Attack("zip bomb", lambda: packed(header(b"big.txt", 10 * 1024 * MIB), b"\0", 10 * 1024), "times its size"),
    Attack("bomb of many small members", lambda: gzip.compress(header(b"a", 2**40)) + gzip.compress(bytes(MIB)) * 4000, "times its size"),
    Attack("a million empty members", lambda: gzip.compress(header(b"a", 2**30)) + gzip.compress(b"") * 1_000_000, "cut off"),
    Attack("path traversal", lambda: tar({"../../etc/cron.d/x": "a", "/abs/../../x": "b"}), "lead out of the image"),
    Attack("symlink loop", lambda: tar({}, links={"a": "b", "b": "a", "etc/os-release": "os-release"}), "in a circle"),
    Attack("ten million entries", lambda: gzip.compress(header(b"a") * 100_000, 9) * 100, "times its size"),
    Attack("a million entries and more", lambda: header(b"a") * 1_000_001, "more than 1000000 entries", busy=True),
    Attack("sparse file of 8 EiB", lambda: header(b"big", 512, b"S", magic=b"ustar  \0", rest=bytes(32 + 65 + 64) + struct.pack(">4sQ", b"\x80\0\0\0", 2**62)) + bytes(1536), "sparse"),
    Attack("sparse file by PAX", lambda: b"".join([header(b"p", 22, b"x"), b"22 GNU.sparse.major=1\n".ljust(512, b"\0"), header(b"big", 0), bytes(1024)]), "sparse"),
    Attack("a file of 4 EiB", lambda: header(b"big", 2**61) + bytes(4096), "cut off"),
    Attack("truncated gzip", lambda: gzip.compress(tar({"a": "b" * 100_000}))[:-50], "cut off"),
    Attack("no gzip behind its magic", lambda: b"\x1f\x8b" + b"x" * 1000, "its gzip is broken"),
    Attack("deep paths", deep, "too deep"),
    Attack("PAX header of 1 GiB", lambda: special(b"x", 1024), "a header is larger"),
    Attack("global PAX header of 1 GiB", lambda: special(b"g", 1024), "a header is larger"),
    Attack("GNU long name of 1 GiB", lambda: special(b"L", 1024), "a header is larger"),
    Attack("GNU long link of 1 GiB", lambda: special(b"K", 1024), "a header is larger"),
    Attack("tiny PAX records", lambda: records(12) + header(b"a", 2**30), "cut off"),
    Attack("wrong checksum", lambda: tar({"a": "b"}).replace(b"ustar", b"Ustar"), "wrong checksum"),
    Attack("nothing but suspicious places", suspicious, "more suspicious places"),
    Attack("more than the manifest says", lambda: header(b"a", 2**30) + bytes(64 * MIB), "it is larger than", size=1000),
    Attack("a size beyond every layer", lambda: b"x", "it is larger than", size=2**50),
    Attack("bytes that hardly come", lambda: gzip.compress(tar({"a": "b"})), "ReadTimeout", drip=True),
]  # fmt: skip


def manifest_of(layer: bytes, size: int | None = None) -> bytes:
    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest_of(CONTENT), "size": len(CONTENT)},
        "layers": [{"mediaType": LAYER, "digest": digest_of(layer), "size": len(layer) if size is None else size}],
    }).encode()  # fmt: skip


def serving(layer: bytes, attack: Attack) -> Callable[[Seen], Reply]:
    """A registry with the repositories bad and good, where bad's image has the layer."""
    good = gzip.compress(tar({"root/.aws/credentials": f"id = {AWS_KEY}\n"}))
    contents = (CONTENT, good, layer)
    names = [digest_of(content) for content in contents]
    blobs = dict(zip(names, contents, strict=True))
    manifests = {"bad": manifest_of(layer, attack.size), "good": manifest_of(good)}

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(layer))
        for byte in layer:
            connection.sendall(bytes([byte]))
            time.sleep(0.2)

    def answer(seen: Seen) -> Reply:
        parts = seen.path.partition("?")[0].split("/")
        if parts[2] == "_catalog":
            return reply(200, b'{"repositories": ["bad", "good"]}')
        if parts[3] == "tags":
            return reply(200, b'{"tags": ["v1"]}')
        if parts[3] == "manifests":
            content = manifests[parts[2]]
            headers = {"Docker_Content_Digest": digest_of(content), "Content_Type": MANIFEST}
            return reply(200, b"" if seen.method == "HEAD" else content, **headers)
        if parts[3] != "blobs":
            return reply(404)
        if attack.drip and parts[4] == names[2]:
            return drip
        return reply(200, blobs[parts[4]])

    return answer


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_costs_little_and_is_unknown(attack: Attack, tmp_path: Path) -> None:
    layer = attack.make()
    with http_server(serving(layer, attack)) as server:
        command = [sys.executable, "-c", CHILD, server.url, str(tmp_path / "snapshot"), "3" if attack.drip else "120"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * MOST_S, check=True)
    cost = json.loads(done.stdout)
    images = {}
    for path in (tmp_path / "snapshot" / "parts").glob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            images[record["repository"]["name"]] = record["images"]["value"][0]
    bad, good = (images[name]["secrets"]["value"] for name in ("bad", "good"))

    assert cost["seconds"] < MOST_S
    assert cost["mb"] < MOST_MB
    says = [attack.says, "it takes more than 45 s"] if attack.busy else [attack.says]
    assert any(word in gap["detail"] for gap in bad["gaps"] for word in says), bad["gaps"]
    assert any(word in message for _, message in cost["errors"] for word in says), cost["errors"]
    assert bad["findings"] == []
    assert [finding["rule"] for finding in good["findings"]] == ["aws-access-key"]
    assert good["gaps"] == []
    assert done.stderr == ""


def test_the_headers_here_are_those_of_tarfile() -> None:
    ours = tarfile.TarInfo.frombuf(header(b"a/b", 5, b"2", link=b"c"), "utf-8", "strict")

    assert (ours.name, ours.size, ours.type, ours.linkname) == ("a/b", 5, tarfile.SYMTYPE, "c")

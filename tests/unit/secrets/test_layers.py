"""One layer: what its archive says, as the tar format has it, and what is not looked into."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.inventory.facts import Reason
from auditor.secrets.image import Layer, join, os_release
from auditor.secrets.inflate import Blob, unpacked
from auditor.secrets.layer import LayerContents, is_settings, search_layer
from auditor.secrets.limits import Deadline, LayerLimits, LimitReachedError
from auditor.secrets.tarstream import TarReader
from tests.support.planted_world import AWS_KEY, GITHUB, KEY, tar
from tests.support.registries import digest_of

LIMITS = LayerLimits()


def pieces(content: bytes, size: int = 1000) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def search(content: bytes, limits: LayerLimits = LIMITS, digest: str = "", seconds: float = 60) -> LayerContents:
    return search_layer(pieces(content), digest or digest_of(content), limits, Deadline(seconds))


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:])])  # fmt: skip
def test_a_secret_is_found_with_path_and_line(pack: object) -> None:
    found = search(pack(tar({"./etc/app.env": f"A=b\nKEY={AWS_KEY}\n"})))  # type: ignore[operator]

    [finding] = found.findings
    assert (finding.rule, finding.path, finding.line) == ("aws-access-key", "etc/app.env", 2)
    assert found.whole
    assert found.gaps == ()


@given(
    st.dictionaries(
        st.text("abc/.é", min_size=1, max_size=150).filter(lambda n: n.strip("/.") and ".." not in n and not n.endswith("/")),
        st.binary(max_size=1500), max_size=6,
    ),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.integers(1, 2000),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_reader_agrees_with_tarfile(files: dict[str, bytes], form: int, size: int) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    reader = TarReader(pieces(out.getvalue(), size), LIMITS, Deadline(60))

    found = [(member.path, member.kind, reader.read(10_000)) for member in reader]

    plain = ["/".join(part for part in name.split("/") if part not in ("", ".")) for name in files]
    assert found == [(name, "file", content) for name, content in zip(plain, files.values(), strict=True)]


def test_a_large_member_by_base_256_and_by_pax() -> None:
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        member = tarfile.TarInfo("big")
        member.size = 9 * 2**33
        reader = TarReader(pieces(member.tobuf(form)), LIMITS, Deadline(60))
        assert next(iter(reader)).size == member.size


def test_a_blob_of_another_digest_says_nothing() -> None:
    found = search(tar({"a.env": AWS_KEY}), digest="sha256:" + "0" * 64)

    assert found.findings == ()
    assert found.gaps == ((Reason.PARSE_ERROR, "digest mismatch"),)
    assert not found.whole


def test_what_was_found_before_a_limit_counts() -> None:
    content = tar({"a.env": AWS_KEY, "b": "x", "c": "y"})
    found = search(content, LayerLimits(entries=2))

    assert [finding.rule for finding in found.findings] == ["aws-access-key"]
    assert found.gaps == ((Reason.TRUNCATED, "it has more than 2 entries"),)
    assert not found.whole


def test_zstd_is_not_read() -> None:
    found = search(b"\x28\xb5\x2f\xfd" + bytes(100))

    assert [reason for reason, _ in found.gaps] == [Reason.UNSUPPORTED_BY_COLLECTOR]


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (LayerLimits(compressed=100), "larger than 100 bytes"),
        (LayerLimits(unpacked=600), "unpacks to more than 600 bytes"),
        (LayerLimits(ratio=2, ratio_from=10), "more than 2 times its size"),
        (LayerLimits(header=0), "a header is larger than 0 bytes"),
        (LayerLimits(path_depth=2), "too long or too deep"),
        (LayerLimits(path_length=20), "too long or too deep"),
        (LayerLimits(text_file=100), "texts beyond their first 100 bytes"),
    ],
)
def test_each_limit_leaves_a_gap(limits: LayerLimits, says: str) -> None:
    content = gzip.compress(tar({"a/b/c/" + "d" * 120: "text " * 4000}))

    assert any(says in detail for _, detail in search(content, limits).gaps)


def test_time_is_a_limit() -> None:
    assert search(tar({"a": "b"}), seconds=0).gaps[0][0] is Reason.TIMEOUT


def test_a_blob_is_hashed_to_its_end_though_nobody_reads_it() -> None:
    content = b"abc" * 1000
    blob = Blob(pieces(content), digest_of(content), LIMITS, Deadline(60))
    blob.finish()

    assert blob.received == len(content)
    with pytest.raises(LimitReachedError, match="digest mismatch"):
        Blob(pieces(content + b"x"), digest_of(content), LIMITS, Deadline(60)).finish()
    assert (
        b"".join(unpacked(Blob(pieces(content), digest_of(content), LIMITS, Deadline(60)), LIMITS, Deadline(60)))
        == content
    )


def test_binary_files_are_left_out_and_links_not_followed() -> None:
    found = search(tar({"bin/app": b"\x7fELF\x00" + AWS_KEY.encode()}, links={"a.env": "/etc/passwd"}))

    assert (found.findings, found.gaps, found.text_bytes) == ((), (), 0)


def test_a_secret_in_a_path_is_not_shown() -> None:
    [finding] = search(tar({f"tmp/{GITHUB}/a\u202eb.pem": KEY})).findings

    assert finding.path == "tmp/ghp_… (40 characters)/a\N{REPLACEMENT CHARACTER}b.pem"


def layers(*contents: bytes) -> list[Layer]:
    return [Layer(digest_of(content), search(content)) for content in contents]


@pytest.mark.parametrize(
    ("upper", "removed"),
    [
        ({"srv/.wh.key.pem": ""}, True),
        ({".wh.srv": ""}, True),
        ({"srv/.wh..wh..opq": ""}, True),
        ({".wh..wh..opq": ""}, True),
        ({"srv/.wh.other": ""}, False),
        ({"srv2/.wh.key.pem": ""}, False),
        ({"srv/key.pem": "replaced"}, False),
    ],
)
def test_a_secret_that_a_later_layer_deletes_is_told_as_such(upper: dict[str, str], removed: bool) -> None:
    scan = join(layers(tar({"srv/key.pem": KEY}), tar(upper)), {}, {})

    assert [finding.removed for finding in scan.findings] == [removed]
    below = join(layers(tar(upper), tar({"srv/key.pem": KEY})), {}, {})
    assert [finding.removed for finding in below.findings] == [False]


OLD, NEW = "ID=old\n", "ID=new\n"


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        ([{"etc/os-release": OLD}], OLD),
        ([{"usr/lib/os-release": OLD}], OLD),
        ([{"etc/os-release": OLD}, {"etc/os-release": NEW}], NEW),
        ([{"usr/lib/os-release": OLD}, {"etc/os-release": NEW}], NEW),
        ([{"etc/os-release": OLD}, {"etc/.wh.os-release": ""}], None),
        ([{"etc/os-release": OLD, "usr/lib/os-release": NEW}, {".wh.etc": ""}], NEW),
        ([{"etc/passwd": "x"}], None),
    ],
)
def test_the_os_release_that_counts(contents: list[dict[str, str]], text: str | None) -> None:
    assert os_release(layers(*map(tar, contents))) == text


def test_files_of_settings_by_name() -> None:
    yes = [
        ".env",
        "app.env",
        ".env.prod",
        "x/config",
        ".aws/credentials",
        "a.YAML",
        ".npmrc",
        ".bash_history",
        "terraform.tfstate",
    ]
    no = ["app.py", "credentials.db", "xconfig", "package-lock.json", "README", "lib.so"]

    assert [name for name in yes if not is_settings(name)] == []
    assert [name for name in no if is_settings(name)] == []

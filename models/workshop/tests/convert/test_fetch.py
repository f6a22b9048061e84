"""Where files come from, and what of them is refused: by name, with nothing half-written left."""

import gzip
import hashlib
import io
import struct
import tarfile
import zipfile

import pytest

from workshop.convert import archive, fetch
from workshop.convert.address import Addresses, Missing
from workshop.convert.cache import Cache
from workshop.convert.readers import Damaged
from workshop.convert.source import File, Package
from workshop.tests.convert import made

DATA = bytes(range(256)) * 40
ADDRESS = "https://weights.example/net.pth"
HUGE = 10_000_000_000


def file(data: bytes = DATA, address: str | None = ADDRESS, member=None, package=None, name="dehaze/net.pth") -> File:
    return File(name, hashlib.sha256(data).hexdigest(), len(data), address, member, package)


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache")


def held(cache: Cache) -> list[str]:
    return sorted(path.name for path in cache.folder.iterdir())


def got(cache, wanted: File, opener=None, mirror=None):
    """What `fetch` finds of one file: it, in the cache, or why not."""
    found = {}
    for some in fetch.fetch({wanted}, cache, mirror, Addresses(opener)):
        found |= some
    return found[wanted]


def sends(data: bytes, length: int | None = None, code: int = 200, headers=()):
    """An answer with a Content-Length of its own."""

    def answer(handler):
        handler.send_response(code)
        if length != -1:
            handler.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def in_ranges(data: bytes, most: int):
    """An answer of `most` bytes a time, from where it is asked, that claims all that follows."""

    def answer(handler):
        asked = handler.headers.get("Range")
        start = int(asked[6:-1]) if asked else 0
        headers = [("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")] if asked else []
        sends(data[start : start + most], len(data) - start, 206 if asked else 200, headers)(handler)

    return answer


def test_an_address_is_fetched_once(cache, host):
    host.answer = sends(DATA)
    assert got(cache, file(), host) == file()
    assert cache.path(file()).read_bytes() == DATA
    assert got(cache, file(), host) == file()
    assert host.ranges == [None]
    assert held(cache) == [file().sha256]


def test_a_broken_off_file_goes_on_where_it_ended(cache, host):
    host.answer = in_ranges(DATA, 4000)
    assert got(cache, file(), host) == file()
    assert host.ranges == [None, "bytes=4000-", "bytes=8000-"]
    assert cache.path(file()).read_bytes() == DATA


def test_what_stays_broken_off_is_told_and_goes_on_in_the_next_run(cache, host):
    host.answer = in_ranges(DATA, 1000)
    cause = got(cache, file(), host)
    assert isinstance(cause, Missing)
    assert str(cause) == f"{ADDRESS} breaks off after 3,000 bytes; the next run goes on"
    host.answer = in_ranges(DATA, len(DATA))
    assert got(cache, file(), host) == file()
    assert host.ranges[3:] == ["bytes=3000-"]


@pytest.mark.parametrize("answer", [sends(DATA), None])
def test_a_server_without_ranges_begins_anew(cache, host, answer):
    cache.part(file()).write_bytes(b"x" * 100)

    def refuse_once(handler):
        sends(b"", code=416)(handler) if handler.headers.get("Range") else sends(DATA)(handler)

    host.answer = answer or refuse_once
    assert got(cache, file(), host) == file()
    assert host.ranges[0] == "bytes=100-"


def test_a_wrong_byte_is_refused_by_name(cache, host):
    host.answer = sends(b"?" + DATA[1:])
    cause = got(cache, file(), host)
    assert isinstance(cause, Damaged)
    assert f"{ADDRESS} has SHA-256 " in str(cause)
    assert str(cause).endswith("it is another file than dehaze/net.pth")
    assert held(cache) == []


@pytest.mark.parametrize(("length", "told"), [(HUGE, "10,000,000,000"), (100, "100")])
def test_a_claim_of_another_length_is_refused_before_anything_is_read(cache, host, length, told):
    host.answer = sends(b"", length)
    cause = got(cache, file(), host)
    assert isinstance(cause, Damaged)
    assert str(cause) == f"{ADDRESS} is {told} bytes long, not 10,240"
    assert held(cache) == []


def test_a_stream_without_end_is_left_at_the_first_byte_too_many(cache, host):
    sent = 0

    def endless(handler):
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        while True:
            sent += handler.wfile.write(DATA)

    host.answer = endless
    cause = got(cache, file(), host)
    assert isinstance(cause, Damaged)
    assert str(cause) == f"{ADDRESS} is more than 10,240 bytes long, not 10,240"
    assert held(cache) == []
    assert sent < 1 << 25  # what the system holds of it on the way


def test_an_error_and_a_way_out_of_https_are_told(cache, host):
    host.answer = sends(b"", code=404)
    assert str(got(cache, file(), host)).endswith("/net.pth answers 404 Not Found")
    host.answer = sends(b"", code=302, headers=[("Location", "http://weights.example/net.pth")])
    assert str(got(cache, file(), host)).endswith("leads to http://weights.example/net.pth, which is not https")


def test_a_host_that_is_not_there_is_asked_once(cache, silence):
    wanted = {file(bytes([n]), f"https://weights.example/{n}", name=f"{n}.pth") for n in range(20)}
    wanted.add(file(b"other", "https://other.example/a", name="other.pth"))
    found = {}
    for some in fetch.fetch(wanted, cache, None, Addresses(silence)):
        found |= some
    assert len(silence.asked) == 2
    assert found.keys() == wanted
    said = {str(cause) for cause in found.values()}
    assert said == {f"{host}.example is not reached: Name or service not known" for host in ("weights", "other")}


def test_the_mirror_comes_before_the_address(cache, silence, tmp_path):
    path = tmp_path / "mirror" / "dehaze" / "net.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA)
    assert got(cache, file(), silence, tmp_path / "mirror") == file()
    assert not silence.asked
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("damage", ["wrong byte", "truncated", "huge"])
def test_a_damaged_file_of_the_mirror_is_refused_by_name(cache, silence, tmp_path, damage):
    path = tmp_path / "mirror" / "dehaze" / "net.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes({"wrong byte": DATA[:-1] + b"?", "truncated": DATA[:-1], "huge": b""}[damage])
    if damage == "huge":
        with path.open("r+b") as sparse:
            sparse.truncate(HUGE)
    cause = got(cache, file(), silence, tmp_path / "mirror")
    assert isinstance(cause, Damaged)
    told = {"wrong byte": "has SHA-256", "truncated": "is 10,239 bytes", "huge": "is 10,000,000,000 bytes"}[damage]
    assert str(cause).startswith(f"{path} {told}")
    assert held(cache) == []
    assert not silence.asked


def test_a_file_of_the_cache_that_is_not_whole_comes_again(cache, host):
    host.answer = sends(DATA)
    cache.path(file()).write_bytes(DATA[:50])
    assert got(cache, file(), host) == file()
    assert cache.path(file()).read_bytes() == DATA


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members.items():
            opened.writestr(name, data)
    return out.getvalue()


def claiming(data: bytes, size: int) -> bytes:
    """A zip archive of one member whose entry in the directory says another size."""
    at = data.rindex(b"PK\x01\x02") + 24
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]


def test_a_file_in_an_archive_is_taken_out_alone(cache, host, tmp_path):
    host.answer = sends(zipped({"../../evil": b"x", "deep/net.pkl": DATA}))
    wanted = file(member="deep/net.pkl")
    assert got(cache, wanted, host) == wanted
    assert held(cache) == [file().sha256]
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (zipped({"other": DATA}), "holds no net.pkl"),
        (zipped({"net.pkl": DATA + b"?"}), "claims 10,241 bytes, not 10,240"),
        (claiming(zipped({"net.pkl": DATA}), 3_000_000_000), "claims 3,000,000,000 bytes, not 10,240"),
        (claiming(zipped({"net.pkl": DATA + b"?"}), len(DATA)), "net.pkl in https://weights.example/net.pth"),
        (zipped({"net.pkl": DATA})[:-30], "is no whole archive"),
        (b"no archive", "is no whole archive"),
        (zipped({"net.pkl": b"?" + DATA[1:]}), "has SHA-256"),
    ],
)
def test_a_damaged_archive_is_refused_by_name(cache, host, data, told):
    host.answer = sends(data)
    cause = got(cache, file(member="net.pkl"), host)
    assert isinstance(cause, Damaged)
    assert ADDRESS in str(cause)
    assert told in str(cause) or "is no whole archive" in str(cause)
    assert held(cache) == []


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as opened:
        for name, data in members.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_a_file_in_a_package_of_npm_is_taken_out(tmp_path):
    path, out = tmp_path / "net-1.0.0.tgz", tmp_path / "out"
    path.write_bytes(packed({"README.md": b"x", "models/net.bin": DATA}))
    archive.take_out(path, "models/net.bin", file(), out, path.name)
    assert out.read_bytes() == DATA
    with pytest.raises(Damaged, match=r"net-1\.0\.0\.tgz holds no models/other\.bin"):
        archive.take_out(path, "models/other.bin", file(), out, path.name)


@pytest.mark.parametrize("damage", ["claim", "cut", "bomb"])
def test_a_damaged_package_of_npm_is_refused(tmp_path, monkeypatch, damage):
    path, out = tmp_path / "net-1.0.0.tgz", tmp_path / "out"
    data = packed({"net.bin": DATA})
    if damage == "claim":
        info = tarfile.TarInfo("package/net.bin")
        info.size = HUGE
        data = gzip.compress(info.tobuf() + DATA)
    if damage == "bomb":
        monkeypatch.setattr(archive, "ARCHIVE", 1 << 20)
        data = gzip.compress(bytes(1 << 24))
    path.write_bytes(data[:-2000] if damage == "cut" else data)
    with pytest.raises(Damaged, match=r"net-1\.0\.0\.tgz"):
        archive.take_out(path, "net.bin", file(), out, path.name)
    assert not out.exists() or len(out.read_bytes()) <= len(DATA)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A wheel in a folder that the user's settings of pip name."""
    folder = tmp_path / "index"
    folder.mkdir()
    made.wheel(folder, {"a.bin": DATA, "b.bin": DATA[1:]})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def package(member: str, version: str = "1.2", name: str = "made-up-net") -> Package:
    return Package("pypi", name, version, f"made_up_net/{member}")


# proves: D02
def test_files_come_out_of_a_package(cache, index):
    a, b = file(package=package("a.bin"), name="a"), file(DATA[1:], package=package("b.bin"), name="b")
    wrong = file(b"x" * len(DATA), package=package("a.bin"), name="c")
    found = {}
    for some in fetch.fetch({a, b, wrong}, cache, None, Addresses()):
        found |= some
    assert (found[a], found[b]) == (a, b)
    assert isinstance(found[wrong], Damaged)
    assert "made_up_net/a.bin in made_up_net-1.2-py3-none-any.whl has SHA-256" in str(found[wrong])
    assert held(cache) == sorted([a.sha256, b.sha256])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (package("a.bin", "1.3"), "pypi package made-up-net 1.3 was not fetched: "),
        (package("a.bin", name="--index-url=https://evil.example"), "is not the name and version of a package"),
    ],
)
def test_a_package_that_does_not_come_is_told(cache, index, given, told):
    cause = got(cache, file(package=given))
    assert isinstance(cause, Missing)
    assert told in str(cause)
    assert held(cache) == []


def test_what_nobody_has_seen_is_not_fetched(cache, silence):
    unseen = File("dehaze/net.pth", None, None, ADDRESS, None, None)
    assert isinstance(got(cache, unseen, silence), Missing)
    assert not silence.asked

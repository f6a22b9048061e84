"""The certificate of `make run HOST=...`: kept while it serves, made anew when it does not, and of no use for anything else."""

import ssl
import stat
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from infra.functions import ROOT

sys.path.append(str(ROOT / "tools"))

from lan import certificate  # noqa: E402 - found by the line above

NOW = datetime.now(UTC)
AT_HOME = [ip_address("192.168.1.5"), ip_address("127.0.0.1")]
ELSEWHERE = [ip_address("10.0.0.7"), ip_address("127.0.0.1")]
NAMES = ["localhost", "desk", "desk.local"]


def kept(folder, addresses=AT_HOME, names=NAMES, days=0):
    """The files of both pairs as they are `days` later, and whether the authority is new."""
    *pairs, fresh = certificate.keep(folder, addresses, names, NOW + timedelta(days=days))
    return [pair.certificate_file.read_bytes() for pair in pairs], fresh


# proves: O22
def test_a_second_start_changes_nothing(tmp_path):
    first, fresh = kept(tmp_path / "kept")
    assert fresh
    assert kept(tmp_path / "kept") == (first, False)


# proves: O22
def test_another_address_is_a_new_certificate_of_the_authority_that_phones_know(tmp_path):
    (authority, server), _ = kept(tmp_path)
    (same, other), fresh = kept(tmp_path, ELSEWHERE)
    assert (same, fresh) == (authority, False)
    known = x509.load_pem_x509_certificate(other).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert known.get_values_for_type(x509.IPAddress) == ELSEWHERE
    assert known.get_values_for_type(x509.DNSName) == NAMES
    assert other != server


@pytest.mark.parametrize(
    ("days", "server_is_new", "authority_is_new"), [(60, False, False), (80, True, False), (650, True, True)]
)
def test_what_nears_its_end_is_made_anew(tmp_path, days, server_is_new, authority_is_new):
    (authority, server), _ = kept(tmp_path)
    (later_authority, later_server), fresh = kept(tmp_path, days=days)
    assert (later_server != server, later_authority != authority, fresh) == (
        server_is_new,
        authority_is_new,
        authority_is_new,
    )
    ends = [x509.load_pem_x509_certificate(one).not_valid_after_utc for one in (later_server, later_authority)]
    assert NOW + timedelta(days=days + certificate.SERVER_LEFT_DAYS) <= ends[0] <= ends[1]


def test_an_address_or_a_name_that_the_authority_may_not_speak_for_needs_a_new_one(tmp_path):
    (authority, _), _ = kept(tmp_path)
    (public, _), fresh = kept(tmp_path, [ip_address("203.0.113.9")])
    assert fresh
    assert public != authority
    assert kept(tmp_path, [ip_address("203.0.113.9")], [*NAMES[:1], "laptop"])[1]


@pytest.mark.parametrize("file", ["ca.key", "server.key", "ca.crt", "server.crt"])
@pytest.mark.parametrize("content", [b"", b"not a key\n", None])
def test_a_file_that_is_broken_or_gone_is_made_anew(tmp_path, file, content):
    kept(tmp_path)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    kept(tmp_path)
    assert shaken(tmp_path, "192.168.1.5") is None


def test_a_key_of_another_pair_is_not_used(tmp_path):
    kept(tmp_path / "one")
    kept(tmp_path / "two")
    (tmp_path / "one/server.key").write_bytes((tmp_path / "two/server.key").read_bytes())
    kept(tmp_path / "one")
    assert shaken(tmp_path / "one", "192.168.1.5") is None


# proves: O22
def test_keys_are_their_owners_alone(tmp_path):
    kept(tmp_path / "kept")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kept").iterdir()}
    assert modes == {"ca.crt": 0o644, "ca.key": 0o600, "server.crt": 0o644, "server.key": 0o600}
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


# proves: O22
@pytest.mark.parametrize("host", ["192.168.1.5", "127.0.0.1", "localhost", "desk.local"])
def test_a_client_that_knows_the_authority_is_content(tmp_path, host):
    kept(tmp_path)
    assert shaken(tmp_path, host) is None


@pytest.mark.parametrize(("address", "name"), [("203.0.113.9", "localhost"), ("192.168.1.5", "bank.example")])
def test_the_authority_is_believed_for_nothing_of_the_internet(tmp_path, address, name):
    """As someone would who has stolen its key."""
    kept(tmp_path)
    known, key = certificate.Pair(tmp_path, "ca").read()
    forged = certificate.make_server(known, key, [ip_address(address)], [name], NOW)
    certificate.Pair(tmp_path, "server").write(*forged)
    assert "permitted subtree violation" in shaken(tmp_path, address)


def test_the_servers_certificate_signs_no_other(tmp_path):
    kept(tmp_path)
    known, key = certificate.Pair(tmp_path, "server").read()
    certificate.Pair(tmp_path, "third").write(*certificate.make_server(known, key, AT_HOME, NAMES, NOW))
    chain = (tmp_path / "third.crt").read_bytes() + known.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "third.crt").write_bytes(chain)
    assert "invalid CA certificate" in shaken(tmp_path, "192.168.1.5", "third")


def shaken(folder, host: str, name: str = "server") -> str | None:
    """A handshake in memory of the server and a client that knows the authority alone; what the client found wrong, if anything."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
    client.load_verify_locations(folder / "ca.crt")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=host), server.wrap_bio(there, back, server_side=True)]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return None

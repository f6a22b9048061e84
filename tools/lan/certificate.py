"""The certificate that `make run HOST=...` serves HTTPS with, and the authority that signs it; both are made here and kept in a folder.

A phone that has learned the authority trusts every certificate of it, so its power is bounded: by name constraints (RFC 5280, 4.2.1.10)
it vouches for private addresses and for this machine's own names and address, and for nothing on the internet. Keys are readable by
their owner alone (mode 0600) and never leave the folder.
"""

import os
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Address = IPv4Address | IPv6Address

# Private, link-local and loopback networks: RFC 1918, 3927, 4193, 4291.
PRIVATE = [
    ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")
    + ("fc00::/7", "fe80::/10", "::1/128")
]
# iOS takes no server certificate of more than 825 days, whoever signed it (support.apple.com/103769).
AUTHORITY_DAYS = 730
SERVER_DAYS = 90
# Made again when so little is left.
AUTHORITY_LEFT_DAYS = SERVER_DAYS
SERVER_LEFT_DAYS = 14


class Pair:
    """A certificate and its key, in FOLDER/NAME.crt and FOLDER/NAME.key (PEM)."""

    def __init__(self, folder: Path, name: str):
        self.certificate_file = folder / f"{name}.crt"
        self.key_file = folder / f"{name}.key"

    def read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
        """None where there is none, or where the two do not belong together."""
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
            key = serialization.load_pem_private_key(self.key_file.read_bytes(), password=None)
        except (OSError, ValueError):
            return None
        return (certificate, key) if certificate.public_key() == key.public_key() else None

    def write(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        replace(self.key_file, secret, 0o600)
        replace(self.certificate_file, certificate.public_bytes(pem), 0o644)


def keep(
    folder: Path, addresses: list[Address], names: list[str], now: datetime | None = None
) -> tuple[Pair, Pair, bool]:
    """The authority, a server's pair for these addresses and names that is good for a while yet, and whether the authority is new."""
    now = now or datetime.now(timezone.utc)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority, server = Pair(folder, "ca"), Pair(folder, "server")
    fresh = not (known := authority.read()) or not vouches(known[0], addresses, names, now)
    if fresh:
        authority.write(*make_authority(addresses, names, now))
    certificate, key = authority.read()
    if not (known := server.read()) or not serves(known[0], certificate, addresses, names, now):
        server.write(*make_server(certificate, key, addresses, names, now))
    return authority, server, fresh


def vouches(authority: x509.Certificate, addresses: list[Address], names: list[str], now: datetime) -> bool:
    """Whether these addresses and names are among those that the authority may speak for, for long enough."""
    try:
        permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    except x509.ExtensionNotFound:
        return False
    if authority.not_valid_after_utc - now < timedelta(days=AUTHORITY_LEFT_DAYS):
        return False
    networks = [one.value for one in permitted if isinstance(one, x509.IPAddress)]
    domains = [one.value for one in permitted if isinstance(one, x509.DNSName)]
    return within(addresses, networks) and set(names) <= set(domains)


def within(addresses: list[Address], networks: list) -> bool:
    return all(any(address in network for network in networks) for address in addresses)


def serves(
    server: x509.Certificate, authority: x509.Certificate, addresses: list[Address], names: list[str], now: datetime
) -> bool:
    """Whether a server's certificate is for exactly these addresses and names, signed by this authority, for long enough."""
    try:
        known = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        server.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    same = set(known) == set(subjects(addresses, names))
    return same and server.not_valid_after_utc - now >= timedelta(days=SERVER_LEFT_DAYS)


def make_authority(
    addresses: list[Address], names: list[str], now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    own = [ip_network(address) for address in addresses if not within([address], PRIVATE)]
    permitted = [x509.IPAddress(network) for network in (*PRIVATE, *own)] + [x509.DNSName(name) for name in names]
    key = ec.generate_private_key(ec.SECP256R1())
    # The day tells two authorities of one machine apart in a phone's list.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Darkroom on {names[-1]}, {now:%Y-%m-%d}"[:64])])
    made = (
        begun(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(usage(key_cert_sign=True), critical=True)
    )
    return made.sign(key, hashes.SHA256()), key


def make_server(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    addresses: list[Address],
    names: list[str],
    now: datetime,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Darkroom")])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    made = (
        begun(name, authority.subject, key, now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(subjects(addresses, names)), critical=False)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(signer, critical=False)
    )
    return made.sign(authority_key, hashes.SHA256()), key


def begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int):
    """What both kinds of certificate begin with. From an hour ago: clocks differ."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def subjects(addresses: list[Address], names: list[str]) -> list[x509.GeneralName]:
    return [x509.IPAddress(address) for address in addresses] + [x509.DNSName(name) for name in names]


def usage(**allowed: bool) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    every += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{**dict.fromkeys(every, False), **allowed})


def fingerprint(pair: Pair) -> str:
    """The certificate's SHA-256 as phones show it."""
    return (
        x509.load_pem_x509_certificate(pair.certificate_file.read_bytes()).fingerprint(hashes.SHA256()).hex(" ").upper()
    )


def replace(path: Path, content: bytes, mode: int) -> None:
    """Writes a file beside and gives it its name, so that nobody reads half of it, or a key before its mode is set."""
    scratch = path.with_suffix(f"{path.suffix}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    os.replace(scratch, path)

"""This machine's names and addresses, as its network knows them."""

import re
import socket
from ipaddress import ip_address

LOCAL = "127.0.0.1"
LOOPBACK = (LOCAL, "::1")
# Listened on, these are every address of this machine.
EVERY = ("0.0.0.0", "::")


def trouble(host: str) -> str | None:
    """Why nothing can listen on `host`, in a sentence; None when it can."""
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        return f"HOST={host} is not an IP address; 0.0.0.0 lets the local network in"
    with socket.socket(family) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return f"HOST={host} is not an address of this machine; 0.0.0.0 is every one of them"
    if host in EVERY and not address():
        return "this machine has no address on a network; without HOST only this machine is served"
    return None


def is_local(host: str) -> bool:
    return ip_address(host).is_loopback


def address() -> str | None:
    """This machine's address on its network; None where it has no way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: a datagram socket only looks up by which of its addresses it would go (RFC 5737: nobody's).
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return None


def shown(host: str) -> str:
    """The address by which others reach what listens on `host`."""
    return (address() or LOCAL) if host in EVERY else host


def base(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def names() -> list[str]:
    """`localhost`, and what this machine is called, by itself and by multicast DNS (RFC 6762)."""
    own = socket.gethostname().lower()
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", own):
        return ["localhost"]
    return list(dict.fromkeys(["localhost", own, f"{own.split('.')[0]}.local"]))

"""The functions for the local network, over HTTPS: what `make run HOST=...` puts before the emulator, which stays on 127.0.0.1.

    PYTHONPATH=tools .tools/lan/bin/python -m lan.front [--folder FOLDER] HOST PORT EMULATOR_PORT [PAGE...]

Only function URLs are passed on (`/lambda-url/NAME/...`), piece by piece in both directions; the emulator's other doors, by which one could
answer for a function or read what others send it, are not. `/ca.crt` is the authority that a browser may learn. Once it listens, it prints
the addresses, and the pages' as QR codes. It ends with its parent.
"""

import argparse
import ctypes
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

import segno
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict
from yarl import URL

from lan import certificate, machine

CERTIFICATES = Path(__file__).resolve().parents[2] / ".tools" / "certificates"
PR_SET_PDEATHSIG = 1
# Of one connection, not of the message (RFC 9110, 7.6.1).
HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
HOP |= {"transfer-encoding", "upgrade", "expect"}
BLOCK = 64 * 1024
EMULATOR_PORT = web.AppKey("EMULATOR_PORT", int)
SESSION = web.AppKey("SESSION", ClientSession)


def main(folder: Path, host: str, port: int, emulator_port: int, pages: list[str]) -> int:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    shown = machine.shown(host)
    addresses = list(dict.fromkeys(ip_address(address) for address in (shown, *machine.LOOPBACK)))
    authority, server, fresh = certificate.keep(folder, addresses, machine.names())
    base = machine.base("https", shown, port)
    front = web.Application()
    front[EMULATOR_PORT] = emulator_port
    front.cleanup_ctx.append(session)
    front.router.add_get("/ca.crt", told(authority))
    front.router.add_get("/", led_to(pages))
    front.router.add_route("*", "/lambda-url/{function}/{rest:.*}", pass_on)
    try:
        web.run_app(
            front,
            # All addresses of both kinds need a socket of each kind.
            host=list(machine.EVERY) if host == "::" else host,
            port=port,
            ssl_context=secrets(server),
            print=lambda _: announce(base, pages, certificate.fingerprint(authority), fresh),
            access_log=None,
            shutdown_timeout=1,
            # Who hangs up here hangs up on the function, too.
            handler_cancellation=True,
            auto_decompress=False,
        )
    except OSError as error:
        print(f"run: cannot serve {base}: {error}", file=sys.stderr)
        return 1
    return 0


def secrets(server: certificate.Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server.certificate_file, server.key_file)
    return context


async def session(front: web.Application) -> AsyncIterator[None]:
    """Connections to the emulator, as many as there are requests; answers take as long as they take, and nothing is changed in them."""
    connections = TCPConnector(limit=0)
    patience = ClientTimeout(total=None, sock_connect=5)
    async with ClientSession(
        connector=connections, timeout=patience, cookie_jar=DummyCookieJar(), auto_decompress=False
    ) as front[SESSION]:
        yield


def told(authority: certificate.Pair):
    content = authority.certificate_file.read_bytes()

    async def tell(_: web.Request) -> web.Response:
        return web.Response(body=content, content_type="application/x-x509-ca-cert")

    return tell


def led_to(pages: list[str]):
    async def lead(_: web.Request) -> web.Response:
        raise web.HTTPFound(f"/lambda-url/{pages[0]}/") if pages else web.HTTPNotFound

    return lead


async def pass_on(request: web.Request) -> web.StreamResponse:
    """Asks the emulator the same and answers the same."""
    path, query = request.rel_url.raw_path, request.rel_url.raw_query_string
    # As it came, and neither decoded nor with its dots resolved: what was let in by its beginning stays below it.
    address = URL.build(
        scheme="http",
        host=machine.LOCAL,
        port=request.app[EMULATOR_PORT],
        path=path,
        query_string=query,
        encoded=True,
    )
    answer = None
    try:
        async with request.app[SESSION].request(
            request.method,
            address,
            headers=of_the_message(request.headers),
            data=request.content if request.body_exists else None,
            allow_redirects=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        ) as got:
            answer = web.StreamResponse(status=got.status, reason=got.reason, headers=of_the_message(got.headers))
            await answer.prepare(request)
            async for block in got.content.iter_chunked(BLOCK):
                await answer.write(block)
            await answer.write_eof()
            return answer
    except ClientError as error:
        if answer is not None and answer.prepared:
            # Half an answer must not look like a whole one.
            if request.transport:
                request.transport.abort()
            return answer
        return web.Response(status=502, text=f"the function did not answer: {error}\n")


def of_the_message(headers) -> CIMultiDict[str]:
    own = HOP | {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in own)


def announce(base: str, pages: list[str], fingerprint: str, fresh: bool) -> None:
    print("\nOn the local network:")
    for page in pages:
        address = f"{base}/lambda-url/{page}/"
        print(f"  {address}\n")
        segno.make(address, error="m", micro=False).terminal(compact=True)
    if not pages:
        print(f"  {base}/lambda-url/NAME/")
    if not os.environ.get("API_KEYS"):
        print("\nEverybody on this network can use the functions; API_KEYS keeps strangers out (README.md).")
    print(
        "\nA browser warns of the certificate, since this machine made it. One that learns its authority warns no more, and"
    )
    print(f"keeps the page for use offline. It is {'a new one' if fresh else 'the same as before'}:")
    print(f"  {base}/ca.crt")
    print(f"  SHA-256 {fingerprint}")
    print("  iOS: open it in Safari; Settings > Profile Downloaded; General > About > Certificate Trust Settings")
    print("  Android: Settings > Security > Encryption & credentials > Install a certificate > CA certificate")
    print(
        "Compare the digest there. The authority vouches for this machine and for private addresses, for no site of the internet."
    )
    print(flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="lan.front")
    parser.add_argument("--folder", type=Path, default=CERTIFICATES, help="where certificates and keys are kept")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("emulator_port", type=int)
    parser.add_argument("pages", nargs="*")
    sys.exit(main(**vars(parser.parse_args())))

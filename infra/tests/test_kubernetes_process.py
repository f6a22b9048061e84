"""The real programs under what the chart gives their pods: settings, keys, probes, the end. `make build` makes them."""

import json
import signal
import socket
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

from bench.servers import RELEASE, Server, ready_line
from infra.functions import ROOT, functions
from infra.tests.kubernetes import policy
from infra.tests.kubernetes.sets import ONE, SETS, objects, of_kind

WHOLE = "GPUs and CPUs behind a Gateway, with keys and a bucket"
PAGE = next(function.name for function in functions() if not function.has_model)
KEY = "a key of the test"
PICTURE = ROOT / "samples/cat_chelsea.jpg"


def deployment(of: list[dict], function: str, flavour: str = "cpu") -> dict:
    wanted = {"darkroom/function": function, "darkroom/flavour": flavour}
    return next(each for each in of_kind(of, "Deployment") if wanted.items() <= policy.labels(each).items())


def started(workload: dict, keys: Path | None = None) -> Server:
    """The program of a pod with the pod's own settings; the keys' file stands elsewhere, and no bucket is at hand."""
    given = {name: value for name, value in policy.environment(workload).items() if name != "STORE"}
    if keys:
        assert given["API_KEYS"].startswith("file:/run/keys/")
        given["API_KEYS"] = f"file:{keys}"
    program = policy.labels(workload)["darkroom/function"]
    return Server([RELEASE / program], {"HOST": "127.0.0.1", "PORT": "0", **given, "LOG": "info"}, ready_line)


def ask(server: Server, path: str, body: bytes | None = None, key: str | None = None) -> tuple[int, bytes]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{server.address}{path}", body, {**headers, "content-type": "image/jpeg"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


# proves: B05
def test_a_function_serves_as_its_pod_is_set_up(tmp_path):
    """The probes need no key, Prometheus and callers do; after SIGTERM what runs is answered, sooner than the pod is killed."""
    (tmp_path / "hashes").write_text(sha256(KEY.encode()).hexdigest() + "\n")
    workload = deployment(objects(WHOLE), ONE)
    with started(workload, tmp_path / "hashes") as server:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert ask(server, policy.container(workload)[probe]["httpGet"]["path"])[0] == 200
        monitor = of_kind(objects(WHOLE), "ServiceMonitor")[0]["spec"]["endpoints"][0]
        assert ask(server, monitor["path"])[0] == 401 and "authorization" in monitor
        status, told = ask(server, monitor["path"], key=KEY)
        assert status == 200
        for metric in ("darkroom_sessions_busy", "darkroom_queue_waiting"):
            assert f'{metric}{{function="{ONE}"}}'.encode() in told
        assert ask(server, "/", PICTURE.read_bytes())[0] == 401
        grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert ended_in_the_middle(server, grace).startswith(b"HTTP/1.1 200 OK")


def ended_in_the_middle(server: Server, grace: int) -> bytes:
    """The answer of a request whose body is sent after SIGTERM; the program must end by itself, within `grace` seconds."""
    host, _, port = server.address.removeprefix("http://").rpartition(":")
    picture = PICTURE.read_bytes()
    head = f"POST / HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {KEY}\r\nexpect: 100-continue\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(f"{head}content-length: {len(picture)}\r\n\r\n".encode())
        # Now the function waits for the picture.
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        server.process.send_signal(signal.SIGTERM)
        client.sendall(picture)
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert server.process.wait(grace) == 0
    return answer


def test_the_page_knows_the_addresses_of_every_set():
    """Each form that the chart writes FUNCTIONS in is one that the page takes."""
    seen = set()
    for name in SETS:
        page = next(each for each in policy.workloads(objects(name)) if policy.is_page(each))
        given = policy.environment(page)["FUNCTIONS"]
        if given in seen:
            continue
        seen.add(given)
        with started(page) as server:
            told = json.loads(ask(server, "/functions.json")[1])
            assert [each["name"] for each in told] == list(json.loads(given))
            assert ask(server, "/readyz")[0] == 200
    assert len(seen) == 4

"""Sends one picture, or many at once, and reports times and errors.

python tests/clients/crowd.py http://localhost:8081/ samples/*.jpg
python tests/clients/crowd.py --times 100 --at-once 8 http://localhost:8081/ samples/cat_chelsea.jpg

Every picture is sent `--times` times, `--at-once` requests side by side, each on a connection that is kept. Exit code 1 when
a request had no good answer.
"""

import argparse
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

import requests


def main(arguments: argparse.Namespace) -> int:
    pictures = [picture.read_bytes() for picture in arguments.picture] * arguments.times
    own = threading.local()

    def send(picture: bytes) -> tuple[float, str]:
        """Seconds, and what came of it: `200`, or a status and its reason."""
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.headers["Content-Type"] = "application/octet-stream"
            if arguments.key:
                own.session.headers["Authorization"] = f"Bearer {arguments.key}"
        start = time.perf_counter()
        try:
            response = own.session.post(arguments.address, data=picture, timeout=arguments.timeout)
            result = str(response.status_code) if response.ok else f"{response.status_code}: {reason(response)}"
        except requests.RequestException as error:
            result = f"no answer: {type(error).__name__}"
        return time.perf_counter() - start, result

    start = time.perf_counter()
    with ThreadPoolExecutor(arguments.at_once) as crowd:
        results = list(crowd.map(send, pictures))
    return report(results, arguments.at_once, time.perf_counter() - start)


def reason(response: requests.Response) -> str:
    """The sentence of a problem document, or what else stands there."""
    try:
        return response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.text[:200] or response.reason


def report(results: list[tuple[float, str]], at_once: int, whole: float) -> int:
    """Prints what came of all requests; 1 when one had no good answer."""
    good = sorted(seconds for seconds, result in results if result.startswith("2"))
    print(f"{len(results)} sent, {at_once} at once, {whole:.2f} s: {len(good) / whole:.1f} good answers a second")
    if good:
        late = quantiles(good, n=20, method="inclusive")[-1] if len(good) > 1 else good[0]
        print(
            f"seconds: fastest {good[0]:.3f}, median {median(good):.3f}, 95 % within {late:.3f}, slowest {good[-1]:.3f}"
        )
    for result, count in Counter(result for _, result in results).most_common():
        print(f"{count:6} x {result}")
    return int(len(good) < len(results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("picture", type=Path, nargs="+")
    parser.add_argument("--times", type=int, default=1, help="how often each picture is sent")
    parser.add_argument("--at-once", type=int, default=1, help="requests side by side")
    parser.add_argument("--timeout", type=float, default=90, help="seconds to wait for an answer")
    parser.add_argument("--key", help="an API key, where the function wants one")
    sys.exit(main(parser.parse_args()))

"""A real Prometheus on a free port of this machine, and what it answers."""

import json
import math
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from infra.functions import ROOT, Wrong

HOME = ROOT / ".tools" / "prometheus"
READY = "Server is ready to receive web requests"


class Prometheus:
    """Runs with a configuration until left; what it collected goes with it."""

    def __init__(self, configuration: Path, port: int):
        self.address = f"http://127.0.0.1:{port}"
        self.data = Path(tempfile.mkdtemp(prefix="darkroom-prometheus-"))
        command = [HOME / "bin/prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={self.data}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", f"--web.local-assets={HOME}/share/prometheus/web/"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        last = ""
        for line in self.process.stderr:
            if READY in line:
                threading.Thread(target=lambda: [None for _ in self.process.stderr], daemon=True).start()
                return self
            last = line.strip()
        self.__exit__()
        raise Wrong(f"Prometheus ended with {self.process.returncode} before it was ready: {last}")

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The series that a query gives now, with their labels; what is no number is left out."""
        answer = self.ask("query", query=expression)
        samples = answer["result"] if answer["resultType"] == "vector" else []
        found = [(sample["metric"], float(sample["value"][1])) for sample in samples]
        return [(labels, value) for labels, value in found if math.isfinite(value)]

    def ask(self, what: str, **parameters: str) -> dict:
        """Raises Wrong with Prometheus' own words where it refuses."""
        try:
            with urllib.request.urlopen(f"{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}") as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refused:
            raise Wrong(f"{parameters.get('query', what)}: {json.load(refused)['error']}") from None

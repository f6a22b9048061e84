"""GPU series replayed from gpu.csv in the form of NVIDIA's DCGM exporter, for machines without a GPU.

Each scrape tells the next line of the file, for one GPU a function; Prometheus adds the label recorded="true". The file
that lies here is made up, and its GPU is called so. On a machine with a GPU its own driver records a true one:

    nvidia-smi --format=csv,nounits -l 10 -f infra/monitoring/gpu.csv \\
        --query-gpu=name,utilization.gpu,memory.used,memory.free,temperature.gpu,power.draw
"""

import csv
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RECORDING = Path(__file__).resolve().parent / "gpu.csv"
# Columns of nvidia-smi, and the exporter's names (etc/default-counters.csv of NVIDIA/dcgm-exporter).
METRICS = {
    "utilization.gpu [%]": ("DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %)."),
    "memory.used [MiB]": ("DCGM_FI_DEV_FB_USED", "Framebuffer memory used (in MiB)."),
    "memory.free [MiB]": ("DCGM_FI_DEV_FB_FREE", "Framebuffer memory free (in MiB)."),
    "temperature.gpu": ("DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C)."),
    "power.draw [W]": ("DCGM_FI_DEV_POWER_USAGE", "Power draw (in W)."),
}
# Functions do not all do the same at the same time.
LINES_APART = 17


def rows(path: Path = RECORDING) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def place(function: str) -> dict[str, str]:
    """The pod by which a GPU and its function are brought together."""
    return {"namespace": "local", "pod": function}


def exposition(recorded: list[dict[str, str]], at: int, functions: list[str]) -> str:
    """The text that the exporter would give: line `at` of the file, which begins again at its end."""
    lines = []
    for column, (metric, help_text) in METRICS.items():
        lines += [f"# HELP {metric} {help_text}", f"# TYPE {metric} gauge"]
        for number, function in enumerate(functions):
            row = recorded[(at + number * LINES_APART) % len(recorded)]
            labels = {
                "gpu": number,
                "UUID": f"GPU-{number}",
                "device": f"nvidia{number}",
                "modelName": row["name"],
                "Hostname": "recorded",
                **place(function),
            }
            named = ",".join(f'{name}="{value}"' for name, value in labels.items())
            lines.append(f"{metric}{{{named}}} {row[column]}")
    return "\n".join(lines) + "\n"


class Replay:
    """The exporter's stand-in on a free port of this machine."""

    def __init__(self, functions: list[str]):
        recorded, scrapes = rows(), iter(range(1 << 62))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = exposition(recorded, next(scrapes), functions).encode()
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

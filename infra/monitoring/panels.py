"""What the boards show: every panel with its queries, and what shows the same in CloudWatch or why nothing does.

`$function` is what a reader of the board chose, `$__rate_interval` what Grafana takes for its zoom. A panel's `unit` is
Grafana's word for it. Counterparts are NAMESPACE/Metric on the board of infra/aws: Darkroom/... is what the functions'
own log lines carry in Lambda, Logs/... a field of Lambda's.
"""

from dataclasses import dataclass

CHOSEN = 'function=~"$function"'
PEOPLE = f'{CHOSEN},route!~"/healthz|/readyz|/metrics"'
RECORDED = ' What has the label recorded="true" is replayed from a file and tells nothing of a GPU here.'


@dataclass(frozen=True)
class Query:
    """`name` is the column in a report and, with the labels, the line's name on a board."""

    name: str
    expression: str
    labels: tuple[str, ...] = ("function",)


@dataclass(frozen=True)
class Panel:
    """One of `cloudwatch` and `because` is set. `band` is where values should lie; over `limit` something is wrong."""

    title: str
    text: str
    unit: str
    queries: tuple[Query, ...]
    cloudwatch: tuple[str, ...] = ()
    because: str = ""
    band: tuple[float, float] | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    uid: str
    title: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> list[Panel]:
        return [panel for row in self.rows for panel in row.panels]


def quantiles(histogram: str, labels: tuple[str, ...], matchers: str) -> tuple[Query, ...]:
    """The middle, and what one in twenty and one in a hundred takes at least."""
    by = ", ".join([*labels, "le"])
    rate = f"sum by ({by}) (rate({histogram}_bucket{{{matchers}}}[$__rate_interval]))"
    return tuple(Query(f"p{share}", f"histogram_quantile(0.{share}, {rate})", labels) for share in (50, 95, 99))


REQUESTS = Row(
    "Requests",
    (
        Panel(
            "Requests",
            "Requests a second but those of the platform's probes. A job counts when it comes and when it runs.",
            "reqps",
            (Query("requests/s", f"sum by (function) (rate(darkroom_requests_total{{{PEOPLE}}}[$__rate_interval]))"),),
            cloudwatch=("AWS/Lambda/Invocations",),
        ),
        Panel(
            "Answers by status",
            "4xx are the callers' mistakes, 429 too many of them at a time, 5xx ours.",
            "reqps",
            (
                Query(
                    "answers/s",
                    f"sum by (function, code) (rate(darkroom_requests_total{{{PEOPLE}}}[$__rate_interval]))",
                    ("function", "code"),
                ),
            ),
            cloudwatch=("AWS/Lambda/Url5xxCount", "AWS/Lambda/Errors", "Darkroom/Refused"),
        ),
        Panel(
            "Errors",
            "The share of requests answered with 5xx in the last five minutes. The budget is 1% of a month.",
            "percentunit",
            (Query("share", f"function:darkroom_errors:ratio_rate5m{{{CHOSEN}}}"),),
            cloudwatch=("AWS/Lambda/Url5xxCount", "AWS/Lambda/Errors"),
            limit=0.01,
        ),
        Panel(
            "Refused",
            "The share of requests answered with 429: all places and the queue were full, or a caller asked too often.",
            "percentunit",
            (Query("share", f"function:darkroom_refused:ratio_rate5m{{{CHOSEN}}}"),),
            cloudwatch=("Darkroom/Refused", "AWS/Lambda/Throttles"),
            limit=0.05,
        ),
        Panel(
            "Bytes",
            "Bytes a second of pictures that came (in) and of answers (out).",
            "Bps",
            (
                Query(
                    "bytes/s",
                    f"sum by (function, direction) (rate(darkroom_picture_bytes_total{{{CHOSEN}}}[$__rate_interval]))",
                    ("function", "direction"),
                ),
            ),
            because="each log line tells bytes_in and bytes_out; a metric more is paid for by function and month",
        ),
    ),
)

SECONDS = Row(
    "Seconds",
    (
        Panel(
            "Seconds of an answer",
            "From a picture's first byte to the head of its answer.",
            "s",
            quantiles("darkroom_request_duration_seconds", ("function",), f'{CHOSEN},route="/"'),
            cloudwatch=("AWS/Lambda/Duration",),
        ),
        Panel(
            "Seconds by stage and variant",
            "Where a picture's time goes: waiting, decoding, the network, encoding.",
            "s",
            quantiles("darkroom_stage_duration_seconds", ("function", "model", "stage"), CHOSEN),
            cloudwatch=("Darkroom/RunSeconds",),
        ),
    ),
)

WORK = Row(
    "Work",
    (
        Panel(
            "Queue",
            "Requests that wait for a place; beyond QUEUE they are refused.",
            "short",
            (Query("waiting", f"sum by (function) (darkroom_queue_waiting{{{CHOSEN}}})"),),
            because="Lambda gives a process one request at a time; what is too much there, Refused shows",
        ),
        Panel(
            "Busy sessions",
            "Pictures that are computed at this moment.",
            "short",
            (Query("busy", f"sum by (function) (darkroom_sessions_busy{{{CHOSEN}}})"),),
            cloudwatch=("AWS/Lambda/ConcurrentExecutions",),
        ),
        Panel(
            "Pictures",
            "Pictures a second that a network ran; answers from the store are not among them.",
            "short",
            (Query("pictures/s", f"function:darkroom_pictures:rate5m{{{CHOSEN}}}"),),
            because="it is how often RunSeconds was told; the board there shows its seconds",
        ),
        Panel(
            "Cache",
            "Answers a second from the store (hit), from the network (miss), from another's run (joined).",
            "short",
            (
                Query(
                    "answers/s",
                    f"sum by (function, from) (rate(darkroom_cache_answers_total{{{CHOSEN}}}[$__rate_interval]))",
                    ("function", "from"),
                ),
            ),
            because="each log line tells its `cache`; Logs Insights counts them",
        ),
        Panel(
            "Jobs",
            "Jobs a second by the state that they came to.",
            "short",
            (
                Query(
                    "jobs/s",
                    f"sum by (function, state) (rate(darkroom_jobs_total{{{CHOSEN}}}[$__rate_interval]))",
                    ("function", "state"),
                ),
            ),
            cloudwatch=("AWS/SQS/ApproximateNumberOfMessagesVisible",),
        ),
    ),
)

PROCESSES = Row(
    "Processes",
    (
        Panel(
            "Processes",
            "Those that answer, and those of them that are warm.",
            "short",
            (
                Query("up", f"sum by (function) (up{{{CHOSEN}}})"),
                Query("warm", f"count by (function) (darkroom_start_seconds{{{CHOSEN}}})"),
            ),
            cloudwatch=("AWS/Lambda/ConcurrentExecutions",),
        ),
        Panel(
            "Cold starts",
            "Seconds from a process's start until it was warm, the slowest of those that run.",
            "s",
            (Query("seconds", f"max by (function) (darkroom_start_seconds{{{CHOSEN}}})"),),
            cloudwatch=("Logs/@initDuration",),
            limit=30,
        ),
        Panel(
            "Memory",
            "The share of the memory that the manifest asks for, of the fullest process.",
            "percentunit",
            (Query("share", f"function:darkroom_memory:ratio{{{CHOSEN}}}"),),
            cloudwatch=("Logs/@maxMemoryUsed",),
            limit=0.9,
        ),
        Panel(
            "Open networks",
            "Networks that are held open, in all processes.",
            "short",
            (Query("open", f"sum by (function) (darkroom_models_open{{{CHOSEN}}})"),),
            because="a Lambda process opens what its one caller asks for; GET /models of the function tells it",
        ),
        Panel(
            "What serves",
            "Processes by version, default network, its precision and where it runs.",
            "short",
            (
                Query(
                    "processes",
                    "count by (function, version, model, precision, provider) "
                    f"(darkroom_serving_info{{{CHOSEN}}} == 1)",
                    ("function", "version", "model", "precision", "provider"),
                ),
            ),
            because="in AWS the alias tells which version serves, and GET / of the function the rest",
        ),
    ),
)

WORTH = Row(
    "Quality and cost",
    (
        Panel(
            "Quality probe",
            "Likeness of the answer to a reference picture to that of the full-precision network, and its bound.",
            "dB",
            (
                Query(
                    "probe",
                    f"min by (function, model) (darkroom_probe_psnr_db{{{CHOSEN}}})",
                    ("function", "model"),
                ),
                Query("bound", f"darkroom_probe_bound_db{{{CHOSEN}}}"),
            ),
            because="between requests Lambda freezes a process; the pre-traffic hook compares each new version instead",
        ),
        Panel(
            "Cost of 1,000 pictures",
            "Dollars, if each process that is up costs the price of rules/inputs.yml; little to do makes it dear.",
            "currencyUSD",
            (Query("dollars", f"function:darkroom_cost:dollars_per_1000{{{CHOSEN}}}"),),
            because="Lambda bills by use: `make cost` tells dollars per 1,000 pictures, and the budget's alarm the sum",
        ),
    ),
)

GPUS = Row(
    "GPUs",
    (
        Panel(
            "GPU use",
            "Percent of time in which a GPU of the function was busy. The autoscaler holds 65, give or take 5."
            + RECORDED,
            "percent",
            (Query("percent", f"function:darkroom_gpu_use:percent{{{CHOSEN}}}", ("function", "recorded")),),
            cloudwatch=("AWS/Lambda/Utilization",),
            band=(60, 70),
            limit=90,
        ),
        Panel(
            "GPU memory",
            "The share of a GPU's memory that is in use." + RECORDED,
            "percentunit",
            (
                Query(
                    "share",
                    "gpu:darkroom_gpu_memory:ratio",
                    ("Hostname", "gpu", "recorded"),
                ),
            ),
            because="Lambda hands a function a part of a GPU and tells nothing of its memory",
            limit=0.95,
        ),
        Panel(
            "GPU temperature",
            "Degrees; near 90 a GPU slows itself down." + RECORDED,
            "celsius",
            (
                Query(
                    "degrees",
                    "max by (Hostname, gpu, recorded) (DCGM_FI_DEV_GPU_TEMP)",
                    ("Hostname", "gpu", "recorded"),
                ),
            ),
            because="the machine is AWS's to cool",
            limit=85,
        ),
        Panel(
            "GPU power",
            "Watts." + RECORDED,
            "watt",
            (
                Query(
                    "watts",
                    "max by (Hostname, gpu, recorded) (DCGM_FI_DEV_POWER_USAGE)",
                    ("Hostname", "gpu", "recorded"),
                ),
            ),
            because="the machine is AWS's to power",
        ),
    ),
)

BOARDS = (
    Board("darkroom-functions", "Darkroom: functions", (REQUESTS, SECONDS, WORK, PROCESSES, WORTH)),
    Board("darkroom-gpus", "Darkroom: GPUs", (GPUS,)),
)

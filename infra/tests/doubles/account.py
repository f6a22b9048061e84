"""An account of AWS on this machine: one address for all services. S3 and STS are moto's, the others stand beside this file.

Every call is written down. `halt` says at which one something happens to whoever calls, before it has an effect or after.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from infra.tests.doubles.wire import Refusal, Service

NUMBER, REGION = "123456789012", "eu-central-1"


@dataclass(frozen=True)
class Halt:
    """`what` happens at every call for which `at` holds: before it has an effect, or `after` it, before the answer is sent."""

    at: Callable[[str], bool]
    what: Callable[[], None]
    after: bool = False


class Account:
    """The doubles of one account, listening on a free port."""

    def __init__(self, *services: Service):
        self.services = {service.model.signing_name: service for service in services}
        self.calls: list[str] = []
        self.halt: Halt | None = None
        self.lock = threading.RLock()
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self.answer, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def s3(self):
        """moto's own store of buckets, looked into from behind."""
        return s3_backends[NUMBER]["aws"]

    def environment(self) -> dict[str, str]:
        """What a client needs to come here."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def faults(self) -> list[str]:
        return [fault for service in self.services.values() for fault in service.faults]

    def answer(self, environment: dict, start: Callable) -> list[bytes]:
        request = Request(environment)
        scope = re.search(
            r"Credential=[^/]+/\d+/[\w-]+/([\w-]+)/aws4_request", request.headers.get("Authorization", "")
        )
        service = self.services.get(scope[1]) if scope else None
        with self.lock:
            if service is not None:
                response = service.handle(
                    request, lambda operation, asked: self.came(f"{service.name} {operation} {subject(asked)}")
                )
                self.went()
                return response(environment, start)
            try:
                self.came(f"{scope[1] if scope else '?'} {request.method} {request.path}")
            except Refusal as refusal:
                body = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
                return Response(body, status=403, content_type="application/xml")(environment, start)
            # Read to its end before the answer is held back, so that the effect is there.
            body = Response.from_app(self.moto, environment, buffered=True)
            self.went()
            return body(environment, start)

    def came(self, call: str) -> None:
        self.calls.append(call)
        if self.halt and not self.halt.after and self.halt.at(call):
            self.halt.what()

    def went(self) -> None:
        if self.halt and self.halt.after and self.halt.at(self.calls[-1]):
            self.halt.what()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.s3.reset()


def subject(asked: dict) -> str:
    """What a call is about."""
    return next(
        (
            asked[name]
            for name in ("StackName", "FunctionName", "SecretId", "repositoryName", "deploymentId")
            if name in asked
        ),
        "",
    )

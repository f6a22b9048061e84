"""AWS's protocols, read and written by botocore's service models: a service is a class with one method an operation.

A request that the model does not allow and an answer that it does not know (a member, a type, a missing or forbidden value) are failures of the
test, kept in `faults`: a double must not teach anybody an AWS that is not there.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator
from moto.core.model import ServiceModel
from moto.core.parse import JSONParser, QueryParser, RestJSONParser
from moto.core.serialize import JSONSerializer, QuerySerializer, RestJSONSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

# Codes that services answer without naming them in their models.
UNMODELLED = {
    "ValidationError",
    "AccessDenied",
    "Throttling",
    "ThrottlingException",
    "InternalFailure",
    "ServiceUnavailable",
}
MODELS = botocore.session.get_session().get_component("data_loader")


class Refusal(Exception):
    """What AWS refuses: a code of its model, a message, and HTTP's status."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class Service:
    """One service: a subclass names it as botocore does and has a method, in Python's spelling, for each operation."""

    name = ""

    def __init__(self):
        self.model = ServiceModel(MODELS.load_service_model(self.name, "service-2"), self.name)
        self.protocol = self.model.resolved_protocol
        self.faults: list[str] = []

    def handle(self, request: Request, before: Callable[[str, dict], None]) -> Response:
        """Answers a request; `before` is told the operation and what was asked, and may refuse it."""
        operation = self.operation(request)
        asked = self.read(operation, request)
        self.check(operation, "asked", operation.input_shape, asked)
        try:
            before(operation.name, asked)
            answer = getattr(self, xform_name(operation.name))(**asked) or {}
        except Refusal as refusal:
            return self.refuse(operation, refusal)
        self.check(operation, "answered", operation.output_shape, answer)
        return self.write(operation, answer)

    def check(self, operation: OperationModel, verb: str, shape: Shape | None, value: dict) -> None:
        """Holds what was asked or answered against its shape."""
        if shape is None:
            wrong = [f"{key} is not in the model" for key in value]
        else:
            # A blob that is streamed is validated as one, whatever it is read from.
            report = ParamValidator().validate(value, shape)
            wrong = [report.generate_report()] if report.has_errors() else list(limits(shape, value, ""))
        self.faults += [f"{self.name} {operation.name} {verb}: {each}" for each in wrong]

    def operation(self, request: Request) -> OperationModel:
        if self.protocol == "query":
            return self.model.operation_model(request.form["Action"])
        if self.protocol == "json":
            return self.model.operation_model(request.headers["X-Amz-Target"].rpartition(".")[2])
        for name in self.model.operation_names:
            operation = self.model.operation_model(name)
            if operation.http["method"] == request.method and matched(operation, request.path):
                return operation
        raise LookupError(f"{self.name} has no {request.method} {request.path}")

    def read(self, operation: OperationModel, request: Request) -> dict:
        parser = {"query": QueryParser, "json": JSONParser, "rest-json": RestJSONParser}[self.protocol](operation)
        found = matched(operation, request.path)
        return parser.parse(
            {
                "body": request.get_data(),
                "headers": request.headers,
                "method": request.method,
                "url_params": found.groupdict() if found else {},
                "url_path": request.path,
                "values": MultiDict((key, value) for key, values in self.words(request).items() for value in values),
            }
        )

    def words(self, request: Request) -> dict[str, list[str]]:
        if self.protocol == "query":
            return request.form.to_dict(flat=False)
        return parse_qs(request.query_string.decode(), keep_blank_values=True)

    def write(self, operation: OperationModel, answer: dict) -> Response:
        kinds = {"query": QuerySerializer, "json": JSONSerializer, "rest-json": RestJSONSerializer}
        told = kinds[self.protocol](operation).serialize(answer)
        return Response(told["body"], status=told["status_code"], headers=told["headers"])

    def refuse(self, operation: OperationModel, refusal: Refusal) -> Response:
        known = {shape.error_code for shape in operation.error_shapes} | {
            shape.name for shape in operation.error_shapes
        }
        if refusal.code not in known | UNMODELLED:
            self.faults.append(f"{self.name} {operation.name} has no error {refusal.code}")
        if self.protocol == "query":
            text = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
            body = f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error><RequestId>1</RequestId></ErrorResponse>"
            return Response(body, status=refusal.status, content_type="text/xml")
        body = json.dumps({"__type": refusal.code, "message": refusal.message, "Message": refusal.message})
        return Response(
            body, status=refusal.status, headers={"x-amzn-errortype": refusal.code}, content_type="application/json"
        )


def matched(operation: OperationModel, path: str) -> re.Match | None:
    """The path's parts by the names in the operation's address."""
    address = operation.http.get("requestUri", "/").partition("?")[0]
    pattern = re.sub(r"\\\{(\w+)(\\\+)?\\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(address))
    return re.fullmatch(pattern, unquote(path))


def limits(shape: Shape, value: object, where: str):
    """What botocore's own validation passes over: values that are none of a list, too long, or of another form."""
    if shape.type_name == "structure":
        for key, each in value.items():
            yield from limits(shape.members[key], each, f"{where}.{key}")
    elif shape.type_name == "list":
        for each in value:
            yield from limits(shape.member, each, f"{where}[]")
    elif shape.type_name == "map":
        for each in value.values():
            yield from limits(shape.value, each, f"{where}{{}}")
    elif shape.type_name == "string" and isinstance(value, str):
        allowed, form, most = shape.enum, shape.metadata.get("pattern"), shape.metadata.get("max")
        if allowed and value not in allowed:
            yield f"{where} is {value!r}, none of {allowed}"
        if form and not fits(form, value):
            yield f"{where} is {value!r}, not like {form}"
        if most and len(value) > most:
            yield f"{where} has {len(value)} characters, {most} at most"
    elif shape.type_name == "timestamp" and not isinstance(value, datetime | str | int | float):
        yield f"{where} is no time: {value!r}"


def fits(form: str, value: str) -> bool:
    """Whether a value is like the model's pattern; patterns that Python can't read say nothing."""
    try:
        return re.search(form, value) is not None
    except re.error:
        return True

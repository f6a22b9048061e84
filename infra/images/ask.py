"""A function asked by HTTP, and through AWS's Runtime Interface Emulator; its answer without what differs from time to time."""

import base64
import http.client
import json
from dataclasses import dataclass

from infra.functions import Function, Wrong

SECONDS = 120


@dataclass(frozen=True)
class Question:
    """A request to a function."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    accept: str = "*/*"


def question(function: Function, picture: bytes) -> Question:
    """A picture for what runs a model, the page for what does not. PNG has no loss that could hide a difference."""
    if not function.has_model:
        return Question("GET", "/")
    return Question("POST", "/", "format=png" if function.task == "picture" else "", picture)


def by_http(address: str, asked: Question) -> bytes:
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        path = f"{asked.path}?{asked.query}" if asked.query else asked.path
        headers = {"accept": asked.accept} | ({"content-type": "image/jpeg"} if asked.body else {})
        connection.request(asked.method, path, asked.body or None, headers)
        answer = connection.getresponse()
        return good(answer.status, answer.read())
    finally:
        connection.close()


def by_lambda(address: str, asked: Question) -> bytes:
    """Through the emulator: an event of a function URL (payload version 2.0) in, a streamed answer out."""
    body = json.dumps(event(asked))
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        connection.request(
            "POST", "/2015-03-31/functions/function/invocations", body, {"content-type": "application/json"}
        )
        return unstream(connection.getresponse().read())
    finally:
        connection.close()


def event(asked: Question) -> dict:
    """https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html"""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": asked.path,
        "rawQueryString": asked.query,
        "headers": {"host": "image-test.invalid"} | ({"content-type": "image/jpeg"} if asked.body else {}),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "image-test",
            "domainName": "image-test.invalid",
            "domainPrefix": "image-test",
            "http": {
                "method": asked.method,
                "path": asked.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "image-test",
            },
            "requestId": "image-test",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "body": base64.b64encode(asked.body).decode(),
        "isBase64Encoded": True,
    }


def unstream(answer: bytes) -> bytes:
    """The body of a streamed answer: a prelude of JSON, eight zero bytes, the body."""
    prelude, zeros, body = answer.partition(b"\0" * 8)
    if not zeros:
        raise Wrong(f"the emulator gave no streamed answer: {answer[:200]!r}")
    return good(json.loads(prelude)["statusCode"], body)


def good(status: int, body: bytes) -> bytes:
    if status != 200 or not body:
        raise Wrong(f"the answer is {status}: {body[:200].decode(errors='replace')}")
    return body


def same(function: Function, body: bytes) -> bytes:
    """What must be equal from one run to the next: an answer in words tells its time and its request too."""
    if not function.has_model or function.task == "picture":
        return body
    words = json.loads(body)
    del words["req_id"], words["data"]["seconds"]
    return json.dumps(words, sort_keys=True).encode()

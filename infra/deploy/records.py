"""What was deployed, kept in the artefact bucket: what `make rollback` goes back to.

`deployments/000012.json` is one state of the functions' stack: its template's key, its parameters, whether all of it was reached (`whole`), and
`again`: the number of the record that a rollback repeats, its own where it was none. Templates, and the hook's archives, lie under their own
digests, so that no record ever loses them.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from botocore.exceptions import ClientError

from infra.deploy.account import Account

FOLDER = "deployments/"


@dataclass(frozen=True)
class Record:
    """One state of the functions' stack."""

    number: int
    again: int
    template: str
    parameters: dict[str, str]
    whole: bool

    @property
    def key(self) -> str:
        return f"{FOLDER}{self.number:06}.json"


class Artefacts:
    """The artefact bucket of a stage."""

    def __init__(self, account: Account, bucket: str):
        self.bucket, self.region, self.s3 = bucket, account.region, account.client("s3")

    def keep(self, folder: str, body: bytes, ending: str) -> str:
        """Puts bytes under their digest unless they lie there; their key."""
        key = f"{folder}/{hashlib.sha256(body).hexdigest()}{ending}"
        try:
            self.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def address(self, key: str) -> str:
        """How CloudFormation is told of a template: always AWS's own name of the bucket."""
        return f"https://{self.bucket}.s3.{self.region}.amazonaws.com/{key}"

    def records(self) -> Iterator[Record]:
        """Every state so far, the newest first."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=FOLDER)
        for key in sorted((each["Key"] for page in pages for each in page.get("Contents", [])), reverse=True):
            yield Record(**json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))

    def begin(self, template: str, parameters: dict[str, str], again: int | None) -> Record:
        """The record of a state that is about to be reached: the last one, where it says the same."""
        last = next(self.records(), None)
        if last and (last.template, last.parameters) == (template, parameters):
            return last
        number = last.number + 1 if last else 1
        record = Record(number, again or number, template, parameters, whole=False)
        self.write(record)
        return record

    def reached(self, record: Record) -> None:
        if not record.whole:
            self.write(replace(record, whole=True))

    def write(self, record: Record) -> None:
        body = json.dumps(asdict(record), indent=1, sort_keys=True).encode()
        self.s3.put_object(Bucket=self.bucket, Key=record.key, Body=body)

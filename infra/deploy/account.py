"""Whose account, which region: the clients of AWS's services, once the credentials are known to be good."""

import os
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.settings import Settings
from infra.functions import Wrong

# AWS itself says "slow down" to whoever polls: standard retries wait and ask again.
PATIENCE = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=10)


@dataclass(frozen=True)
class Account:
    """An account in a region, as `who` may see it."""

    session: boto3.Session
    number: str
    who: str

    @property
    def region(self) -> str:
        return self.session.region_name

    def client(self, service: str, **more):
        return self.session.client(service, config=PATIENCE.merge(Config(**more)))


def enter(settings: Settings) -> Account:
    """The account that the credentials at hand open; refused when the stage names another."""
    # botocore itself knows only AWS_DEFAULT_REGION and the profile; every other tool of AWS knows this name too.
    session = boto3.Session(region_name=settings.region or os.environ.get("AWS_REGION"))
    if not session.region_name:
        raise Wrong(f"no region: set Region in {settings.stage}.toml, or AWS_REGION")
    try:
        identity = session.client("sts", config=PATIENCE).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        raise Wrong(f"AWS does not take the credentials: {sentence(error)}") from error
    if settings.account and identity["Account"] != settings.account:
        raise Wrong(
            f"these credentials open account {identity['Account']}; {settings.stage} belongs to {settings.account}"
        )
    return Account(session, identity["Account"], identity["Arn"])


def sentence(error: Exception) -> str:
    """What AWS or botocore said, on one line."""
    if isinstance(error, ClientError):
        told = error.response["Error"]
        return f"{error.operation_name}: {told['Code']}: {' '.join(told.get('Message', '').split())}"
    return " ".join(str(error).split())

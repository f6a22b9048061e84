"""Secrets Manager, as far as secrets that CloudFormation makes are read and written anew."""

import secrets

from infra.tests.doubles.wire import Refusal, Service


class SecretsManager(Service):
    """Secrets by ARN."""

    name = "secretsmanager"

    def __init__(self):
        super().__init__()
        self.values: dict[str, str] = {}

    def make(self, arn: str) -> None:
        """What CloudFormation makes of AWS::SecretsManager::Secret with GenerateSecretString; one that is there keeps what it holds."""
        self.values.setdefault(arn, secrets.token_hex(32))

    def known(self, arn: str) -> None:
        if arn not in self.values:
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")

    def get_secret_value(self, SecretId: str, **_) -> dict:
        self.known(SecretId)
        return {"ARN": SecretId, "SecretString": self.values[SecretId]}

    def put_secret_value(self, SecretId: str, SecretString: str, **_) -> dict:
        self.known(SecretId)
        self.values[SecretId] = SecretString
        return {"ARN": SecretId}

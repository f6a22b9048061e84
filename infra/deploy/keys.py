"""The hook's own key among those that may call: without it a function that wants keys would refuse the hook as it refuses anybody."""

import hashlib

from infra.deploy.account import Account


def admit_hook(account: Account, probe: str, keys: str) -> None:
    """Adds the hash of the key in the secret `probe` to the hashes in the secret `keys`, unless it is among them."""
    secrets = account.client("secretsmanager")
    key = secrets.get_secret_value(SecretId=probe)["SecretString"].strip()
    admitted = secrets.get_secret_value(SecretId=keys)["SecretString"]
    digest = hashlib.sha256(key.encode()).hexdigest()
    if digest not in admitted:
        secrets.put_secret_value(SecretId=keys, SecretString=f"{admitted.rstrip()}\n{digest} # the hook's\n")

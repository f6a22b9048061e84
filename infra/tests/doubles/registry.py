"""ECR: its own tokens and names in front of a real registry (Debian's docker-registry) on this machine."""

import base64
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.images.registry import Registry
from infra.tests.doubles.wire import Refusal, Service


class Ecr(Service):
    """Repositories that CloudFormation makes; what lies in them lies in the registry's folder."""

    name = "ecr"

    def __init__(self, folder: Path):
        super().__init__()
        self.repositories: set[str] = set()
        folder.mkdir()
        self.registry = Registry(folder)
        self.registry.__enter__()
        self.store = folder / "store/docker/registry/v2/repositories"

    def close(self) -> None:
        self.registry.__exit__()

    def images(self, repository: str) -> list[str]:
        """Digests of what was pushed."""
        place = self.store / repository / "_manifests/revisions/sha256"
        return sorted(f"sha256:{each.name}" for each in place.glob("*"))

    def get_authorization_token(self, **_) -> dict:
        token = base64.b64encode(b"AWS:a-password").decode()
        until = datetime.now(UTC) + timedelta(hours=12)
        data = {"authorizationToken": token, "expiresAt": until, "proxyEndpoint": f"http://{self.registry.address}"}
        return {"authorizationData": [data]}

    def known(self, name: str) -> None:
        if name not in self.repositories:
            message = f"The repository with name '{name}' does not exist in the registry with id '123456789012'"
            raise Refusal("RepositoryNotFoundException", message)

    def describe_repositories(self, repositoryNames: list[str] = (), **_) -> dict:
        for name in repositoryNames:
            self.known(name)
        return {"repositories": [{"repositoryName": name} for name in repositoryNames]}

    def list_images(self, repositoryName: str, **_) -> dict:
        self.known(repositoryName)
        return {"imageIds": [{"imageDigest": digest} for digest in self.images(repositoryName)]}

    def delete_repository(self, repositoryName: str, force: bool = False, **_) -> dict:
        self.known(repositoryName)
        if self.images(repositoryName) and not force:
            raise Refusal("RepositoryNotEmptyException", f"The repository {repositoryName} still contains images")
        self.repositories.discard(repositoryName)
        shutil.rmtree(self.store / repositoryName, ignore_errors=True)
        return {"repository": {"repositoryName": repositoryName}}

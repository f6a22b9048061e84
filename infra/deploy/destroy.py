"""`make destroy`: the functions first, then buckets and registries with what lies in them, then the stack that made these."""

from infra.deploy.account import Account
from infra.deploy.stack import Stack
from infra.deploy.steps import Run
from infra.functions import Wrong

BUCKET, REPOSITORY = "AWS::S3::Bucket", "AWS::ECR::Repository"


def destroy(run: Run) -> None:
    """Removes everything of a stage, once that is agreed to; what was cut off is finished by running it again."""
    functions, foundation = run.functions, run.foundation
    if functions.found() is None and foundation.found() is None:
        print(f"{run.settings.stage}: there is nothing to remove")
        return
    functions.idle()
    foundation.idle()
    stores = Stores(run.account, foundation)
    held = stores.contents()
    for line in held:
        print(f"  {line}")
    if not run.agree(f"Remove {functions.name} and {foundation.name}" + (", with all of that?" if held else "?")):
        raise Wrong("not agreed to; nothing was removed")
    functions.delete()
    print(f"{functions.name}: removed")
    stores.remove()
    foundation.delete()
    print(f"{foundation.name}: removed")


class Stores:
    """The buckets and registries of a stack, which CloudFormation removes only while they are empty, or not at all."""

    def __init__(self, account: Account, stack: Stack):
        self.s3, self.ecr = account.client("s3"), account.client("ecr")
        there = stack.found() is not None
        self.buckets = [name for name in stack.physical(BUCKET) if self.has_bucket(name)] if there else []
        self.repositories = [name for name in stack.physical(REPOSITORY) if self.has_repository(name)] if there else []

    def has_bucket(self, name: str) -> bool:
        try:
            self.s3.head_bucket(Bucket=name)
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return False
        return True

    def has_repository(self, name: str) -> bool:
        try:
            self.ecr.describe_repositories(repositoryNames=[name])
        except self.ecr.exceptions.RepositoryNotFoundException:
            return False
        return True

    def contents(self) -> list[str]:
        """A line for everything that is not empty."""
        lines = []
        for bucket in self.buckets:
            if count := sum(len(names) for names in self.versions(bucket)):
                lines.append(f"bucket {bucket}: {count} objects and versions of them")
        for repository in self.repositories:
            pages = self.ecr.get_paginator("list_images").paginate(repositoryName=repository)
            if digests := {each["imageDigest"] for page in pages for each in page["imageIds"]}:
                lines.append(f"registry {repository}: {len(digests)} images")
        return lines

    def versions(self, bucket: str):
        """Every version and every mark of a removal, a page (at most 1000, what S3 removes at once) at a time."""
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if rows:
                yield [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]

    def remove(self) -> None:
        for repository in self.repositories:
            self.ecr.delete_repository(repositoryName=repository, force=True)
        for bucket in self.buckets:
            self.empty(bucket)
            self.s3.delete_bucket(Bucket=bucket)

    def empty(self, bucket: str) -> None:
        for names in self.versions(bucket):
            told = self.s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
            if errors := told.get("Errors"):
                first = errors[0]
                raise Wrong(f"{bucket}: {len(errors)} objects stay, {first['Key']} because of {first['Code']}")
        for page in self.s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in page.get("Uploads", []):
                self.s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])

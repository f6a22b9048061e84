"""Ways to fill the parameters of the functions' template; each is checked by every rule."""

from infra.functions import Function

ACCOUNT, REGION = "111122223333", "eu-central-1"
PLAIN, SIGNED, SNAPPED = (
    "as it comes",
    "signed, behind CloudFront, with GPUs",
    "public, from snapshots, behind CloudFront",
)
SETS: dict[str, dict[str, str]] = {
    PLAIN: {},
    "everything that costs": {
        "Keys": "false",
        "Provisioned": "2",
        "Reserved": "20",
        "WarmEveryMinutes": "5",
        "AlarmEmail": "who@example.com",
        "BudgetUsd": "50",
        "Gpu": "true",
        "GpuSubnets": "subnet-0a1b2c3d",
        "GpuSecurityGroups": "sg-0a1b2c3d",
        "Origins": "https://one.example,https://two.example",
    },
    SIGNED: {
        "Auth": "AWS_IAM",
        "Distribution": "true",
        "Gpu": "true",
        "GpuSubnets": "subnet-0a1b2c3d,subnet-1a1b2c3d",
        "GpuSecurityGroups": "sg-0a1b2c3d",
    },
    SNAPPED: {"SnapStart": "true", "Distribution": "true", "Rollout": "AllAtOnce"},
}


def image(function: Function, flavour: str = "cpu", digit: str = "a") -> str:
    """A reference as the registry gives it; `digit` makes the digest."""
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/darkroom/{function.name}@sha256:{digit * 63}{flavour == 'gpu':d}"


def filled(chosen: list[Function], given: dict[str, str]) -> dict[str, str]:
    """`given` and what `make deploy` finds out itself."""
    found = {f"Image{function.logical_id}": image(function) for function in chosen}
    if given.get("Gpu") == "true":
        found |= {f"GpuImage{function.logical_id}": image(function, "gpu") for function in chosen if function.has_model}
    if given.get("Keys") != "false":
        found |= {
            name: f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
            for name in ("KeySecret", "ProbeKey")
        }
    return {
        "Stage": "test",
        "HookBucket": "artefacts",
        "HookKey": "hook.zip",
        "ResultBucket": "results",
        **found,
        **given,
    }

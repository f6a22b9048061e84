"""`make rollback`: what stood before, deployed again in the same way.

Not the alias alone is moved: CloudFormation would go on believing in the version that is gone, and the next deployment would start from there. The
template and parameters of the record before are brought through the same stack instead, so that both agree, and CodeDeploy is told to move all
requests at once. The next `make deploy` deploys what the tree and the settings say, whatever was gone back to.
"""

from infra.deploy.records import Artefacts, Record
from infra.deploy.steps import Run, bring
from infra.functions import Wrong

AT_ONCE = {"Rollout": "AllAtOnce"}


def rollback(run: Run, function: str | None) -> dict[str, str]:
    """Goes back by one record, or with one function alone to the image that it had before; the addresses by output."""
    bucket = run.foundation.outputs().get("ArtefactBucket")
    if bucket is None:
        raise Wrong(f"nothing is deployed at {run.settings.stage}")
    artefacts = Artefacts(run.account, bucket)
    records = list(artefacts.records())
    if function is not None:
        return one(run, artefacts, records, function)
    goal = before(records)
    print(f"{run.settings.stage}: back to deployment {goal.number}")
    return bring(run, artefacts, goal.template, goal.parameters | AT_ONCE, goal.number)


def before(records: list[Record]) -> Record:
    """The newest deployment before the one that stands now, or before what failed half-way; going back twice goes back by two."""
    now = records[0] if records else None
    for record in records[1:]:
        if record.whole and record.number == record.again and record.number < now.again:
            return record
    raise Wrong("there is no deployment before this one")


def one(run: Run, artefacts: Artefacts, records: list[Record], name: str) -> dict[str, str]:
    """Only this function's images, as they were before those of now first came; all else stays."""
    known = {function.name: function for function in run.settings.everything}
    if name not in known:
        raise Wrong(f"there is no function {name}; there are: {', '.join(known)}")
    parameters = [f"{kind}{known[name].logical_id}" for kind in ("Image", "GpuImage")]
    whole = [record for record in reversed(records) if record.whole]
    history = [{key: record.parameters[key] for key in parameters if key in record.parameters} for record in whole]
    earlier = [images for images in history[: history.index(history[-1])] if images] if whole else []
    if not earlier:
        raise Wrong(f"{name} had no other image before")
    print(f"{run.settings.stage}: {name} back to {', '.join(earlier[-1].values())}")
    return bring(run, artefacts, whole[-1].template, whole[-1].parameters | earlier[-1] | AT_ONCE)

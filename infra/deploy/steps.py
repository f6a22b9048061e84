"""`make deploy`, from top to bottom: every step looks at what is there first, so that running it again finishes what was cut off."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.aws import render
from infra.deploy import account, hook, images, keys, settings
from infra.deploy.check import Hook
from infra.deploy.gpu import ACCELERATOR, ALIAS, Accelerated, in_schema
from infra.deploy.records import Artefacts
from infra.deploy.rollout import Rollout
from infra.deploy.stack import Refused, Stack
from infra.functions import Wrong, functions

REACHED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


@dataclass(frozen=True)
class Run:
    """One run for one stage; `agree` is asked before a stack changes, `poll` is the time between two looks, in seconds."""

    settings: settings.Settings
    account: account.Account
    agree: Callable[[str], bool]
    poll: float

    def stack(self, name: str) -> Stack:
        return Stack(self.account, name, self.poll)

    @property
    def foundation(self) -> Stack:
        return self.stack(self.settings.foundation)

    @property
    def functions(self) -> Stack:
        return self.stack(self.settings.stack)


def begin(stage: str, agree: Callable[[str], bool], poll: float, public: bool = True) -> Run:
    """Settings, then credentials: what is wrong here is told before AWS is asked."""
    chosen = settings.read(stage, functions())
    settings.refuse_open_doors(chosen, public)
    entered = account.enter(chosen)
    print(f"{stage}: account {entered.number}, {entered.region}, as {entered.who}")
    return Run(chosen, entered, agree, poll)


def deploy(run: Run) -> dict[str, str]:
    """Makes the stage what its settings and this tree say; the outputs of the functions' stack."""
    told = foundation(run)
    if "ProbeKey" in told:
        keys.admit_hook(run.account, told["ProbeKey"], told["KeySecret"])
    gpu, template = run.settings.on("Gpu"), run.settings.functions_template
    parameters = run.settings.of(template) | references(run, gpu)
    parameters |= {name: value for name, value in told.items() if name in settings.declared(template)}
    artefacts = Artefacts(run.account, told["ArtefactBucket"])
    archive = artefacts.keep("hook", hook.build(run.settings.functions, gpu), ".zip")
    parameters |= {"HookBucket": artefacts.bucket, "HookKey": archive}
    keep = functools.partial(artefacts.keep, "templates", ending=".yaml")
    if gpu and in_schema(run.account):
        accelerated = keep(render.render_functions(run.settings.functions, accelerator=True).encode())
        try:
            return bring(run, artefacts, accelerated, parameters)
        except Refused as refused:
            # Lambda's schema may know the setting before SAM does.
            if ACCELERATOR not in str(refused):
                raise
            print(f"{run.functions.name}: SAM does not know {ACCELERATOR} yet; Lambda's API sets it")
    return bring(run, artefacts, keep(template.encode()), parameters)


def foundation(run: Run) -> dict[str, str]:
    """Brings about what everything else rests on, registries and buckets; the outputs of that stack."""
    stack, template = run.foundation, run.settings.foundation_template
    if stack.change({"TemplateBody": template}, run.settings.of(template), run.agree):
        reached(stack, stack.still())
    return stack.outputs()


def references(run: Run, gpu: bool) -> dict[str, str]:
    """The parameters that name the images, once these lie in the account's registry."""
    wanted = images.wanted(run.settings.functions, gpu)
    digests = images.built(wanted)
    registry = images.push(run.account, wanted)
    return {images.parameter(each): f"{registry}/{each.repository}@{digests[each.name]}" for each in wanted}


def bring(
    run: Run, artefacts: Artefacts, template: str, parameters: dict[str, str], again: int | None = None
) -> dict[str, str]:
    """Brings the functions' stack to a template and parameters; every function must then answer as it should. The stack's outputs."""
    stack, record = run.functions, artefacts.begin(template, parameters, again)
    rollout = Rollout(run.account, stack)
    if stack.change({"TemplateURL": artefacts.address(template)}, parameters, run.agree):
        reached(stack, stack.still(rollout.look), rollout.reasons())
    outputs = stack.outputs()
    check(run, outputs)
    artefacts.reached(record)
    return outputs


def check(run: Run, outputs: dict[str, str]) -> None:
    """Asks every function for the reference picture; a GPU's gets its accelerator before."""
    judge = Hook(run.account, run.functions)
    twins = aliased(outputs, "GpuAliasArn")
    chosen = run.functions.parameters()
    for name in twins:
        twin = Accelerated(run.account, name, int(chosen["GpuMemoryGb"]), int(chosen["GpuEnvironments"]), run.poll)
        twin.bring(lambda version, name=name: judge.passes(name, version))
    for name in aliased(outputs, "AliasArn") + twins:
        judge.passes(name, ALIAS)


def reached(stack: Stack, end: dict | None, reasons: Sequence[str] = ()) -> None:
    """Refuses any end of a change but the one that was wanted."""
    status = end["StackStatus"] if end else "gone"
    if status not in REACHED:
        said = "; ".join(reasons) or (end or {}).get("StackStatusReason", "its events above say why")
        stands = "; what served before serves on" if status == "UPDATE_ROLLBACK_COMPLETE" else ""
        raise Wrong(f"{stack.name} is {status}{stands}: {said}")


def aliased(outputs: dict[str, str], begin: str) -> list[str]:
    """Functions by their names in AWS, out of the outputs that tell their aliases: arn:aws:lambda:REGION:ACCOUNT:function:NAME:live."""
    return sorted(value.split(":")[6] for key, value in outputs.items() if key.startswith(begin))

"""python -m infra.deploy deploy|rollback|destroy STAGE: a stage's functions put into AWS, put back, taken out.

What a stage is stands in `stages/STAGE.toml` (settings.py tells its keys); credentials come as for any tool of AWS. Exit code 1 and one line on
stderr when it does not end as it should.
"""

import argparse
import os
import sys

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import steps
from infra.deploy.account import sentence
from infra.deploy.destroy import destroy
from infra.deploy.rollback import rollback
from infra.deploy.stack import ask
from infra.functions import Wrong


def main(arguments: list[str]) -> int:
    chosen = parse(arguments)
    # In order with the lines of what it runs.
    sys.stdout.reconfigure(line_buffering=True)
    try:
        work(chosen)
    except Wrong as error:
        return fail(chosen.command, str(error))
    except (ClientError, BotoCoreError) as error:
        return fail(chosen.command, sentence(error))
    except KeyboardInterrupt:
        return fail(chosen.command, "stopped; running it again goes on from here")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infra.deploy")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("deploy", "put a stage into AWS"),
        ("rollback", "bring back what stood before"),
        ("destroy", "take it all out"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("stage")
        command.add_argument("--yes", action="store_true", help="agree to everything beforehand")
        command.add_argument("--poll", type=float, default=4, help="seconds between two looks at what AWS does")
        if name == "deploy":
            command.add_argument("--public", action="store_true", help="functions that anybody may call, without a key")
        if name == "rollback":
            command.add_argument("--function", help="only this one; default: all")
    return parser.parse_args(arguments)


def work(chosen: argparse.Namespace) -> None:
    # In CI nobody answers; what is destroyed there must still be said.
    agreed = chosen.yes or (chosen.command != "destroy" and bool(os.environ.get("CI")))
    public = getattr(chosen, "public", True)
    run = steps.begin(chosen.stage, (lambda question: True) if agreed else ask, chosen.poll, public)
    if chosen.command == "destroy":
        destroy(run)
        return
    outputs = rollback(run, chosen.function) if chosen.command == "rollback" else steps.deploy(run)
    print(f"\n{chosen.stage} answers:")
    for name, value in sorted(outputs.items()):
        if "Url" in name or name == "DistributionDomain":
            print(f"  {name:<24}{value}")


def fail(command: str, words: str) -> int:
    print(f"{command}: {words}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

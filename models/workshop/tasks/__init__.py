"""What to train on and how to judge it, one function a file."""

from workshop import recipe as recipes
from workshop.tasks import classify, dehaze, derain, detect, lowlight, stylize, upscale

TASKS = {
    "stylize": stylize.Task,
    "detect": detect.Task,
    "upscale": upscale.Task,
    "lowlight": lowlight.Task,
    "classify": classify.Task,
    "dehaze": dehaze.Task,
    "derain": derain.Task,
}


def judge_of(manifest: dict):
    """The task that measures a variant: by its recipe, or by what its manifest tells where it was not trained here."""
    name = f"{manifest['function']}/{manifest['variant']}"
    if "recipe" in manifest["from"]:
        return TASKS[manifest["function"]](recipes.load(name))
    told = {"name": name, "data": [], "network": {"scale": manifest["picture"].get("scale", 1)}, "styles": []}
    return TASKS[manifest["function"]](told | {"knobs": manifest["knobs"]})

"""What to train on and how to judge it, one function a file."""

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

"""What to train on and how to judge it, one function a file."""

from workshop.tasks import lowlight, upscale

TASKS = {"upscale": upscale.Task, "lowlight": lowlight.Task}

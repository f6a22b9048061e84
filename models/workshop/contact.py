"""Contact sheets of what a function measures itself on: input, output, target, to be looked at."""

from pathlib import Path

from workshop import export, train
from workshop import recipe as recipes
from workshop.runners import runner
from workshop.tasks import TASKS


def run(name: str, data: Path) -> Path:
    """Writes out/sheets/<function>-<variant>-*.png of an exported variant, from the file that a CPU serves."""
    recipe = recipes.load(name)
    task, folder = TASKS[name.split("/")[0]](recipe), recipes.ROOT / "out" / "sheets"
    files = [recipes.ROOT / "models" / name / export.FILES[p] for p in ("int8", "float")]
    served = next((f for f in files if f.is_file()), None)
    if served is None:
        raise SystemExit(f"workshop sheets: '{name}' is not exported yet")
    task.there(data)
    folder.mkdir(parents=True, exist_ok=True)
    task.contact(runner(served, train.build(recipe), task=task), data, folder / name.replace("/", "-"))
    return folder

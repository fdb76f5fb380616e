"""The package's docstring is a map for readers: it names every file, and the five of boosting in their order."""

import re
from pathlib import Path

from groundup.models import trees

FOLDER = Path(trees.__file__).parent


def test_the_map_names_every_file_and_no_other():
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    named = set(re.findall(r"`(\w+)`", trees.__doc__))
    assert named == files


def test_each_of_the_five_files_of_boosting_points_on():
    steps = re.findall(r"^\d\. `(\w+)`", trees.__doc__, re.MULTILINE)
    assert steps == ["boosting_classifier", "boosting", "growing", "partitioning", "splitting"]
    for here, after in zip(steps, [*steps[1:], "gain"], strict=True):
        docstring = (FOLDER / f"{here}.py").read_text().split('"""')[1]
        assert f"`{after}`" in docstring.partition("Next:")[2], here

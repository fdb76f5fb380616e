"""Messages and suggestions: only what a slip of the pen makes."""

import pytest

from groundup.errors import GroundupError, nearest


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("yess", ["Yes", "No"], "Yes"),
        ("YES", ["Yes", "No"], "Yes"),
        ("lfet", ["left", "right"], "left"),
        ("monthly_charge", ["MonthlyCharges", "TotalCharges"], "MonthlyCharges"),
        ("Fiber optik", ["DSL", "Fiber optic"], "Fiber optic"),
        ("yep", ["Yes", "No"], None),
        ("y", ["Yes", "No"], None),
        ("maybe", ["Yes", "No"], None),
        ("Fiber", ["Fiber optic"], None),
        ("", ["Yes"], None),
        ("x", [], None),
    ],
)
def test_only_similar_names_are_suggested(name, names, meant):
    assert nearest(name, names) == ("" if meant is None else f" Did you mean {meant!r}?")


def test_the_most_similar_name_is_suggested():
    assert nearest("colums", ["columna", "columns", "column"]) == " Did you mean 'columns'?"
    assert nearest("plan", ["plans", "plan"]) == " Did you mean 'plan'?"


def test_a_folder_is_reported_as_a_folder(tmp_path):
    assert str(GroundupError("No table.", file=tmp_path)) == f"No table. (folder {tmp_path})"
    assert str(GroundupError("No table.", file="none.csv", row=3)) == "No table. (file none.csv, row 3)"

"""Options of reading on the command line: what is detected in a file, stated."""

import io

import polars as pl
import pytest

from groundup import Project
from groundup.cli.reading import stated
from groundup.errors import UsageError

pytestmark = pytest.mark.usefixtures("no_report")
QUICK = ("--max-fits", 2, "--learner", "LogisticRegression")


@pytest.fixture(scope="module")
def headless(tmp_path_factory):
    """A file without names, parted by ~, in cp1252."""
    path = tmp_path_factory.mktemp("headless") / "rows.csv"
    lines = [f"{i % 7 + 0.5}~{'Größe' if i % 3 else 'Maß'}~{'ja' if i % 2 else 'nein'}" for i in range(120)]
    path.write_bytes("\n".join(lines).encode("cp1252"))
    return path


def test_build_and_predict_read_as_stated(groundup, headless, tmp_path):
    how = ("--delimiter", "~", "--encoding", "cp1252", "--no-header")
    words = ("build", headless, "--target", "column_3", *QUICK, "--project", tmp_path / "p", "--json")
    said = groundup(*words, *how)
    assert said.code == 0, said
    names = {c["name"] for c in said.json["contract"]["columns"]}
    assert names == {"column_1", "column_2", "column_3"}
    assert groundup(*words, *how).json["stored"]
    answered = groundup("predict", tmp_path / "p", headless, *how)
    assert answered.code == 0, answered
    found = pl.read_csv(io.StringIO(answered.out))
    assert found.height == 120
    assert found["prediction"].null_count() == 0
    assert "Maß" in found["column_2"].to_list()
    again = groundup(*words, *how, "--types", "column_1=text")
    assert again.json["stored"] is False
    assert "read changed" in again.err


def test_types_make_other_cells_missing(groundup, tmp_path):
    path = tmp_path / "fares.csv"
    lines = [f"{'none known' if i % 9 == 0 else i},{'a' if i % 2 else 'b'}" for i in range(120)]
    path.write_text("fare,kind\n" + "\n".join(lines))
    words = ("build", path, "--target", "kind", *QUICK, "--json", "--project")
    plain = groundup(*words, tmp_path / "a")
    assert "--types fare=number" in plain.out
    typed = groundup(*words, tmp_path / "b", "--types", "fare=number")
    kinds = [{c["name"]: c["kind"] for c in s.json["contract"]["columns"]}["fare"] for s in (plain, typed)]
    assert kinds[0] != "integer"
    assert kinds[1] in ("number", "integer")


@pytest.mark.parametrize("wrong", ["fare", "=number", "fare="])
def test_types_that_are_no_pairs(groundup, table, wrong):
    said = groundup("build", table, "--target", "left", "--types", wrong)
    assert said.code == 2
    assert "COLUMN=KIND" in said.err


def test_what_is_stated():
    assert stated(None, None, None) == {}
    assert stated("tab", "utf-8", False, ["a=b=text"]) == {
        "delimiter": "\t",
        "encoding": "utf-8",
        "header": False,
        "types": {"a=b": "text"},
    }
    assert stated("\\t", None, None)["delimiter"] == "\t"
    with pytest.raises(UsageError, match="twice"):
        stated(None, None, None, ["a=text", "a=number"])


def test_text_options_are_refused_where_there_is_no_text(groundup, project, tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"age": [1, 2]}).write_parquet(path)
    for source in (path, "sample:iris"):
        said = groundup("predict", project, source, "--delimiter", ";")
        assert said.code == 2, said
        assert "options of text files" in said.err


def test_a_project_knows_its_options_of_reading():
    with pytest.raises(UsageError, match="Did you mean 'delimiter'"):
        Project("sample:iris", "species", read={"delimeter": ";"})

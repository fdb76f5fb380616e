"""Options in a TOML file: what is read, what is an error and where, and what wins."""

import pytest

from groundup.errors import GroundupError, UsageError
from groundup.workbench.settings_file import find_settings, merge_settings, read_settings, write_settings


def read(tmp_path, text):
    path = tmp_path / "groundup.toml"
    path.write_text(text)
    return read_settings(path)


def test_options_are_read_under_their_names(tmp_path):
    found = read(
        tmp_path,
        """
        target = "y"
        ignore = "id"
        test-size = 0.2
        valid_size = "10%"
        max-fits = 5
        types = { zip = "text" }
        header = true
        positive = 1
        cost = ["actual=a,predicted=b:5", { actual = "b", predicted = "a", cost = 2 }]
        [class-weight]
        a = 3
        """,
    )
    assert found == {
        "target": "y",
        "ignore": ["id"],
        "test_size": 0.2,
        "valid_size": "10%",
        "max_fits": 5,
        "types": ["zip=text"],
        "header": True,
        "positive": 1,
        "cost": ["actual=a,predicted=b:5", {"actual": "b", "predicted": "a", "cost": 2}],
        "class_weight": {"a": 3},
    }


def test_paths_are_relative_to_the_file(tmp_path):
    found = read(tmp_path, 'data = "sub/a.csv"\ntest = "../b.csv"\nvalid = "/c.csv"\nproject = "p"')
    assert found["data"] == str(tmp_path / "sub" / "a.csv")
    assert found["test"] == str(tmp_path.parent / "b.csv")
    assert found["valid"] == "/c.csv"
    assert read(tmp_path, 'data = "sample:iris"') == {"data": "sample:iris"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('target = "y"\n\ntrget = "z"', "line 3: 'trget'.*Did you mean 'target'"),
        ('# learners = 1\n"learners" = ["rf"]', "line 2: 'learners'.*Did you mean 'learner'"),
        ('[model]\nname = "x"', "line 1: 'model' is no option"),
        ("x.y = 1", "line 1: 'x' is no option"),
        ('target = "y"\nseed = "1"', 'line 2: seed is a whole number, not "1"'),
        ("seed = true", "seed is a whole number, not true"),
        ("ignore = [1]", "ignore is a list"),
        ("target = 3", "target is a text"),
        ("test-size = 1\ntest_size = 2", "line 2: 'test_size' is given twice"),
        ("target = = 1", "not TOML.*line 1"),
    ],
)
def test_mistakes_are_errors_with_their_line(tmp_path, text, words):
    with pytest.raises(UsageError, match=words):
        read(tmp_path, text)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(GroundupError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")


def test_the_command_line_has_priority():
    found = {"target": "a", "ignore": ["x"], "test_size": 0.2, "seed": 3, "time": "t"}
    stated = {
        "target": "b",
        "ignore": [],
        "test": "t.csv",
        "test_size": None,
        "seed": 0,
        "group": "g",
        "time": None,
    }
    assert merge_settings(found, stated) == {
        "target": "b",
        "ignore": ["x"],
        "test": "t.csv",  # replaces the size of the file too
        "test_size": None,
        "seed": 0,
        "group": "g",
        "time": None,
    }


def test_what_is_written_is_read_again(tmp_path):
    options = {
        "data": str(tmp_path / "a b.csv"),
        "target": 'a "quoted"\tname é',
        "ignore": ["x", "y\\z"],
        "accept": [],
        "test": str(tmp_path.parent / "test.csv"),
        "test_size": None,
        "threshold": "recall>=0.8",
        "header": False,
        "seed": 0,
        "budget": "30s",
    }
    write_settings(tmp_path / "new.toml", options)
    assert read_settings(tmp_path / "new.toml") == {k: v for k, v in options.items() if v not in (None, [])}
    with pytest.raises(GroundupError, match="such a file already"):
        write_settings(tmp_path / "new.toml", options)


def test_the_file_next_to_the_data_is_found(tmp_path):
    assert find_settings(str(tmp_path / "data.csv")) is None
    (tmp_path / "groundup.toml").write_text("")
    assert find_settings(str(tmp_path / "data.csv")) == tmp_path / "groundup.toml"
    assert find_settings("sample:iris") is None

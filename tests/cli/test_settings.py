"""``groundup build`` with options from a file."""

import json

import pytest
from typer.testing import CliRunner

import groundup as gu
from groundup.cli import application


def run(*words):
    return CliRunner().invoke(application(), [str(word) for word in words])


@pytest.fixture
def folder(tmp_path):
    gu.read("sample:iris").frame.write_csv(tmp_path / "iris.csv")
    return tmp_path


def test_a_file_is_written_and_builds_the_same_model(folder):
    options = [
        "--target",
        "species",
        "--learner",
        "decision tree",
        "--max-fits",
        3,
        "--test-size",
        "0.3",
        "--seed",
        2,
    ]
    stated = run("build", folder / "iris.csv", *options, "--project", folder / "one", "--json")
    said = run(
        "build",
        folder / "iris.csv",
        *options,
        "--project",
        folder / "two",
        "--write-config",
        folder / "groundup.toml",
    )
    assert said.exit_code == 0, said.output
    assert not (folder / "two").exists()
    again = run("build", "--config", folder / "groundup.toml", "--json")
    assert json.loads(again.stdout)["digest"] == json.loads(stated.stdout)["digest"]
    assert (folder / "two").is_dir()
    found = run("build", folder / "iris.csv", "--seed", 3, "--json")  # next to the data
    assert json.loads(found.stdout)["settings"]["seed"] == 3
    assert json.loads(found.stdout)["settings"]["test_size"] == 0.3
    assert "Options from" in found.stderr
    assert "target, learner" not in run("build", folder / "iris.csv", "--learner", "rf", "--json").stderr


def test_a_file_for_another_table_is_not_used(folder):
    (folder / "groundup.toml").write_text('data = "other.csv"\ntarget = "no_such_column"\n')
    said = run(
        "build",
        folder / "iris.csv",
        "--target",
        "species",
        "--learner",
        "tree",
        "--max-fits",
        2,
        "--project",
        folder / "p",
    )
    assert said.exit_code == 0
    assert "its options are not used" in " ".join(said.stderr.split())


def test_a_file_that_is_only_found_runs_no_code(folder):
    (folder / "groundup.toml").write_text('metric = "os:getcwd"\n')
    said = run("build", folder / "iris.csv", "--target", "species")
    assert said.exit_code == 2
    assert "runs no code" in said.stderr


def test_mistakes_end_with_the_code_of_wrong_usage(folder):
    (folder / "groundup.toml").write_text('tagret = "species"\n')
    said = run("build", folder / "iris.csv")
    assert said.exit_code == 2
    assert "Did you mean 'target'" in said.stderr
    assert run("build").exit_code == 2


def test_the_audit_reads_the_same_file(folder):
    (folder / "groundup.toml").write_text('target = "species"\ntest-size = 30\n')
    assert "30 test rows" in run("audit", folder / "iris.csv").stdout


def test_models_are_listed():
    listed = json.loads(run("models", "--json").stdout)
    assert set(listed) == {"classification", "regression", "clustering"}
    assert "RandomForestRegressor" in [one["name"] for one in listed["regression"]]
    assert "rf" in run("models", "classification").stdout
    assert run("models", "clasification").exit_code == 2

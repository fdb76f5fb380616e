"""The project's folder: runs by identity, atomic files, damaged results."""

import pytest

from groundup.errors import GroundupError
from groundup.workbench.folder import BUNDLE, Folder, default_root, is_project, write_atomically
from groundup.workbench.result import Best, Data, Parts, Result


def result(**changes):
    fields = {
        "groundup": "0",
        "task": "binary",
        "target": "y",
        "data": Data(name="t", source="t", rows=3, columns=2, digest="d"),
        "settings": {},
        "split": Parts(rule="random", train=1, valid=1, test=1, folds=2),
        "best": Best(learner="L", title="L", params={}, metric="roc_auc", greater_is_better=True, reason="r"),
        "leaderboard": [],
        "metrics": {"train": {}, "valid": {}, "test": {"roc_auc": None}},
        "verdict": "v",
        "regime": "good",
        "ended": "complete",
        "n_fits": 1,
        "seconds": 1.0,
        "contract": {},
        "bundle": "b",
        "project": "p",
    }
    return Result(**{**fields, **changes})


def test_runs_are_found_by_what_they_depend_on(tmp_path):
    folder = Folder(tmp_path / "p")
    one, other = {"data": "x", "seed": 0}, {"data": "x", "seed": 1}
    assert folder.stored(one) is None
    assert folder.latest() is None
    folder.save(one, result())
    assert folder.stored(one) is None  # the bundle is not there
    (folder.run(one) / BUNDLE).write_text("x")
    assert folder.stored(one).stored is True
    assert folder.stored(other) is None
    assert folder.news(one) == ""
    assert folder.news(other) == "A new run: seed changed since the last one."
    assert folder.news({**one, "data": "y"}) == "A new run: the data changed since the last one."
    assert folder.latest_result().target == "y"
    assert is_project(tmp_path / "p")
    assert not is_project(tmp_path)


def test_damaged_results_are_told(tmp_path):
    folder, identity = Folder(tmp_path), {"data": "x"}
    folder.save(identity, result())
    (folder.run(identity) / BUNDLE).write_text("x")
    (folder.run(identity) / "result.json").write_text('{"version": 1, "task"')
    with pytest.raises(GroundupError, match="damaged"):
        folder.stored(identity)
    (tmp_path / "project.json").write_text("{")
    assert folder.latest() is None
    with pytest.raises(GroundupError, match="no finished run"):
        folder.latest_result()


def test_writing_leaves_the_old_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_atomically(path, "old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(GroundupError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_default_root_is_a_safe_name():
    assert str(default_root("Telco Churn/2024")) == "Telco-Churn-2024-groundup"
    assert str(default_root("..")) == "table-groundup"

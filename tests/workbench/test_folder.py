"""The project's folder: runs by identity, atomic files, damaged results."""

import hashlib
import json
import stat

import pytest

from groundup.errors import GroundupError, UsageError
from groundup.workbench.result import Best, Data, Parts, Result
from groundup.workbench.run.folder import BUNDLE, Folder, default_folder, is_project


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
        "digest": hashlib.sha256(b"x").hexdigest(),
        "project": "p",
    }
    return Result(**{**fields, **changes})


def test_runs_are_found_by_what_they_depend_on(tmp_path):
    folder = Folder(tmp_path / "p")
    one, other = {"data": "x", "seed": 0}, {"data": "x", "seed": 1}
    assert folder.stored_result(one) is None
    assert folder.current() is None
    folder.save(one, result())
    assert folder.stored_result(one) is None  # the bundle is not there
    (folder.run_folder(one) / BUNDLE).write_text("x")
    assert folder.stored_result(one).stored is True
    assert folder.stored_result(other) is None
    assert folder.describe_changes(one) == ""
    assert folder.describe_changes(other) == "A new run: seed changed since the last one."
    assert folder.describe_changes({**one, "data": "y"}) == "A new run: the data changed since the last one."
    assert folder.current_result().target == "y"
    assert is_project(tmp_path / "p")
    assert not is_project(tmp_path)


def test_damaged_results_are_reported(tmp_path):
    folder, identity = Folder(tmp_path), {"data": "x"}
    folder.save(identity, result())
    (folder.run_folder(identity) / BUNDLE).write_text("x")
    (folder.run_folder(identity) / "result.json").write_text('{"version": 1, "task"')
    with pytest.raises(GroundupError, match="damaged"):
        folder.stored_result(identity)
    (tmp_path / "project.json").write_text("{")
    assert folder.current() is None
    with pytest.raises(GroundupError, match="no finished run"):
        folder.current_result()


@pytest.mark.parametrize("text", ['{"version": 1, "task"', '{"version": 99}'])
def test_an_unreadable_run_in_use_does_not_stop_the_next(tmp_path, text):
    folder, old, new = Folder(tmp_path), {"data": "x"}, {"data": "y"}
    folder.save(old, result())
    (folder.run_folder(old) / "result.json").write_text(text)
    told = folder.save(new, result())
    assert "its result cannot be read" in told
    assert folder.current() == (folder.run_folder(new), new)


@pytest.mark.parametrize(
    ("content", "told"), [(None, "is missing"), (b"", "has changed"), (b"y", "has changed")]
)
def test_a_result_without_its_bundle_is_not_valid(tmp_path, content, told):
    folder, identity, heard = Folder(tmp_path), {"data": "x"}, []
    folder.save(identity, result())
    if content is not None:
        (folder.run_folder(identity) / BUNDLE).write_bytes(content)
    assert folder.stored_result(identity, heard.append) is None
    assert len(heard) == 1
    assert told in heard[0]
    (folder.run_folder(identity) / BUNDLE).write_bytes(b"x")
    assert folder.stored_result(identity, heard.append).digest == hashlib.sha256(b"x").hexdigest()
    assert len(heard) == 1


def test_looks_are_counted_by_data_and_target(tmp_path):
    folder = Folder(tmp_path)
    one = {"data": "x", "target": "y", "seed": 0, "max_fits": 5}
    assert folder.record_test_look(one) == 1
    assert folder.current() is None  # opened, not ended
    folder.save(one, result())
    assert folder.record_test_look(one) == 2
    assert folder.record_test_look({**one, "seed": 1}) == 3
    assert folder.record_test_look({**one, "max_fits": 6}) == 4
    assert folder.record_test_look({**one, "data": "z"}) == 1
    assert folder.record_test_look({**one, "target": None}) == 1
    assert Folder(tmp_path).record_test_look(one) == 5
    assert folder.current()[1] == one
    looks = json.loads((tmp_path / "project.json").read_text())["looks"]
    assert [look["seed"] for look in looks] == [0, 0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("text", ["{", "[]", '{"looks": 3}', '{"looks": ["x"]}'])
def test_looks_in_a_damaged_file_start_at_one(tmp_path, text):
    (tmp_path / "project.json").write_text(text)
    assert Folder(tmp_path).record_test_look({"data": "x"}) == 1
    assert Folder(tmp_path).record_test_look({"data": "x"}) == 2


def test_a_file_is_not_a_project(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a")
    with pytest.raises(UsageError, match="is a folder, and this is a file") as caught:
        Folder(path)
    assert "--project" in caught.value.hint
    with pytest.raises(GroundupError, match="cannot be written"):
        Folder(path / "inside").save({}, result())


def test_files_have_the_usual_permissions(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("x")
    folder = Folder(tmp_path / "p")
    folder.save({}, result())
    assert stat.S_IMODE((tmp_path / "p" / "project.json").stat().st_mode) == stat.S_IMODE(
        plain.stat().st_mode
    )


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    folder = Folder(tmp_path)
    folder.record_test_look({"data": "x"})
    before = (tmp_path / "project.json").read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(GroundupError, match="No space left"):
        folder.record_test_look({"data": "x"})
    assert (tmp_path / "project.json").read_bytes() == before
    assert list(tmp_path.iterdir()) == [tmp_path / "project.json"]


def test_the_default_folder_has_a_safe_name():
    assert str(default_folder("Telco Churn/2024")) == "Telco-Churn-2024-groundup"
    assert str(default_folder("..")) == "table-groundup"

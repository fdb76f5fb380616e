"""The audit within a project: blocking findings stop it before anything is written; accepted ones are listed."""

import json
import pickle

import numpy as np
import polars as pl
import pytest

import groundup as gu
from groundup.errors import CheckFailed, UsageError
from groundup.workbench.audit import Audit, LeakFound
from groundup.workbench.result import Result

pytestmark = pytest.mark.usefixtures("no_report")
ONE = ["LogisticRegression"]


@pytest.fixture(name="leaky")
def leaky_frame(make_frame):
    """A table with a copy of the target, and a near-copy."""
    yes = (make_frame(400)["y"] == "yes").to_numpy()
    near = np.where(np.random.default_rng(0).random(400) < 0.01, ~yes, yes)
    return make_frame(400).with_columns(copy=pl.Series(yes), near=pl.Series(np.where(near, "p", "q")))


@pytest.mark.parametrize("verb", ["build", "compare", "finalize"])
def test_a_leak_stops_every_method_before_anything_is_written(leaky, tmp_path, verb):
    project = gu.Project(leaky, "y", path=tmp_path / "p", learners=ONE)
    with pytest.raises(LeakFound) as found:
        getattr(project, verb)(**({} if verb == "finalize" else {"max_fits": 3}))
    error = found.value
    assert isinstance(error, CheckFailed)
    assert error.exit_code == 3
    assert "'copy'" in str(error)
    assert "'near'" in str(error)
    assert "--ignore copy --ignore near (in Python ignore=['copy', 'near'])" in error.hint
    assert "--accept copy --accept near" in error.hint
    assert [f.columns[0] for f in error.audit.blocking] == ["copy", "near"]
    assert not (tmp_path / "p").exists()
    assert pickle.loads(pickle.dumps(error)).audit == error.audit


def test_an_ignored_leak_does_not_stop_a_build(leaky, tmp_path):
    project = gu.Project(leaky, "y", path=tmp_path, learners=ONE, ignore=["copy", "near"])
    result = project.build(max_fits=3)
    assert result.audit.ok
    assert result.audit == project.audit
    assert not result.audit.warnings


def test_an_accepted_leak_does_not_stop_a_build_and_is_listed(leaky, tmp_path):
    project = gu.Project(leaky, "y", path=tmp_path, learners=ONE, accept=["copy", "near:proxy"])
    result = project.build(max_fits=3)
    kept = [f for f in result.audit.findings if f.accepted]
    assert {f.columns[0] for f in kept} == {"copy", "near"}
    assert sum("Accepted finding" in told for told in result.warnings) == 2
    assert result.settings["accept"] == ["copy", "near:proxy"]
    entry = next(e for e in project.journal.entries if e["kind"] == "audited")
    assert {"kind": "copy", "level": "block", "columns": ["copy"], "accepted": True} in entry["findings"]
    again = Result.from_json(json.dumps(result.to_object()))
    assert again.audit == result.audit


def test_other_acceptances_are_another_run(leaky, tmp_path):
    options = {"path": tmp_path, "learners": ONE, "ignore": ["copy"]}
    first = gu.Project(leaky, "y", accept=["near"], **options).build(max_fits=3)
    second = gu.Project(leaky, "y", accept="near:proxy", **options).build(max_fits=3)
    assert not second.stored
    assert first.bundle != second.bundle
    assert gu.Project(leaky, "y", accept=["near"], **options).build(max_fits=3).stored


def test_an_acceptance_of_another_kind_does_not_count(leaky):
    assert not gu.Project(leaky, "y", accept=["copy:proxy", "near"]).audit.ok
    assert gu.Project(leaky, "y", accept=["copy:copy", "proxy"]).audit.ok


def test_unknown_acceptances_are_refused(leaky):
    with pytest.raises(UsageError, match="Did you mean 'copy'"):
        _ = gu.Project(leaky, "y", accept=["coppy"]).audit
    with pytest.raises(UsageError, match="'nowhere'"):
        _ = gu.Project(leaky, "y", accept=["nowhere:proxy"]).audit


def test_copies_of_rows_are_accepted_by_their_kind(make_frame, tmp_path):
    frame = pl.concat([make_frame(300)] * 2)
    with pytest.raises(LeakFound, match="also in the training or validation set") as found:
        gu.Project(frame, "y", path=tmp_path, learners=ONE).build(max_fits=3)
    assert "--accept duplicates" in found.value.hint
    assert gu.Project(frame, "y", accept=["duplicates"]).audit.ok


def test_warning_findings_are_in_the_warnings_of_the_result(make_frame, tmp_path):
    frame = make_frame(400).with_columns(visit_id=pl.Series([f"V{i // 4}" for i in range(400)]))
    result = gu.Project(frame, "y", path=tmp_path, learners=ONE).build(max_fits=3)
    assert any("'visit_id' identifies 100 subjects" in told for told in result.warnings)
    quiet = gu.Project(frame, "y", path=tmp_path, learners=ONE, accept=["visit_id"]).build(max_fits=3)
    assert not any("subjects" in told for told in quiet.warnings)


def test_representation(leaky):
    found = gu.Project(leaky, "y").audit
    assert repr(found).startswith("<Audit of 5 columns: 2 block")
    assert "block" in str(found)
    assert repr(Audit(n_columns=3)) == "<Audit of 3 columns: no findings>\nNo leak found in 3 columns."
    plain = json.loads(json.dumps(found.to_object(), allow_nan=False))
    assert plain["ok"] is False
    assert plain["findings"][0]["columns"] == ["copy"]


def test_a_stored_audit_of_another_version_is_refused(leaky):
    found = gu.Project(leaky, "y").audit.model_dump(mode="json")
    with pytest.raises(ValueError, match="surprise"):
        Audit.model_validate({**found, "surprise": 1})


HOSTILE = [
    "</script><script>alert(1)</script>",
    "=cmd|'/c calc'!A1",
    "a\x1b[31mred",
    "\u202eesrever",
    "[bold]x[/]",
    "a:proxy",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(make_frame, name):
    yes = (make_frame(400)["y"] == "yes").to_numpy()
    frame = make_frame(400).with_columns(pl.Series(name, yes))
    found = gu.Project(frame, "y").audit
    assert found.blocking[0].columns == (name,)
    assert repr(name) in found.blocking[0].message
    assert not set("\x1b\u202e") & set(str(LeakFound(found)))
    assert gu.Project(frame, "y", accept=[name]).audit.ok


def test_few_and_unusual_rows_raise_no_error():
    for frame in (
        pl.DataFrame({"a": [1.0, 2.0, 3.0], "y": ["p", "q", "p"]}),
        pl.DataFrame(
            {"a": [None, None, 1.0] * 20, "b": [float("inf"), 0.0, -1.0] * 20, "y": [1.5, 2.5, 3.5] * 20}
        ),
        pl.DataFrame(
            {"a": [1e308, -1e308, 0.0] * 30, "b": [5e-324, 0.0, 1.0] * 30, "y": [1e300, 2.5, 3.5] * 30}
        ),
        pl.DataFrame(
            {
                "a": [[1]] * 60,
                "b": range(60),
                "c": [i % 3 for i in range(60)],
                "y": [i % 2 for i in range(60)],
            }
        ),
    ):
        assert gu.Project(frame, "y", task=None).audit.n_columns >= 1


def test_the_audit_does_not_depend_on_the_threads(leaky, monkeypatch):
    one = gu.Project(leaky, "y").audit
    monkeypatch.setenv("GROUNDUP_NUM_THREADS", "2")
    assert gu.Project(leaky, "y").audit == one

"""What a project stores: results and their bundles, looks at the test set, journals; and the limits of a run."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import groundup as gu
from groundup.errors import GroundupError, UsageError
from groundup.workbench import project as project_module
from groundup.workbench.run.events import Message, StepStarted
from groundup.workbench.steps import compare as compare_step

pytestmark = pytest.mark.usefixtures("no_report")
LINEAR = ["LogisticRegression"]


@pytest.fixture(scope="module")
def template(tmp_path_factory, make_frame, without_report):
    path = tmp_path_factory.mktemp("stored") / "p"
    with without_report():
        gu.Project(make_frame(), target="y", path=path, learners=LINEAR).build(max_fits=5)
    return path


@pytest.fixture
def kept(tmp_path, template):
    """The folder of a project with one run, which a test may damage."""
    shutil.copytree(template, tmp_path / "p")
    return tmp_path / "p"


@pytest.fixture
def again(kept, make_frame):
    """again(**changes): the same project once more."""

    def make(**changes):
        return gu.Project(make_frame(), **{"target": "y", "path": kept, "learners": LINEAR, **changes})

    return make


def kinds(path):
    return [json.loads(line)["kind"] for line in path.read_text().splitlines()]


def told(heard):
    return [e.text for e in heard if isinstance(e, Message)]


def test_the_same_call_returns_the_stored_result(again, kept):
    heard = []
    result = again(listen=heard.append).build(max_fits=5)
    assert result.stored
    assert result.test_looks == 1
    assert told(heard) == []
    (bundle,) = kept.rglob("model.groundup")
    assert result.digest == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert result.to_object()["digest"] == result.digest


@pytest.mark.parametrize("spoil", ["gone", "cut", "other"])
def test_a_damaged_bundle_is_rebuilt(again, kept, spoil):
    (bundle,) = kept.rglob("model.groundup")
    before, heard = bundle.read_bytes(), []
    bundle.unlink() if spoil == "gone" else bundle.write_bytes(before[:-9] if spoil == "cut" else b"x")
    result = again(listen=heard.append).build(max_fits=5)
    assert not result.stored
    assert bundle.read_bytes() == before
    assert result.test_looks == 2
    (text,) = told(heard)
    assert "so the run is repeated" in text
    assert again().build(max_fits=5).stored


def test_every_further_look_at_the_test_set_is_counted_and_reported(again, make_frame):
    heard = []
    assert again(listen=heard.append).build(max_fits=5, fresh=True).test_looks == 2
    assert "evaluating on the test set, 2 times for these data" in [
        e.description for e in heard if isinstance(e, StepStarted)
    ]
    assert again(seed=1).build(max_fits=5).test_looks == 3
    result = again().build(max_fits=6)
    assert result.test_looks == 4
    assert any("evaluated 4 times" in warning for warning in result.warnings)
    journal = Path(result.bundle).parent / "journal.jsonl"
    tested = [e for e in map(json.loads, journal.read_text().splitlines()) if e["kind"] == "tested"]
    assert [e["look"] for e in tested] == [4]
    assert again().build(max_fits=6).test_looks == 4  # stored: test stays shut
    other = gu.Project(make_frame(seed=5), target="y", path=result.project, learners=LINEAR)
    first = other.build(max_fits=5)
    assert first.test_looks == 1
    assert not any("evaluated" in warning for warning in first.warnings)


def test_a_second_finalize_does_not_use_the_test_set(tmp_path, make_frame):
    heard = []
    project = gu.Project(make_frame(), target="y", path=tmp_path / "p", learners=LINEAR, listen=heard.append)
    project.compare(max_fits=5)
    first = project.finalize()
    assert project.finalize() is first
    project.compare(max_fits=5)
    with pytest.raises(GroundupError, match="no result yet"):
        _ = project.metrics
    assert project.finalize().stored
    assert [e.step for e in heard if isinstance(e, StepStarted)].count("test") == 1
    assert len(json.loads((tmp_path / "p" / "project.json").read_text())["looks"]) == 1


def test_steps_one_by_one_leave_a_journal(tmp_path, make_frame):
    project = gu.Project(make_frame(), target="y", path=tmp_path / "p", learners=LINEAR)
    project.compare(max_fits=5)
    result = project.finalize()
    (path,) = (tmp_path / "p").rglob("*.jsonl")
    assert path.parent == project.bundle.parent
    found = kinds(path)
    assert found[0] == "started"
    assert found[-1] == "ended"
    assert {"candidate", "compared", "chosen", "tested"} <= set(found)
    assert result.settings["max_fits"] == 5


def test_segments_count_and_record_their_look(tmp_path, make_frame):
    for look in (1, 2):
        result = gu.Project(make_frame(), path=tmp_path / "p").build(max_fits=20, fresh=True)
        assert result.test_looks == look
        (path,) = (tmp_path / "p").rglob("journal.jsonl")
        assert "tested" in kinds(path)


def test_a_failed_run_keeps_the_older_journal(again, kept, monkeypatch):
    (path,) = kept.rglob("journal.jsonl")
    before = path.read_bytes()

    def fail(self):
        raise GroundupError("It failed.")

    monkeypatch.setattr(compare_step.Comparer, "run", fail)
    with pytest.raises(GroundupError, match="It failed"):
        again().build(max_fits=5, fresh=True)
    assert path.read_bytes() == before
    assert kinds(path.parent / "unfinished.jsonl") == ["started", "audited", "failed"]
    assert again().build(max_fits=5).test_looks == 1  # test was not opened by the run that failed


def test_an_unknown_learner_leaves_no_folder(tmp_path, make_frame):
    path = tmp_path / "p"
    for step in ("build", "finalize", "compare"):
        with pytest.raises(UsageError, match="Did you mean"):
            getattr(gu.Project(make_frame(), target="y", path=path, learners=["LogisticRegresion"]), step)()
    with pytest.raises(UsageError, match="no model 'Ridge' for clustering"):
        gu.Project(make_frame(), path=path, learners=["Ridge"]).build()
    assert not path.exists()


def test_a_project_cannot_replace_a_file(tmp_path, make_frame):
    path = tmp_path / "table.csv"
    path.write_text("precious")
    with pytest.raises(UsageError, match="this is a file"):
        gu.Project(make_frame(), target="y", path=path, learners=LINEAR).build(max_fits=5)
    assert path.read_text() == "precious"


def test_installed_learners_are_part_of_what_a_run_depends_on(again, monkeypatch):
    assert again().build(max_fits=5).settings["packages"] == {}
    heard = []
    monkeypatch.setattr(project_module, "packages_of", lambda names: {"Bells": "bells 1.0"})
    assert not again(listen=heard.append).build(max_fits=5).stored
    assert told(heard)[0] == "A new run: packages changed since the last one."


def test_the_order_of_learners_does_not_matter(kept, again):
    learners = ["LogisticRegression", "HistGradientBoostingClassifier"]
    assert not again(learners=learners).build(max_fits=10).stored
    assert again(learners=learners[::-1]).build(max_fits=10).stored


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, (120.0, None)),
        ({"budget": None}, (None, None)),
        ({"max_fits": 5}, (None, 5)),
        ({"budget": "90s", "max_fits": 5}, (90.0, 5)),
        ({"budget": float("120"), "max_fits": 5}, (120.0, 5)),
        ({"budget": 120, "max_fits": 5}, (120.0, 5)),
        ({"budget": project_module.BUDGET_S, "max_fits": 5}, (None, 5)),
    ],
)
def test_limits_of_a_run(tmp_path, make_frame, limits, expected):
    project = gu.Project(make_frame(), target="y", path=tmp_path / "p", learners=LINEAR)
    heard = []
    project._compare = lambda found, ready: heard.append((project._clock.budget_s, project._clock.max_fits))
    with pytest.raises(GroundupError, match="No models have been compared"):
        project.compare(**limits)
    assert heard == [expected]


def test_the_first_limit_reached_ends_the_comparison(tmp_path, make_frame):
    project = gu.Project(make_frame(), target="y", path=tmp_path / "p", learners=LINEAR)
    assert project.build(budget="1h", max_fits=5).ended == "fits"
    assert project.result.settings["budget_s"] == 3600

"""A project explains its predictions: tables, single rows, labels, bad cells; importance on valid, never on test."""

import numpy as np
import polars as pl
import pytest

import groundup as gu
from groundup.errors import UsageError
from groundup.workbench.examination import read_examination


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = gu.Project(
        "sample:churn", "churned", ignore=["exit_survey"], path=tmp_path_factory.mktemp("p"),
        learners=["LogisticRegression"],
    )  # fmt: skip
    made.build(max_fits=2)
    return made


def test_a_table_is_explained_row_by_row(project):
    rows = project.table.frame.head(50)
    found = project.explain(rows)
    frame = found.frame
    assert (found.unit, found.method, found.n_failed) == ("log-odds", "linear", 0)
    given = frame.select(pl.selectors.starts_with("contribution_"))
    np.testing.assert_allclose(frame["base"] + given.sum_horizontal(), frame["score"], atol=1e-10)
    assert frame["explained"].unique().to_list() == ["yes"]
    assert frame["prediction"].to_list() == project.predict(rows)["prediction"].to_list()
    p = frame["probability_yes"].to_numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-frame["score"].to_numpy())), p, atol=1e-12)
    one = found.row(3)
    assert frame["reasons"][2] == "; ".join(reason.words for reason in one.reasons)
    assert one.score == frame["score"][2]


def test_a_row_alone_is_the_row_among_others(project):
    rows = project.table.frame.head(5)
    many, model = project.explain(rows), gu.load(project.bundle)
    for i in range(5):
        row = rows.row(i, named=True)
        alone = project.explain(row).row(1)
        assert alone == many.row(i + 1) == model.explain_row(row)


def test_rows_that_cannot_be_read_have_no_explanation(project):
    rows = project.table.frame.head(3).with_columns(months=pl.Series(["4", "many", "7"]))
    found = project.explain(rows)
    assert found.n_failed == 1
    assert found.frame["score"].is_null().to_list() == [False, True, False]
    assert found.frame["reasons"][1] is None
    with pytest.raises(UsageError, match="no explanation: column 'months': 'many' is not"):
        found.row(2)
    with pytest.raises(UsageError, match="no row 4"):
        found.row(4)


def test_labels_are_known_by_their_text(project):
    row = project.table.frame.row(0, named=True)
    assert project.explain(row, label="yes").row(1).label == "yes"
    with pytest.raises(UsageError, match="has no label 'nope'"):
        project.explain(row, label="nope")


def test_of_two_classes_the_other_has_the_reasons_with_the_sign_turned(project):
    rows = project.table.frame.head(5)
    yes, no = project.explain(rows, label="yes"), project.explain(rows, label="no")
    assert no.frame["explained"].unique().to_list() == ["no"]
    for name in ("base", "score", "contribution_months"):
        assert no.frame[name].to_list() == [-v for v in yes.frame[name]]
    for one, other in zip(yes.row(1).reasons, no.row(1).reasons, strict=True):
        assert (one.column, {one.direction, other.direction}) == (other.column, {"raises", "lowers"})
    assert "the chance of “no” (" in no.frame["reasons"][0]


def test_the_inputs_columns_pass_through_and_no_record_is_lost(project, tmp_path):
    rows = project.table.frame.head(4).drop("exit_survey").with_columns(score=pl.lit("mine"))
    path = tmp_path / "rows.csv"
    lines = rows.write_csv().splitlines()
    lines.insert(3, "half,a,row")
    path.write_text("\n".join(lines) + "\n")
    found = project.explain(path)
    assert found.frame.columns[: rows.width] == [*rows.columns[:-1], "score_"]
    assert found.frame["months"].to_list() == [
        rows["months"][0],
        rows["months"][1],
        None,
        *rows["months"][2:],
    ]
    assert found.n_failed == 1
    assert "half" in found.frame["problem"][2]
    assert found.row(3) == project.explain(rows).row(
        3
    )  # rows of the table are counted, as predict counts them


def test_importance_is_of_valid(project):
    found = project.importance(repeats=2)
    assert (found.metric, found.part, found.n_rows) == ("roc_auc", "valid", len(project.split.valid))
    assert found.ranked()[0]["column"] in ("contract", "joined", "months")
    assert project.importance("log_loss", part="train", repeats=1).metric == "log_loss"
    with pytest.raises(UsageError, match="not on 'test'"):
        project.importance(part="test")


def test_importance_is_that_of_the_report(project):
    reported = read_examination(project.bundle.parent).importance
    assert [one.model_dump() for one in reported] == [
        {k: one[k] for k in ("column", "mean", "low", "high")} for one in project.importance().ranked()
    ]


def test_explanations_importance_and_report_print_and_show_themselves(project):
    rows = project.table.frame.head(8).with_columns(months=pl.Series([*["4"] * 7, "many"]))
    found = project.explain(rows)
    told = str(found)
    assert repr(found) == told
    assert "array" not in told
    assert max(map(len, told.splitlines()[1:])) <= 100
    assert told.count("Row ") == 5
    assert found.row(1).reasons[0].words[:40] in told
    assert "3 more rows" in told
    assert "no prediction" in str(project.explain(rows[5:]))
    html = found._repr_html_()
    assert html.count("chance of “yes”") == 15
    report = str(project.report)
    assert report.startswith("Report: Predicting churned (binary classification on 5000 rows of churn")
    assert 'report.save("report.html")' in report
    assert repr(project.report) == report

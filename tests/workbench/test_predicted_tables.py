"""What predictions leave as it was, and what they say where there are no rows, or rows that are none."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import groundup as gu
from groundup.errors import GroundupError
from groundup.workbench.use.predict import predict
from groundup.workbench.use.write import write

BIG = 2**53 + 1
LINEAR = ["LogisticRegression"]
pytestmark = pytest.mark.usefixtures("no_report")


def make_rows(n=120, seed=0):
    """Whole numbers, floats, dates, categories, large numbers, text."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    spend = rng.gamma(2, 30, n).round(2)
    plan = rng.choice(["basic", "plus"], n)
    said = np.where(spend + 8 * (plan == "plus") + rng.normal(size=n) > 60, "@nein", "-ja")
    return pl.DataFrame(
        {
            "code": pl.Series([BIG + i for i in range(n)], dtype=pl.Int64),
            "age": pl.Series(age, dtype=pl.Int32),
            "spend": spend,
            "plan": pl.Series(plan, dtype=pl.Categorical),
            "since": [date(2020, 1 + i % 12, 1 + i % 28) for i in range(n)],
            "y": said,
        }
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory, without_report):
    path = tmp_path_factory.mktemp("project") / "p"
    project = gu.Project(make_rows(), target="y", path=path, learners=LINEAR)
    with without_report():
        project.build(max_fits=5)
    return project


@pytest.fixture
def rows():
    return make_rows(n=20, seed=1).drop("y")


def inputs_of(found, given):
    return found.select(given.columns)


def test_a_frame_passes_through_untouched(built, rows):
    odd = rows.with_columns(
        small=pl.Series(range(20), dtype=pl.UInt8),
        moment=pl.Series([datetime(2024, 1, 1, 12)] * 20).dt.replace_time_zone("Europe/Berlin"),  # noqa: DTZ001
        listed=pl.Series([[1, 2]] * 20),
        money=pl.Series(["1.10"] * 20).cast(pl.Decimal(10, 2)),
        gone=pl.Series([float("nan"), 1.0] * 10),
        truth=pl.Series([True, None] * 10),
    )
    assert_frame_equal(inputs_of(built.predict(odd), odd), odd)
    assert_frame_equal(inputs_of(built.predict(odd.lazy()), odd), odd)
    assert built.predict(odd).columns == [
        *odd.columns,
        "prediction",
        "probability_-ja",
        "probability_@nein",
        "problem",
    ]


def test_cells_that_cannot_be_read_stay_in_the_output(built, rows):
    bad = rows.with_columns(pl.col("age").cast(pl.String))
    cells = bad["age"].to_list()
    cells[2] = "forty"
    bad = bad.with_columns(age=pl.Series(cells))
    found = built.predict(bad)
    assert_frame_equal(inputs_of(found, bad), bad)
    assert found["prediction"].is_null().arg_true().to_list() == [2]


def test_pandas_and_mappings_keep_their_types(built, rows):
    frame = pd.DataFrame(
        {
            "code": np.arange(BIG, BIG + 20),
            "age": rows["age"].to_numpy(),
            "spend": rows["spend"].to_numpy(),
            "plan": rows["plan"].cast(pl.String).to_list(),
            "since": pd.to_datetime(rows["since"].to_list()),
        }
    )
    found = predict(built.bundle, frame).frame
    assert found["age"].dtype == pl.Int32
    assert found["code"].to_list() == list(range(BIG, BIG + 20))
    mapping = {name: frame[name].tolist() for name in frame.columns}
    found = built.predict(mapping)
    assert found["age"].to_list() == mapping["age"]
    assert found["age"].dtype == pl.Int64
    row = {name: values[0] for name, values in mapping.items()}
    assert built.predict([row])["code"].to_list() == [BIG]


def test_parquet_keeps_its_types(built, rows, tmp_path):
    odd = rows.with_columns(
        small=pl.Series(range(20), dtype=pl.UInt16),
        moment=pl.Series([datetime(2024, 1, 1, 12)] * 20).dt.replace_time_zone("UTC"),  # noqa: DTZ001
        gone=pl.Series([float("nan"), 1.0] * 10),
    )
    odd.write_parquet(tmp_path / "new.parquet")
    found = predict(built.bundle, tmp_path / "new.parquet").frame
    assert_frame_equal(inputs_of(found, odd), pl.read_parquet(tmp_path / "new.parquet"))
    assert found.schema["small"] == pl.UInt16


def test_json_lines_keep_text_as_text(built, tmp_path):
    lines = [
        f'{{"code": {BIG}, "age": 40, "spend": 10.5, "plan": "plus", "since": "2020-01-02", "zip": "123"}}',
        "no object",
        f'{{"code": {BIG + 1}, "age": 41, "spend": 11, "plan": "basic", "since": null, "zip": "456"}}',
    ]
    path = tmp_path / "new.jsonl"
    path.write_text("\n".join(lines) + "\n")
    found = predict(built.bundle, path).frame
    assert found["code"].to_list() == [BIG, None, BIG + 1]
    assert found["age"].to_list() == [40, None, 41]
    assert found["zip"].to_list() == ["123", None, "456"]
    assert found["since"].to_list() == ["2020-01-02", None, None]
    assert "line 2 is not a row" in found["problem"][1]
    assert "'no object'" in found["problem"][1]


CSV = f"""code,age,spend,plan,since,zip,huge,blank
{BIG},40,10.50,plus,2020-01-02,007,9223372036854775807,1
{BIG + 1},41,11,basic,2020-02-02,123,9223372036854775808,
"""


def test_text_stays_as_written_or_becomes_whole_numbers(built, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(CSV)
    found = predict(built.bundle, path).frame
    assert found["code"].to_list() == [BIG, BIG + 1]
    assert found["age"].to_list() == [40, 41]
    assert found["blank"].to_list() == [1, None]
    assert found["spend"].to_list() == ["10.50", "11"]
    assert found["since"].to_list() == ["2020-01-02", "2020-02-02"]
    assert found["zip"].to_list() == ["007", "123"]
    assert found["huge"].to_list() == ["9223372036854775807", "9223372036854775808"]
    plain = predict(built.bundle, path, typed=False).frame
    assert plain["age"].to_list() == ["40", "41"]
    assert_frame_equal(plain[plain.columns[-4:]], found[found.columns[-4:]])


# ---------------------------------------------------------------------- no rows


def header_of(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "code,age,spend,plan,since\n",
        "code;age;spend;plan;since",
        '"code"\t"age"\tspend\tplan\tsince\r\n\r\n',
        b"\xef\xbb\xbfcode,age,spend,plan,since,more\n",
    ],
)
def test_a_header_alone_gives_an_empty_result(built, tmp_path, text):
    found = predict(built.bundle, header_of(tmp_path / "new.csv", text))
    full = built.predict(make_rows(n=3).drop("y"))
    assert found.frame.height == 0
    answers = full.columns[-4:]
    assert found.frame.columns[-4:] == answers
    assert [found.frame.schema[c] for c in answers] == [full.schema[c] for c in answers]
    assert (found.n_failed, found.n_warned, found.listed) == (0, 0, ())


def test_other_files_without_rows_are_refused(built, tmp_path):
    for text in ("code,age\n", "\n\n", "code,age,spend,plan,since\nx,y\n1,2\n"):
        with pytest.raises(GroundupError):
            predict(built.bundle, header_of(tmp_path / "new.csv", text))
    with pytest.raises(GroundupError, match="no such file"):
        predict(built.bundle, tmp_path / "none.csv")


def test_an_empty_parquet_file(built, rows, tmp_path):
    rows.head(0).write_parquet(tmp_path / "new.parquet")
    found = predict(built.bundle, tmp_path / "new.parquet").frame
    assert found.height == 0
    assert found.schema["age"] == pl.Int32
    assert found.schema["prediction"] == pl.String


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [([0, 1], pl.Int64), ([False, True], pl.Boolean), (["a", "b"], pl.String), (None, pl.Float64)],
)
def test_the_types_of_answers_do_not_depend_on_the_rows(tmp_path, labels, dtype):
    a = np.random.default_rng(0).normal(size=80)
    target = a * 2 + 1 if labels is None else [labels[int(v > 0)] for v in a]
    frame = pl.DataFrame({"a": a, "y": target})
    learners = ["LinearRegression"] if labels is None else LINEAR
    project = gu.Project(frame, target="y", path=tmp_path, learners=learners)
    project.build(max_fits=5)
    empty, full = project.predict(frame.drop("y").head(0)), project.predict(frame.drop("y"))
    assert empty.schema == full.schema
    assert full.schema["prediction"] == dtype
    all_bad = project.predict(pl.DataFrame({"a": ["x", "y"]}))
    assert all_bad.drop("a").schema == full.drop("a").schema
    assert all_bad["prediction"].to_list() == [None, None]


# ---------------------------------------------------------------------- remarks, names, rejects


def test_remarks_are_those_of_each_row(built, rows):
    frame = rows.with_columns(
        plan=pl.Series(["gold", "plus"] * 10),
        age=pl.Series([900, 900, 40, 40] * 5),
    )
    found = predict(built.bundle, frame)
    expected = [""] * 20
    for problem in built.contract.conform(frame).listed():
        told = str(problem).split(", ", 1)[1]
        at = problem.row - 1
        expected[at] = f"{expected[at]}; {told}" if expected[at] else told
    assert found.frame["problem"].to_list() == expected
    assert "; " in expected[0]
    assert expected[3] == ""
    assert found.n_warned == 15


def test_names_of_the_output_are_never_taken_twice(built, rows):
    frame = rows.with_columns(prediction=1, prediction_=2, problem=3)
    found = built.predict(frame)
    assert found["prediction__"].to_list() == [1] * 20
    assert found["prediction_"].to_list() == [2] * 20
    assert found["problem_"].to_list() == [3] * 20


def test_a_ragged_record_keeps_its_text(built, rows, tmp_path):
    lines = rows.write_csv().splitlines()
    lines.insert(4, "1,2,3,plus,2020-01-01,too,many")
    path = tmp_path / "new.csv"
    path.write_text("\n".join(lines) + "\n")
    found = predict(built.bundle, path)
    assert "'1,2,3,plus,2020-01-01,too,many'" in found.frame["problem"][3]
    assert any("too,many" in told for told in found.listed)
    assert found.n_failed == 1


def test_labels_of_text_are_told(built, rows):
    assert predict(built.bundle, rows).labels == ("-ja", "@nein")


def test_predictions_come_back_in_the_kind_of_frame_given(built, rows):
    expected = built.predict(rows)
    assert isinstance(expected, pl.DataFrame)
    given = rows.to_pandas().set_index(pd.Index(range(100, 120), name="case"))
    given["prediction"] = "mine"
    found = built.predict(given)
    assert found.index.equals(given.index)
    assert found["prediction"].tolist() == expected["prediction"].to_list()
    assert found["prediction_"].tolist() == ["mine"] * 20
    pd.testing.assert_frame_equal(
        found[[*rows.columns]], given[[*rows.columns]]
    )  # own types, a category among them
    assert "problem" not in given  # which is not changed
    table = built.predict(rows.to_arrow())
    assert isinstance(table, pa.Table)
    assert table.column("prediction").to_pylist() == expected["prediction"].to_list()
    assert table.schema.field("age").type == pa.int32()
    assert isinstance(built.predict(rows.lazy()), pl.DataFrame)
    assert isinstance(built.predict(rows.to_dicts()), pl.DataFrame)


def test_refused_rows_have_no_prediction_in_pandas(built, rows):
    given = rows.to_pandas()
    given["spend"] = given["spend"].astype(object)
    given.loc[3, "spend"] = "abc"
    found = built.predict(given)
    assert found["prediction"].isna().tolist() == [i == 3 for i in range(20)]
    assert found["problem"][3].startswith("column 'spend': 'abc' is not")


def test_durations_are_predicted_from_any_frame(tmp_path):
    """The whole way with a column of durations and others of types that no model uses."""
    rng = np.random.default_rng(0)
    minutes = rng.integers(1, 90, 120)
    frame = pl.DataFrame(
        {
            "wait": pl.Series(minutes * 60_000_000).cast(pl.Duration("us")),
            "photo": [b"x"] * 120,
            "tags": [[1]] * 120,
            "left": np.where(minutes + rng.normal(0, 9, 120) > 45, "yes", "no"),
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    project = gu.Project(tmp_path / "t.parquet", target="left", path=tmp_path / "p", learners=LINEAR)
    project.build(max_fits=3)
    assert project.contract.features == ("wait",)
    assert project.contract.by_name["wait"].unit == "s"
    expected = project.predict(tmp_path / "t.parquet")
    assert expected.select(frame.columns).equals(frame)
    assert (expected["prediction"] == frame["left"]).mean() > 0.8
    assert project.predict(frame)["prediction"].equals(expected["prediction"])
    assert project.predict(frame.to_pandas())["prediction"].tolist() == expected["prediction"].to_list()
    model = gu.load(project.bundle)
    assert model.predict_row(frame.row(0, named=True)) == expected["prediction"][0]
    for ending in ("csv", "jsonl", "parquet"):
        write(expected, str(tmp_path / f"out.{ending}"))
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("PT")

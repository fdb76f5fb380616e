"""Real tables: the known leaks are found, and tables without leaks pass."""

import pytest

import groundup as gu

pytestmark = pytest.mark.data

HONEST = [
    ("titanic/titanic_train.csv", "Survived"),
    ("telco_churn/Telco-Customer-Churn.csv", "Churn"),
    ("california_housing/housing.csv", "median_house_value"),
    ("diamonds/diamonds.csv", "price"),
    ("penguins/penguins.csv", "species"),
    ("penguins/penguins_raw.csv", "Species"),
    ("wine_quality/wine_quality.csv", "quality"),
    ("adult/adult_train.csv", "income"),
    ("heart_disease/heart_cleveland.csv", "num"),
    ("ames_housing/ames_housing.csv", "SalePrice"),
    ("auto_mpg/mpg.csv", "mpg"),
    ("elec2/elec2.csv", "class"),
    ("sea_concepts/sea.csv", "label"),
    ("higgs_7k/higgs_train.csv", "label"),
    ("mammography/mammography.csv", "label"),
    ("libsvm_heart_scale/heart_scale.csv", "label"),
    ("mnist_10k/mnist_10k.parquet", "label"),
]
# What may warn in them, and is true: rows that were recorded twice, penguins that were measured again.
TRUE_WARNINGS = {
    ("wine_quality/wine_quality.csv", "duplicates"),
    ("mammography/mammography.csv", "duplicates"),
    ("penguins/penguins_raw.csv", "subject"),
}


@pytest.mark.parametrize(("file", "target"), HONEST)
def test_tables_without_leaks_pass(real_data, file, target):
    found = gu.Project(real_data / file, target).audit
    assert found.ok, found
    assert {(file, f.kind) for f in found.findings if f.level == "warn"} <= TRUE_WARNINGS


def test_the_leak_and_the_repeats_of_titanic(real_data):
    found = gu.Project(real_data / "titanic" / "titanic_with_leaks.csv", "survived").audit
    assert [(f.kind, f.columns) for f in found.blocking] == [("copy", ("alive",))]
    repeated = [f.columns for f in found.findings if f.kind == "repeat"]
    assert repeated == [("pclass", "class"), ("embarked", "embark_town")]


def test_the_total_includes_the_fare(real_data):
    found = gu.Project(real_data / "nyc_taxis" / "taxis.csv", "fare").audit
    assert [(f.kind, f.columns) for f in found.blocking] == [("sum", ("total", "tip", "tolls"))]
    assert gu.Project(real_data / "nyc_taxis" / "taxis.csv", "fare", ignore=["total"]).audit.ok


def test_carat_is_a_note(real_data):
    found = gu.Project(real_data / "diamonds" / "diamonds.csv", "price").audit
    assert {s.column for s in found.scores[:4]} == {"carat", "x", "y", "z"}
    assert [f.level for f in found.findings if f.kind == "proxy"] == ["note"]


def test_wines_with_duplicate_rows(real_data):
    found = gu.Project(real_data / "wine_quality" / "wine_quality.csv", "quality").audit
    twice = next(f for f in found.findings if f.kind == "duplicates")
    assert twice.level == "warn"
    assert 0.25 < twice.score < 0.40

"""What holds for every chart: its specification, its size, its words and its table, whatever the names."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from groundup import charts
from groundup.charts import theme
from groundup.charts.bundle import VEGA_LITE
from groundup.charts.data import MAX_MARKS
from groundup.text.escaping import printable_name

KINDS = [
    "numeric_distribution",
    "category_distribution",
    "leaderboard",
    "clusters_map",
    "confusion_matrix",
    "roc",
    "roc_many",
    "precision_recall",
    "precision_recall_many",
    "threshold_curve",
    "calibration",
    "residuals",
    "importance",
    "learning_curve",
    "partial_dependence",
    "tree",
    "partial_dependence_of_names",
]


def styles_of(node) -> set[str]:
    """Return every style that a specification names."""
    if isinstance(node, list):
        return set().union(*map(styles_of, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    mark = node.get("mark")
    own = {mark["style"]} if isinstance(mark, dict) and "style" in mark else set()
    return own.union(*(styles_of(child) for key, child in node.items() if key != "datasets"))


def fields_of(node) -> set[str]:
    """Return every field name that a specification holds outside its data."""
    if isinstance(node, list):
        return set().union(*map(fields_of, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = {node["field"]} if isinstance(node.get("field"), str) else set()
    return own.union(*(fields_of(child) for key, child in node.items() if key != "datasets"))


def texts_of(svg: str) -> str:
    root = ET.fromstring(svg)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "g", "path", "text", "line", "rect", "defs", "clipPath", "tspan", "circle"}, names
    return "\n".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("text"))


def test_kinds_are_all(plain_charts):
    assert list(plain_charts) == KINDS
    functions = set(charts.__all__) - {"Chart", "bundle", "embed", "theme"}
    assert functions <= set(KINDS), "a chart without an example here"


@pytest.mark.parametrize("kind", KINDS)
def test_specification_is_plain_json_without_colour_or_address(kind, plain_charts):
    chart = plain_charts[kind]
    for spec in chart.panel_specs():
        text = json.dumps(spec, allow_nan=False)
        assert not re.search(r"#[0-9a-fA-F]{6}\b|\brgba?\(", text)
        assert re.findall(r"https?://[^\"]*", text) == [spec["$schema"]]
        assert "config" not in spec
        assert spec["width"] == "container"
        assert spec["description"]
        assert fields_of(spec) == {f for f in fields_of(spec) if f.isidentifier()}
        used = styles_of(spec)
        known = theme.config("page")["style"]
        assert used <= set(known), f"styles that the theme does not know: {used - set(known)}"
        assert not used & {"bar", "line", "area", "point", "rule", "text", "tick", "rect", "cell"}


@pytest.mark.parametrize("kind", KINDS)
def test_altair_accepts_the_whole_chart_and_vega_draws_it(kind, plain_charts):
    chart = plain_charts[kind]
    for name in ("light", "dark"):
        made = chart.to_altair(name).to_dict(validate=len(json.dumps(chart.spec())) < 20_000)
        assert made["config"]["background"] == theme.THEMES[name]["ground"]
        assert made["datasets"] == chart.spec()["datasets"]
    told = texts_of(chart.to_svg("light"))
    assert chart.title in told
    assert "tenure" in told or kind == "calibration"
    assert "undefined" not in told
    assert "NaN" not in told


@pytest.mark.parametrize("kind", KINDS)
def test_many_rows_make_few_marks(kind, make_charts):
    chart = (
        make_charts("x", n=60_000)[kind] if kind in {"residuals", "roc"} else make_charts("x", n=4_000)[kind]
    )
    for spec in chart.panel_specs():
        n_marks = sum(map(len, spec["datasets"].values())) * max(1, len(spec.get("layer", [1])))
        assert sum(map(len, spec["datasets"].values())) <= MAX_MARKS
        assert n_marks <= 4 * MAX_MARKS
        assert len(json.dumps(spec)) < 160_000
    assert len(chart.as_table()["rows"]) <= 100


def test_the_same_data_make_the_same_bytes(make_charts):
    one, other = make_charts("a"), make_charts("a")
    for kind in KINDS:
        assert json.dumps(one[kind].panel_specs()) == json.dumps(other[kind].panel_specs())


@pytest.mark.parametrize("kind", KINDS)
def test_words_and_table(kind, plain_charts):
    chart = plain_charts[kind]
    assert chart.reading.endswith((".", ")."))
    assert 40 < len(chart.reading) < 500
    table = chart.as_table()
    assert table["caption"]
    assert len(set(table["columns"])) == len(table["columns"])
    assert table["rows"]
    assert all(len(row) == len(table["columns"]) for row in table["rows"])
    json.dumps(table, allow_nan=False)


def drawn_text(spec: dict) -> str:
    import vl_convert

    return texts_of(
        vl_convert.vegalite_to_svg(
            spec | {"width": 400, "config": theme.config("light")}, vl_version=VEGA_LITE
        )
    )


def test_hostile_names_are_text_everywhere(hostile, make_charts):
    for kind, chart in make_charts(hostile, n=20).items():
        whole = f"{chart.title}{chart.reading}{json.dumps(chart.as_table(), ensure_ascii=False)}"
        whole.encode("utf-8")
        assert not re.search(
            "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066\u2067\u2028\u2029]", whole
        ), kind
        for spec in chart.panel_specs():
            assert all(field.isidentifier() for field in fields_of(spec)), kind
            assert hostile not in expressions_of(spec) or hostile in {"", "true", "null"}, kind


def expressions_of(node) -> list[str]:
    """Return every expression of a specification: filters, tests, labels."""
    if isinstance(node, list):
        return [found for child in node for found in expressions_of(child)]
    if not isinstance(node, dict):
        return []
    own = [
        str(node[key])
        for key in ("filter", "calculate", "expr", "test", "labelExpr", "signal")
        if key in node
    ]
    return own + [
        found for key, child in node.items() if key != "datasets" for found in expressions_of(child)
    ]


@pytest.mark.parametrize("name", ["constructor", "a.b[0]", "</script><script>", "\u202egnp.exe"])
def test_vega_draws_charts_of_hostile_names(name, make_charts):
    for kind, chart in make_charts(name, n=20).items():
        told = "".join(map(drawn_text, chart.panel_specs()))
        assert "undefined" not in told, kind
        assert "NaN" not in told, kind
        if kind in {"confusion_matrix", "importance", "leaderboard", "category_distribution", "tree"}:
            assert printable_name(name).strip()[:8] in told, kind


def test_vega_draws_all_hostile_names_in_one_chart(hostile_names):
    n = len(hostile_names)
    drawn = drawn_text(charts.confusion_matrix([[1] * n] * n, hostile_names).panel_specs()[0])
    board = charts.leaderboard(
        [{"name": name, "score": i} for i, name in enumerate(hostile_names)], metric="m", top=99
    )
    bars = charts.category_distribution(dict.fromkeys(hostile_names, 9), name="x", top=99)
    for told in (drawn, drawn_text(board.panel_specs()[0]), drawn_text(bars.panel_specs()[0])):
        for name in hostile_names:
            assert printable_name(name)[:8].strip() in told, ascii(name)


def test_levels_that_look_alike_keep_their_own_line(make_charts):
    chart = make_charts("x")["confusion_matrix"]
    assert [row[0] for row in chart.as_table()["rows"]] == ["x", "plain", "x (2)"]


def test_a_notebook_shows_the_chart_itself(plain_charts):
    html = plain_charts["roc"]._repr_html_()
    assert "<svg" in html
    assert "<script" not in html


def test_the_package_is_light_and_needs_neither_polars_nor_scikit_learn():
    code = (
        "import sys, groundup.charts as c; assert 'altair' not in sys.modules;"
        "c.roc([0, 1, 0, 1], [.1, .9, .3, .2]).panel_specs();"
        "heavy = {'sklearn', 'polars', 'pandas', 'numba', 'vl_convert'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'pie'"):
        _ = charts.pie


def test_a_stored_chart_is_the_same_chart(plain_charts):
    for chart in plain_charts.values():
        stored = json.loads(json.dumps(chart.to_object(), allow_nan=False))
        again = charts.Chart.from_object(stored)
        assert again.panel_specs() == chart.panel_specs()
        assert again.spec("dark") == chart.spec("dark")
        assert (again.title, again.reading, again.as_table()) == (chart.title, chart.reading, chart.table)

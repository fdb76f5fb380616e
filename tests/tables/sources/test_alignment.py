"""Which cell belongs to which column: delimiters at the end, missing last cells, headers inside the file."""

import pytest

from groundup.errors import GroundupError
from groundup.tables import read

HEAD = "age,income,left\n"
LINES = [f"{20 + i % 30},{1000 + 7 * i}.5,{'yes' if i % 3 else 'no'}" for i in range(40)]
BODY = "\n".join(LINES) + "\n"
ROWS = [(20 + i % 30, 1000 + 7 * i + 0.5, "yes" if i % 3 else "no") for i in range(40)]


@pytest.fixture
def table_of(tmp_path):
    """table_of(text) -> Table."""

    def read_text(text, **options):
        path = tmp_path / "t.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return read(path, **options)

    return read_text


def note_of(table, kind):
    return " ".join(note.message for note in table.notes if note.kind == kind)


def ended(text, tail):
    return text.replace("\n", tail + "\n")


# ---------------------------------------------------------------------- delimiters at the end


@pytest.mark.parametrize(
    ("head", "tail", "told"),
    [
        ("", ",", "of 40 rows"),
        (",", "", "of the header is"),
        (",,,", "", "of the header is"),
        ("", ", ", "of 40 rows"),
        ("", ',""', "of 40 rows"),
    ],
)
def test_a_delimiter_at_the_end_adds_no_column(table_of, head, tail, told):
    table = table_of(ended(HEAD, head) + ended(BODY, tail))
    assert table.columns == ["age", "income", "left"]
    assert table.frame.rows() == ROWS
    assert told in note_of(table, "trailing")
    assert not table.rejects


def test_delimiters_at_the_end_of_header_and_rows_are_a_column_without_a_value(table_of):
    table = table_of(ended(HEAD, ",") + ended(BODY, ","))
    assert table.columns == ["age", "income", "left", "column_4"]
    assert table.frame["column_4"].null_count() == 40


def test_a_delimiter_at_the_end_where_there_is_no_header(table_of):
    assert table_of(ended(BODY, ",")).columns == ["column_1", "column_2", "column_3"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_at_the_end(table_of, delimiter):
    assert table_of((HEAD + ended(BODY, ",")).replace(",", delimiter)).frame.rows() == ROWS


def test_a_value_beyond_the_last_name_rejects_its_row_and_moves_no_cell(table_of):
    text = HEAD + ended(BODY, ",").replace(LINES[5] + ",", LINES[5] + ",x")
    table = table_of(text)
    assert table.frame.rows() == ROWS[:5] + ROWS[6:]
    assert [(r.line, r.reason) for r in table.rejects] == [(7, "4 cells instead of 3")]


def test_row_names_before_the_first_column_are_told_from_delimiters_at_the_end(table_of):
    named = table_of(HEAD + "".join(f'"{i + 1}",{line}\n' for i, line in enumerate(LINES)))
    assert named.columns == ["row", "age", "income", "left"]
    assert "the first column is called 'row'" in note_of(named, "row_names")
    with pytest.raises(GroundupError, match=r"not a table: 40 of 40.*4 cells instead of 3"):
        table_of(HEAD + "".join(f"a,{line}\n" for line in LINES))  # not names: they repeat


# ---------------------------------------------------------------------- headers inside


@pytest.mark.parametrize(
    "again",
    [
        HEAD,
        "\ufeff" + HEAD,
        '"age","income","left"\n',
        "age, income , left\n",
        HEAD.upper(),
        "age,income,left,\n",
    ],
)
def test_a_header_inside_is_set_aside(table_of, again):
    table = table_of(HEAD + BODY + again + BODY)
    assert table.frame.rows() == ROWS * 2
    assert "1 record repeats the header" in note_of(table, "repeated")
    assert "line 42" in note_of(table, "repeated")
    assert not table.rejects


def test_several_headers_and_text_columns(table_of):
    part = "town,plan,remark\n" + "".join(f"town{i},{['a', 'b'][i % 2]},text {i}\n" for i in range(20))
    table = table_of(part * 3)
    assert table.n_rows == 60
    assert "2 records repeat the header" in note_of(table, "repeated")
    assert "line 22, 43" in note_of(table, "repeated")


def test_a_header_with_a_repeated_name_is_set_aside_too(table_of):
    part = "a,a,b\n" + "".join(f"{i},{i},{i}\n" for i in range(9))
    assert table_of(part * 2).frame.rows() == [(i, i, i) for i in range(9)] * 2


def test_a_header_with_other_columns_order_is_refused(table_of):
    with pytest.raises(GroundupError, match=r"columns in another order.*t\.csv.*line 42"):
        table_of(HEAD + BODY + "income,age,left\n" + BODY)


# ---------------------------------------------------------------------- missing last cells


@pytest.mark.parametrize("n_complete", [0, 1, 12, 39])
def test_missing_last_cells_are_missing_values(table_of, n_complete):
    lines = [line + (",seen,web" if i < n_complete else "") for i, line in enumerate(LINES)]
    table = table_of(HEAD.replace("\n", ",note,source\n") + "\n".join(lines) + "\n")
    assert table.frame.select("age", "income", "left").rows() == ROWS
    assert table.frame["note"].to_list() == ["seen"] * n_complete + [None] * (40 - n_complete)
    assert f"{40 - n_complete} row" in note_of(table, "short")
    assert f"line {n_complete + 2}" in note_of(table, "short")
    assert not table.rejects


def test_rows_of_several_lengths_keep_their_order(table_of):
    tails = ["", ",seen", ",seen,web"]
    table = table_of(
        HEAD.replace("\n", ",note,source\n") + "".join(f"{x}{tails[i % 3]}\n" for i, x in enumerate(LINES))
    )
    assert table.frame.select("age", "income", "left").rows() == ROWS
    assert table.frame["note"].to_list() == ([None, "seen", "seen"] * 14)[:40]
    assert table.frame["source"].to_list() == ([None, None, "web"] * 14)[:40]


@pytest.mark.parametrize(
    ("tail", "lines"),
    [
        ("Total: 40 rows\n", [42]),  # a footer
        ("20,5.5\nsecond half,yes\n", [42, 43]),  # one record in two lines
        ("20,10", [42]),  # the file ends inside a record
        ("x,y\n", [42]),  # text below numbers
        ("1,2,no,more\n", [42]),
    ],
)
def test_what_is_no_row_is_rejected(table_of, tail, lines):
    table = table_of(HEAD + BODY + tail)
    assert table.frame.rows() == ROWS
    assert [r.line for r in table.rejects] == lines


def test_a_single_record_of_few_cells_is_no_row_but_many_are(table_of):
    wide = "a,b,c,d,e,f\n" + "1,2,3,4,5,6\n" * 30
    assert [r.line for r in table_of(wide + "1,2\n").rejects] == [32]
    assert table_of(wide + "1,2\n" * 10).n_rows == 40


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sir, I write, as you know, to say\nthat the rain, the wind\nand so on, we were late\nfor all of it\n",
        "In the beginning, there was, well, nothing, but dark\nand then, light\nwhich was good\nthe end\n",
        "a,b,c\nx\ny\nz\none,two\n",
    ],
)
def test_text_with_commas_is_no_table(table_of, text):
    with pytest.raises(GroundupError, match=r"not a table"):
        table_of(text)


def test_columns_that_are_blank_in_these_rows_are_read_at_prediction_time(tmp_path):
    """Training had values in a column without a name; the rows to predict have none."""
    from groundup.workbench.use.prediction_input import read_input

    path = tmp_path / "t.csv"
    path.write_text("a,b,\n1,2,\n3,4,\n")
    given = read_input(str(path), ["a", "b", "column_3"], typed=True)
    assert given.table.columns == ["a", "b", "column_3"]
    assert given.table.frame["column_3"].to_list() == [None, None]

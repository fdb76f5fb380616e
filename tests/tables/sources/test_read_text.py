"""Text tables: what is detected, what is noted, and that no record is lost."""

# ruff: noqa: DTZ001 - a moment in a table has no zone: it is UTC

import csv
import datetime as dt
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.errors import GroundupError, UsageError
from groundup.tables import read
from groundup.tables.sources.assemble import Source, assemble_by_bytes, assemble_by_parser
from groundup.tables.sources.dialect import Layout
from groundup.tables.sources.records import Dialect, scan


@pytest.fixture
def written(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def kinds(table):
    return {note.kind for note in table.notes}


def test_numbers_text_truth_and_dates(written):
    table = read(
        written(
            "n,i,t,b,d\n1.5,1,x,true,2024-01-31\n-2,2,y z,FALSE,2024-02-29\n,,,,\n3e2,3,w,true,2024-03-01\n"
        )
    )
    assert table.frame.dtypes == [pl.Float64, pl.Int64, pl.String, pl.Boolean, pl.Datetime("us")]
    assert table.frame.row(0) == (1.5, 1, "x", True, dt.datetime(2024, 1, 31))
    assert table.n_rows == 3
    assert "blank" in kinds(table)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_detected(written, delimiter):
    rows = [["name", "size", "day"], ["a b", "1.5", "2024-01-01"], ["c", "2.5", "2024-01-02"]]
    table = read(written("\n".join(delimiter.join(row) for row in rows)))
    assert table.columns == rows[0]
    assert table.frame["size"].to_list() == [1.5, 2.5]
    assert ("delimiter" in kinds(table)) == (delimiter != ",")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(written, end):
    table = read(written(end.join(["a,b", "1,x", '2,"y"', "3,z"]) + end))
    assert table.frame.rows() == [(1, "x"), (2, "y"), (3, "z")]


def test_mixed_line_ends(written):
    assert read(written("10,hello,20\r\n20,world,30\n30,test,30\r"), header=False).frame.height == 3


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]
)
def test_encodings(written, encoding):
    text = "Straße,größe\nMüllerstraße,1\nCafé du Théâtre,2\nGarcía Peña,3\n"
    table = read(written(text.encode(encoding)))
    assert table.columns == ["Straße", "größe"]
    assert table.frame["Straße"].to_list()[1:] == ["Café du Théâtre", "García Peña"]


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp932", ["東京都", "大阪府", "さくら", "カメラ"]),
        ("big5", ["台北市", "高雄市", "風景區", "觀光"]),
        ("gb18030", ["北京市", "上海市", "中国人民", "银行"]),
        ("cp1251", ["Москва", "Санкт-Петербург", "Новосибирск", "Казань"]),
        ("mac_roman", ["Orléans", "Besançon", "Île de Ré", "Saint-Étienne"]),
    ],
)
def test_older_encodings_are_guessed_and_noted(written, encoding, words):
    table = read(
        written(("city,n\n" + "\n".join(f"{w},{i}" for i, w in enumerate(words * 4))).encode(encoding))
    )
    assert table.frame["city"].to_list() == words * 4
    assert any(n.kind == "encoding" and "guess" in n.message for n in table.notes)


def test_an_unreadable_encoding_is_reported(written):
    with pytest.raises(GroundupError, match=r"encoding cannot be detected.*line 3"):
        read(written(b"a,b\n1,2\n\xfa\xf0\x9f\xd7,\x9d\x81\n"))
    with pytest.raises(UsageError, match=r"Unknown encoding 'uft-8'.*Did you mean 'utf"):
        read(written("a,b\n1,2\n"), encoding="uft-8")
    with pytest.raises(GroundupError, match=r"line 3, byte"):
        read(written("a,b\n1,2\né,3\n".encode("cp1252")), encoding="utf-8")


def test_damaged_utf8_rejects_its_rows(written):
    good = "".join(f"{i},größe\n" for i in range(20)).encode()
    table = read(written(b"a,b\n" + good + b"99,x\xffy\n"))
    assert table.n_rows == 20
    assert table.rejects[0].line == 22
    assert "encoding" in table.rejects[0].reason


def test_ragged_records_are_rejected_and_listed(written):
    body = "".join(f"{i},{i * 2},x\n" for i in range(30))
    table = read(written("a,b,c\n" + body + "total\n" + "4,5,6,7\n" + body))
    assert table.n_rows == 60
    assert [(r.line, r.reason) for r in table.rejects] == [
        (32, "1 cell instead of 3"),
        (33, "4 cells instead of 3"),
    ]


def test_empty_cells_beyond_the_last_column_are_ignored_and_noted(written):
    table = read(written("a,b\n1,2\n3,4,,\n5,6\n7,8\n"))
    assert table.frame.rows() == [(1, 2), (3, 4), (5, 6), (7, 8)]
    assert any(n.kind == "ragged" and "line 3" in n.message for n in table.notes)


def test_a_file_without_equal_records_is_refused(written):
    with pytest.raises(GroundupError, match=r"not a table: 3 of 4 records"):
        read(written("One,two,three\n1,2,3,4\n1,2,3\n1,2,3,4,5\n1,2,3,4,5\n"))


def test_quotes_line_breaks_and_escapes(written):
    table = read(written('a,b\n1,"x, ""y""\nz"\n2,w\n'))
    assert table.frame["b"].to_list() == ['x, "y"\nz', "w"]
    loose = read(written('a,b\n1,"the "big" one"\n2,"w"\n3,"x"\n'))
    assert loose.frame["b"].to_list() == ['the "big" one', "w", "x"]
    assert any(n.kind == "quotes" and "line 2" in n.message for n in loose.notes)
    escaped = read(written("a,b,c\n1,x\\, y,3\n2,z\\, w,4\n3,q\\, r,5\n"))
    assert escaped.frame["b"].to_list() == ["x, y", "z, w", "q, r"]


def test_an_unclosed_quote_costs_its_line_only(written):
    body = "".join(f"{i},text\n" for i in range(50))
    table = read(written("a,b\n" + body + '50,"open\n' + body))
    assert table.n_rows == 100
    assert [(r.line, r.reason) for r in table.rejects] == [(52, "a quote is not closed")]


def test_quotes_that_open_messages_do_not_swallow_the_next_ones(written):
    rows = [f"{'ham' if i % 3 else 'spam'}\tmessage {i}" for i in range(60)]
    rows[20], rows[25] = 'ham\t"I said', 'spam\tthen no"'
    rows[30] = 'ham\t"Gimme a few" was 3 minutes ago'
    table = read(written("\n".join(rows), "sms.tsv"))
    assert table.n_rows + len(table.rejects) == 60
    assert table.n_rows >= 59
    assert table.frame.row(30 - (60 - table.n_rows))[1] == '"Gimme a few" was 3 minutes ago'
    commas = [r.replace("\t", ",") for r in rows]
    assert read(written("\n".join(commas))).n_rows >= 59
    prose = read(written('text,n\n"Hello, world\nfoo",1\nbar,2\n'))
    assert prose.frame.rows() == [("Hello, world\nfoo", 1), ("bar", 2)]


def test_header_detected_assumed_or_given(written):
    assert read(written("1,2\n3,4\n")).columns == ["column_1", "column_2"]
    assert read(written("a,b\n3,4\n")).columns == ["a", "b"]
    words = read(written("red,green\nblue,pink\ngrey,black\n"))
    assert words.columns == ["red", "green"]
    assert "header" in kinds(words)
    assert read(written("red,green\nblue,pink\n"), header=False).n_rows == 2
    assert read(written("valid,valid,valid\n" * 6)).n_rows == 6
    years = read(written("Year,2000,2001,2002\ncoal,1,2,3\ngas,4,5,6\n"))
    assert years.columns == ["Year", "2000", "2001", "2002"]


def header_note(table):
    return " ".join(str(note) for note in table.notes if note.kind == "header")


def text_table(rng, head=None, n=100):
    """Towns, levels and remarks; `head` above them."""
    words = [f"{a}{b}" for a in ("lor", "ips", "dol", "sit", "con") for b in ("em", "um", "or", "ante")]
    rows = [
        [
            f"{rng.choice(words)}{i:03}",
            rng.choice(["basic", "plus", "family"]),
            " ".join(rng.choice(words, 6)),
        ]
        for i in range(n)
    ]
    return "\n".join(",".join(row) for row in ([] if head is None else [head]) + rows)


@pytest.mark.parametrize("head", [["town", "plan", "remark"], ["town", "0", "1e9"], ["plan", "plan", "text"]])
def test_a_header_above_text_is_detected(written, head):
    """Even where it repeats a name, or holds numbers, as a row of words would not."""
    table = read(written(text_table(np.random.default_rng(0), head)))
    assert table.n_rows == 100
    assert table.columns[0] == head[0]
    assert "read as column names" in header_note(table)
    assert "--no-header" in header_note(table)


def test_a_level_may_also_be_a_column_name(written):
    table = read(written(text_table(np.random.default_rng(0), ["town", "plus", "x"])))
    assert table.columns == ["town", "plus", "x"]


def test_text_without_a_header_keeps_its_first_row_if_a_word_is_repeated(written):
    n_wrong = 0
    for seed in range(50):
        table = read(written(text_table(np.random.default_rng(seed))))
        n_wrong += table.n_rows != 100
        assert "read as" in header_note(table)
    assert n_wrong <= 2  # the bound is 5 %


def test_repeated_and_empty_names(written):
    table = read(written("id,name,id,,id_2\n1,x,2,3,4\n5,y,6,7,8\n"))
    assert table.columns == ["id", "name", "id_3", "column_4", "id_2"]
    assert sum(n.kind == "header" for n in table.notes) == 2


def test_titles_above_the_table_are_rejected(written):
    table = read(written("Report of 2024,,\n,,\nname,x,y\na,1,2\nb,3,4\nc,5,6\n"))
    assert table.columns == ["name", "x", "y"]
    assert [r.line for r in table.rejects] == [1]
    assert table.n_rows == 3


def test_codes_keep_every_digit(written):
    table = read(written("zip,id,n\n01234,1234567890123456789,1\n99999,9223372036854775807,2\n"))
    assert table.frame["zip"].to_list() == ["01234", "99999"]
    assert table.frame["id"].to_list() == [1234567890123456789, 9223372036854775807]
    longer = read(written("id,n\n12345678901234567890,1\n22345678901234567890,2\n"))
    assert longer.frame["id"].to_list() == ["12345678901234567890", "22345678901234567890"]
    assert "codes" in kinds(table)
    assert "codes" in kinds(longer)


@pytest.mark.parametrize("zero", ["0", "0.5", "-0.25", "00.5"])
def test_a_zero_before_the_point_is_a_number(written, zero):
    assert read(written(f"a,b\n{zero},1\n2.5,2\n")).frame["a"].to_list() == [float(zero), 2.5]


def test_blank_cells_among_numbers_are_missing(written):
    table = read(written("total,n\n" + "".join(f"{i}.5,1\n" for i in range(100)) + " ,1\n,1\n"))
    assert table.frame["total"].dtype == pl.Float64
    assert table.frame["total"].null_count() == 2


def test_signs_and_rare_words_among_numbers_are_missing_and_noted(written):
    body = "".join(f"{i},{i}\n" for i in range(200))
    table = read(written("a,b\n" + body + "?,unknown\n***,error\n"))
    assert table.frame.dtypes == [pl.Int64, pl.Int64]
    assert table.frame.null_count().row(0) == (2, 2)
    assert {n.column for n in table.notes if n.kind == "missing"} == {"a", "b"}


def test_text_among_numbers_stays_text_and_is_noted(written):
    table = read(written("rain\n" + "".join(f"{i}.1\nT\n" for i in range(10)) + "12\n" * 20))
    assert table.frame["rain"].dtype == pl.String
    assert table.frame["rain"].to_list().count("T") == 10
    assert "mixed" in kinds(table)
    codes = read(written("stock,n\n" + "".join(f"8512{i % 10},1\n" for i in range(300)) + "85123A,1\n"))
    assert codes.frame["stock"].dtype == pl.String
    forced = read(written("rain\nT\n1.5\n2\n"), types={"rain": "number"})
    assert forced.frame["rain"].to_list() == [None, 1.5, 2.0]
    assert "missing" in kinds(forced)


def test_na_is_missing_but_not_among_country_codes(written):
    people = read(written("sex,n\nmale,1\nNA,2\nfemale,3\n"))
    assert people.frame["sex"].to_list() == ["male", None, "female"]
    assert "missing" in kinds(people)
    lands = read(written("land,n\n" + "".join(f"{c},1\n" for c in ["DE", "FR", "NA", "ZA", "US", "IT"])))
    assert lands.frame["land"].to_list() == ["DE", "FR", "NA", "ZA", "US", "IT"]
    quality = read(written("q,n\nNone,1\nGood,2\nNone,3\n"))
    assert quality.frame["q"].to_list() == ["None", "Good", "None"]


def test_commas_in_numbers(written):
    assert read(written("a;b\n0,5;x\n1,25;y\n")).frame["a"].to_list() == [0.5, 1.25]
    assert read(written("a;b\n1.234,5;x\n12,25;y\n")).formats == {"a": "decimal_comma"}
    assert read(written('a,b\n"1,234.50",x\n"12,345,678",y\n')).frame["a"].to_list() == [1234.5, 12345678.0]
    doubtful = read(written('a,b\n"1,234",x\n"5,678",y\n'))
    assert doubtful.frame["a"].to_list() == [1234.0, 5678.0]
    assert any(n.kind == "commas" and "decimal_comma" in n.message for n in doubtful.notes)
    other = read(written('a,b\n"1,234",x\n"5,678",y\n'), types={"a": "decimal_comma"})
    assert other.frame["a"].to_list() == [1.234, 5.678]
    broken = read(written('a,b\n"100,000.00",1\n"300,0,00.40",2\n'))
    assert broken.frame["a"].dtype == pl.String


def test_days_and_months(written):
    first = read(written("d\n13/02/2024\n01/02/2024\n"))
    assert first.frame["d"].to_list() == [dt.datetime(2024, 2, 13), dt.datetime(2024, 2, 1)]
    assert first.formats == {"d": "dmy"}
    assert read(written("d\n02/13/2024\n01/02/2024\n")).frame["d"].to_list()[1] == dt.datetime(2024, 1, 2)
    doubtful = read(written("d\n03/02/2024\n01/02/2024\n"))
    assert any(n.kind == "dates" and "mdy" in n.message for n in doubtful.notes)
    led = read(written("d,e\n03/02/2024,12/31/2023\n01/02/2024,01/02/2024\n"))
    assert led.frame["d"].to_list()[0] == dt.datetime(2024, 3, 2)
    assert "dates" not in kinds(read(written("d\n10-10-2020\n01-01-2020\n")))
    mixed = read(written("d,n\n2024-03-08,1\n2024-03-09,2\n03/10/2024,3\n"))
    assert mixed.frame["d"].dtype == pl.String
    assert "dates" in kinds(mixed)
    assert read(written("v\n1.2.10\n1.3.11\n2.0.12\n")).frame["v"].dtype == pl.String


def test_overflow_is_noted(written):
    table = read(written("a,b\n1e400,1\n2,2\n"))
    assert table.frame["a"].to_list() == [float("inf"), 2.0]
    assert "infinite" in kinds(table)


def test_types_text_leaves_cells_as_written(written):
    table = read(written("a,b\n 012 ,NA\n1e5,\n"), types="text")
    assert table.frame.rows() == [(" 012 ", "NA"), ("1e5", None)]
    assert table.frame.dtypes == [pl.String] * 2


def test_given_types_are_checked(written):
    path = written("alpha,beta\n1,2\n")
    with pytest.raises(UsageError, match=r"'alhpa'.*Did you mean 'alpha'"):
        read(path, types={"alhpa": "text"})
    with pytest.raises(UsageError, match=r"Unknown type 'numbr'.*Did you mean 'number'"):
        read(path, types={"alpha": "numbr"})
    assert read(path, types={"alpha": "text"}).frame["alpha"].to_list() == ["1"]


def test_header_only_blank_and_binary(written):
    with pytest.raises(GroundupError, match=r"only a header \('a', 'b'\)"):
        read(written("a,b\n"))
    with pytest.raises(GroundupError, match=r"has blanks only"):
        read(written(" \n\n"))
    with pytest.raises(GroundupError, match=r"NUL"):
        read(written(b"a,b\n1,\x00\x00\n\x02\x00\x01\n"))


def test_one_column_and_one_row(written):
    assert read(written("a\n1\n2\n3\n")).frame.rows() == [(1,), (2,), (3,)]
    assert read(written("a,b\n1,x\n")).frame.rows() == [(1, "x")]
    assert read(written('"100,000.00"\n"300,000.20"\n')).frame.shape == (2, 1)


# A cell with both commas and line breaks may hold rows of its own: see rows_of_their_own.
cell = st.text(st.sampled_from('ab1 ,;"\té'), max_size=6) | st.text(
    st.sampled_from('ab1 ;"\n\r\té'), max_size=6
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(cell, cell, st.integers(-5, 5)), min_size=1, max_size=12))
def test_csv_round_trip(tmp_path_factory, rows):
    """Python's csv writer, strictly quoted, is the oracle: cells as written, whatever they hold."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["first", "second", "number"])
    writer.writerows([(a or "-", b or "-", n) for a, b, n in rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(out.getvalue().encode())
    table = read(path, delimiter=",", header=True, types="text")
    assert table.frame.rows() == [(a or "-", b or "-", str(n)) for a, b, n in rows]
    assert not table.rejects


short = st.text(st.sampled_from('ab1 "é'), max_size=3) | st.just("x\ny")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(short, min_size=1, max_size=5), min_size=2, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_both_ways_of_assembling_agree(rows, end, keep_blank):
    """The byte ranges and the lenient parser set the same records aside and keep the same cells."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["first", "second", "third"], ["p", "q", "r"], *rows, ["s", "t", "u"]])
    utf8 = out.getvalue().encode()
    dialect, start = Dialect(","), Layout(0, has_header=True, uncertainty="", width=3, firsts=frozenset())
    spans = scan(utf8, ",")
    if not spans.well_quoted:
        return
    fast = assemble_by_bytes(Source(utf8, spans, dialect), start, keep_blank=keep_blank)
    slow = assemble_by_parser(utf8.decode(), dialect, start, keep_blank=keep_blank)
    if fast is None:  # mended rows are the parser's
        return
    assert fast.frame.fill_null("").rows() == slow.frame.rows()
    assert [(r.line, r.reason) for r in fast.rejects] == [(r.line, r.reason) for r in slow.rejects]
    assert fast.notes == slow.notes


def test_empty_cells_are_a_row_if_a_contract_checks_them(written):
    path = written("a,b\n1,2\n,\n\n3,4\n")
    assert read(path).n_rows == 2
    assert read(path, types="text").frame.rows() == [("1", "2"), (None, None), ("3", "4")]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_our_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "t.csv"
    path.write_bytes(data)
    try:
        table = read(path)
    except GroundupError:
        return
    assert table.n_rows > 0


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('a1,;"\n\t|.é0- '), max_size=120))
def test_any_text_gives_a_table_or_our_error(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("text") / "t.csv"
    path.write_bytes(text.encode())
    try:
        table = read(path)
    except GroundupError:
        return
    assert table.n_rows > 0
    assert len(set(table.columns)) == table.frame.width

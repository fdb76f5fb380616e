"""The JavaScript bundle: made without a network, kept whole, made anew when broken."""

import threading

import altair as alt
import pytest
import vl_convert

from groundup.charts import bundle
from groundup.engine.kernels.cache import cache_root


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUNDUP_CACHE_DIR", str(tmp_path / "cache"))
    cache_root.cache_clear()
    bundle.javascript.cache_clear()
    yield tmp_path / "cache"
    cache_root.cache_clear()
    bundle.javascript.cache_clear()


def test_versions_belong_together():
    assert bundle.VEGA_LITE in vl_convert.get_vegalite_versions()
    assert alt.SCHEMA_VERSION.startswith(f"v{bundle.VEGA_LITE}.")


def test_it_is_made_once_and_kept(own_cache, monkeypatch):
    source = bundle.javascript()
    assert 500_000 < len(source.encode()) < 1_200_000
    assert "window.vegaEmbed=" in source
    path = bundle.bundle_path()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert bundle.VEGA_LITE in path.name
    bundle.javascript.cache_clear()
    monkeypatch.setattr(bundle, "_made", lambda: pytest.fail("made again"))
    assert bundle.javascript() == source


def test_a_broken_file_is_made_anew(own_cache, monkeypatch):
    monkeypatch.setattr(bundle, "_made", lambda: "let whole = 1;")
    assert bundle.javascript() == "let whole = 1;"
    path = bundle.bundle_path()
    for broken in (b"", b"\xff\xfe", path.read_bytes()[:-3], path.read_bytes().replace(b"1", b"2")):
        path.write_bytes(broken)
        bundle.javascript.cache_clear()
        assert bundle.javascript() == "let whole = 1;"
        assert path.read_text().endswith("\nlet whole = 1;")


def test_many_at_once_leave_one_whole_file(own_cache, monkeypatch):
    monkeypatch.setattr(bundle, "_made", lambda: "x" * 300_000)
    path = bundle.bundle_path()
    path.parent.mkdir(parents=True)
    threads = [threading.Thread(target=bundle._write, args=(path, "x" * 300_000)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bundle._read(path) == "x" * 300_000
    assert len(list(path.parent.iterdir())) == 1


def test_without_a_folder_each_process_makes_its_own(monkeypatch):
    monkeypatch.setattr(bundle, "bundle_path", lambda: None)
    monkeypatch.setattr(bundle, "_made", lambda: "made")
    bundle.javascript.cache_clear()
    assert bundle.javascript() == "made"
    bundle.javascript.cache_clear()


def test_a_full_disk_costs_only_the_time(own_cache, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(bundle.tempfile, "mkstemp", full)
    monkeypatch.setattr(bundle, "_made", lambda: "made")
    assert bundle.javascript() == "made"


def test_no_html_parser_is_led_out_of_it():
    assert bundle.inside_script("'</script>' '<!--' '</SCRIPT '") == "'<\\/script>' '\\x3C!--' '<\\/SCRIPT '"
    lowered = bundle.javascript().lower()
    assert "</script" not in lowered
    assert "<!--" not in lowered

"""Pages are found by entry points, so that the workbench knows none of them."""

import sys
from importlib.metadata import EntryPoint

import pytest

from groundup.errors import GroundupError
from groundup.workbench.use import serve


def test_the_form_is_declared(tmp_path):
    (form,) = serve.pages_of(tmp_path / "m.groundup")
    assert {"/", "/batch"} <= {route.path for route in form.routes}


def test_pages_of_strangers_stand_beside_it_and_faults_are_told(tmp_path, monkeypatch):
    module = type(sys)("strangers_pages")
    module.pages = lambda file: f"pages of {file.name}"
    monkeypatch.setitem(sys.modules, "strangers_pages", module)
    points = [EntryPoint("b", "strangers_pages:pages", serve.GROUP)]
    monkeypatch.setattr(serve, "entry_points", lambda group: points)
    assert serve.pages_of(tmp_path / "m.groundup") == ["pages of m.groundup"]
    points.append(EntryPoint("a", "strangers_pages:none", serve.GROUP))
    with pytest.raises(GroundupError, match=r"The pages 'a' .* cannot be loaded"):
        serve.pages_of(tmp_path / "m.groundup")

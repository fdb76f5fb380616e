"""How the documentation is built: `make docs`. Nothing in a page asks another host for anything."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "extensions"))

import reference  # noqa: E402 (found by the line above)

(HERE / "api.rst").write_text(reference.page(), encoding="utf-8")  # before autosummary looks for its names

project = "groundup"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "command_reference",
    "settings_reference",
    "mathml",
    "chart_pages",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "images", "gallery/*.ipynb"]
root_doc = "index"

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc describes them
default_role = "py:obj"  # a name in backticks becomes a link if it is documented
numpydoc_show_class_members = False
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

sphinx_gallery_conf = {
    "examples_dirs": ["../examples/gallery"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"\.py$",  # every page runs
    "image_scrapers": ("chart_pages.show_charts",),
    "ignore_repr_types": r"groundup\.charts\.chart\.Chart|altair\.",  # shown as pictures
    "reset_modules": (),  # its own are for matplotlib and seaborn
    "within_subsection_order": "FileNameSortKey",
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "download_all_examples": False,
    "min_reported_time": 1e9,  # durations differ from machine to machine
    "write_computation_times": False,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "groundup"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}

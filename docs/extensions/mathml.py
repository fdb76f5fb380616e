"""Formulas as MathML, which browsers draw and screen readers read: no script, no font, no other host.

Sphinx's own choice (MathJax) is loaded from a CDN. docutils, on which Sphinx stands, turns LaTeX into MathML.
"""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml


def inline(writer, node) -> None:
    """Write a formula within a line."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block(writer, node) -> None:
    """Write a formula on a line of its own, which is scrolled where it is wider than the page."""
    writer.body.append(
        f'<div class="gu-formula" tabindex="0">{tex2mathml(node.astext(), as_block=True)}</div>'
    )
    raise nodes.SkipNode


def setup(app) -> dict:
    """Tell Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}

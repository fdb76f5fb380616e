"""The style of whole pages: the theme's colours, and beside them surfaces, states, type and spacing.

Every page begins with `css` and adds its own rules below, without colours or sizes of its own. Text has a contrast of
4.5:1 against every background that it may stand on (WCAG 2.2, 1.4.3), in light and dark: ``tests/charts/test_page.py``
measures it.
"""

from __future__ import annotations

from pathlib import Path

from groundup.charts import theme

#: Role -> colour. A state has a text colour and a quiet ground for it; colour is never its only sign.
LIGHT = {
    "surface": "#f6f7f9",
    "field": "#ffffff",
    "accent": "#0b5ea8",
    "accent-strong": "#084a86",
    "on-accent": "#ffffff",
    "accent-ground": "#e8f1fa",
    "good": "#0b6b57",
    "good-ground": "#e5f5f0",
    "doubt": "#8a4300",
    "doubt-ground": "#fdf0e3",
    "wrong": "#b3261e",
    "wrong-ground": "#fdecea",
}
DARK = {
    "surface": "#1c2026",
    "field": "#101318",
    "accent": "#56a8f5",
    "accent-strong": "#86c1f8",
    "on-accent": "#0b1017",
    "accent-ground": "#172a3d",
    "good": "#79d6b2",
    "good-ground": "#15302a",
    "doubt": "#f5a562",
    "doubt-ground": "#35261a",
    "wrong": "#ff9d94",
    "wrong-ground": "#3b1f1d",
}
THEMES = {"light": LIGHT, "dark": DARK}


def css() -> str:
    """Return the style sheet that every page begins with: variables of both themes, then the plain elements."""
    light, dark = (";".join(f"--gu-{role}:{colour}" for role, colour in t.items()) for t in (LIGHT, DARK))
    rules = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    return (
        f"{theme.css()}"
        f":root{{{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}\n"
        f"{rules}"
    )

"""Text of every page keeps its contrast on every ground it may stand on."""

import re

import pytest

from groundup.charts import page, theme


def luminance(colour: str) -> float:
    c = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in c)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("ground", "surface", "field")
STATES = ("good", "doubt", "wrong", "accent")


@pytest.mark.parametrize("name", page.THEMES)
def test_text_is_legible_on_every_ground(name):
    c = {**theme.THEMES[name], **page.THEMES[name]}
    for ground in GROUNDS:
        for role in ("ink", "muted", *STATES, "accent-strong"):
            assert contrast(c[role], c[ground]) >= 4.5, (role, ground)
    for state in STATES:
        for role in (state, "ink", "muted"):
            assert contrast(c[role], c[f"{state}-ground"]) >= 4.5, (role, state)
    for button in ("accent", "accent-strong"):
        assert contrast(c["on-accent"], c[button]) >= 4.5


def test_every_variable_that_is_used_is_set():
    css = page.css()
    assert set(re.findall(r"var\((--gu-[a-z0-9-]+)", css)) <= set(re.findall(r"(--gu-[a-z0-9-]+):", css))


def test_print_stays_light_and_nothing_is_fetched():
    assert set(page.LIGHT) == set(page.DARK)
    css = page.css()
    assert all("screen" in q for q in re.findall(r"@media ([^{]*color-scheme[^{]*)\{", css))
    assert "url(" not in css
    assert "@import" not in css

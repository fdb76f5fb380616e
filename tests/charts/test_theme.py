"""Colours that everybody can tell apart and read, measured."""

import itertools
import re

import numpy as np
import pytest

from groundup.charts import theme

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(colour: str) -> np.ndarray:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def encoded(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)


def luminance(rgb: np.ndarray) -> float:
    return float(rgb @ [0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """WCAG 2.2's contrast ratio of two linear colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson 2020: distances here follow the eye; 0.02 is about what it just notices."""
    m1 = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    m2 = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return m2 @ np.cbrt(np.clip(m1 @ rgb, 0, None))


def test_known_contrasts():
    assert contrast(linear("#000000"), linear("#ffffff")) == pytest.approx(21)
    assert contrast(linear("#767676"), linear("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", theme.THEMES)
def test_marks_and_text_stand_out_from_their_ground(name):
    c = {role: linear(colour) for role, colour in theme.THEMES[name].items()}
    near = [c["ground"], linear("#f6f7f9" if name == "light" else "#1e2228")]  # a card on the page
    for ground in near:
        for role in ("ink", "muted"):
            assert contrast(c[role], ground) >= 4.5, role
        for role in (*theme.SERIES, "quiet"):
            assert contrast(c[role], ground) >= (3 if ground is c["ground"] else 2.8), role
        assert contrast(c["line"], ground) >= 2.8


@pytest.mark.parametrize("name", theme.THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_series_stay_apart_for_every_sight(name, sight):
    seen = {s: oklab(np.clip(SIGHT[sight] @ linear(theme.THEMES[name][s]), 0, 1)) for s in theme.SERIES}
    apart = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in itertools.combinations(seen, 2)}
    assert min(apart.values()) >= 0.09, min(apart.items(), key=lambda item: item[1])
    assert apart["series-1", "series-2"] >= 0.2, "the two colours that most charts use"


@pytest.mark.parametrize("name", theme.THEMES)
@pytest.mark.parametrize("series", ["series-1", "series-2"])
def test_ink_is_legible_on_every_cell(name, series):
    c = theme.THEMES[name]
    fill, ground, ink = (encoded(linear(c[role])) for role in (series, "ground", "ink"))
    for share in np.linspace(0, 1, 21):
        opacity = share * theme.CELL_OPACITY
        cell = opacity * fill + (1 - opacity) * ground  # browsers mix encoded values
        cell_linear = np.where(cell <= 0.04045, cell / 12.92, ((cell + 0.055) / 1.055) ** 2.4)
        assert contrast(linear(c["ink"]), cell_linear) >= 4.5, (share, ink)


@pytest.mark.parametrize("name", theme.THEMES)
def test_the_palest_cell_has_an_edge_that_is_seen(name):
    edge = theme.config(name)["style"]["matrix"]["stroke"]
    assert contrast(linear(edge), linear(theme.THEMES[name]["ground"])) >= 3


def test_a_page_has_variables_for_both_themes_and_prints_light():
    assert set(theme.LIGHT) == set(theme.DARK)
    css = theme.css()
    for role in theme.LIGHT:
        assert css.count(f"--gu-{role}:") == 3
    assert all("screen" in query for query in re.findall(r"@media ([^{]*)\{", css)), "print must stay light"
    used = set(re.findall(r"var\(--gu-([a-z0-9-]+)", str(theme.config("page"))))
    assert used <= set(theme.LIGHT)


def test_themes_differ_in_colours_alone():
    def without_colours(node):
        if isinstance(node, dict):
            return {
                key: without_colours(value)
                for key, value in node.items()
                if key not in {"background", "padding"}
            }
        if isinstance(node, list):
            return [without_colours(child) for child in node]
        return "colour" if isinstance(node, str) and node.startswith(("#", "var(")) else node

    light, dark, page = (without_colours(theme.config(name)) for name in ("light", "dark", "page"))
    assert light == dark == page


def test_every_series_has_a_colour_a_dash_and_a_shape():
    assert len(theme.SERIES) == len(theme.DASHES) == len(theme.SHAPES) == len(set(theme.SHAPES))
    assert len({tuple(dash) for dash in theme.DASHES}) == len(theme.DASHES)

"""Take the screenshots of the README: the report, the form and a table of predictions in Chromium.

    python docs/screenshots.py [FOLDER] [--all]

Builds a model of the sample table in a temporary folder, serves it on a free port, and writes PNG files to FOLDER
(default: docs/images): form and report at 1440 px, light and dark; with --all every page at 375, 768 and 1440 px.
Needs the group ``test`` of pyproject.toml (playwright) and Chromium (Debian: apt-get install chromium). About a minute
on two cores.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

SIZES = ((375, 812), (768, 1024), (1440, 900))
THEMES = ("light", "dark")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--force-color-profile=srgb"]


def main() -> None:
    """Build, serve, and take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).parent / "images"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    parser.add_argument("--all", action="store_true", help="each page at each size")
    options = parser.parse_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    if CHROMIUM is None:
        raise SystemExit("Chromium is needed to render the pages (Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary) / "churn"
        words = ("--target", "churned", "--ignore", "exit_survey", "--max-fits", 12, "--project", project)
        groundup("build", "sample:churn", *words)
        table = Path(temporary) / "cases.csv"
        write_cases(table)
        report = Path(temporary) / "report.html"
        groundup("report", project, "--output", report)
        with served(project) as address:
            take_all(folder, Pages(address, table, report), is_all=options.all)


def groundup(*words) -> None:
    """Run a groundup command."""
    subprocess.run([sys.executable, "-m", "groundup", *map(str, words)], check=True)


def write_cases(path: Path) -> None:
    """Write some rows of the sample, one with a value out of range, and one that cannot be read."""
    from groundup.tables import read

    frame = read("sample:churn").frame.head(40).drop("churned", "exit_survey")
    lines = frame.write_csv().splitlines()
    at = frame.columns.index("months")
    for line, text in ((3, "240"), (5, "many")):
        cells = lines[line].split(",")
        cells[at] = text
        lines[line] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def served(project: Path):
    """Serve a project's model and pages on a free port; yield the address."""
    from groundup.ship import bundle
    from groundup.ship.serve import Settings
    from groundup.ship.serve.running import listen, server_of
    from groundup.web import router
    from groundup.workbench.use.predict import bundle_path

    file = bundle_path(project)
    settings = Settings(port=0)
    with listen(settings) as listening:
        server = server_of(bundle.load(file), settings, [router(file)])
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        while not is_ready(address):
            time.sleep(0.05)
        yield address
        server.should_exit = True
        thread.join()


def is_ready(address: str) -> bool:
    """Return whether a server is ready."""
    try:
        with urlopen(f"{address}/readyz") as answer:
            return answer.status == 200
    except OSError:
        return False


class Pages(NamedTuple):
    """The pages: the server's address, a table to upload, a report."""

    address: str
    table: Path
    report: Path


def take_all(folder: Path, pages: Pages, *, is_all: bool) -> None:
    """Take a screenshot of every page at every size in both themes, or of those in the README."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for theme in THEMES:
            for width, height in SIZES if is_all else SIZES[-1:]:
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
                for name, show in PAGES.items():
                    if is_all or name in ("form", "report"):
                        show(page, pages)
                        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
                        page.wait_for_timeout(300)
                        page.screenshot(path=folder / f"{name}-{width}-{theme}.png")
                page.close()
        browser.close()


def show_form(page, pages: Pages) -> None:
    """Open the form with an example and its prediction."""
    page.goto(pages.address, wait_until="networkidle")


def show_warning(page, pages: Pages) -> None:
    """Open the form with a value out of the training range."""
    page.goto(pages.address, wait_until="networkidle")
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_label("months", exact=True).fill("240")


def show_many(page, pages: Pages) -> None:
    """Show the answers to a file."""
    page.goto(f"{pages.address}/batch")
    page.set_input_files("#file", pages.table)
    page.click("button:has-text('Predict')")
    page.wait_for_selector("#results")


def show_manual(page, pages: Pages) -> None:
    """Open the documentation of the API."""
    page.goto(f"{pages.address}/docs", wait_until="networkidle")


def show_report(page, pages: Pages) -> None:
    """Open the report of the run."""
    page.goto(pages.report.as_uri(), wait_until="networkidle")


PAGES = {
    "form": show_form,
    "warning": show_warning,
    "many": show_many,
    "api": show_manual,
    "report": show_report,
}


if __name__ == "__main__":
    main()

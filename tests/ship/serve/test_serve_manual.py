"""The manual in Chromium: nobody is shut out, nothing leaves the host, the examples run."""

import subprocess
import sys
from html import unescape

import pytest


@pytest.mark.web
@pytest.mark.parametrize(("width", "theme"), [(375, "dark"), (768, "light"), (1440, "dark"), (1440, "light")])
def test_manual_for_everybody(client, browser, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    address, heard = f"http://127.0.0.1:{client.port}", []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.on("console", lambda message: heard.append(message.text))
    page.on("request", lambda r: heard.append(r.url) if not r.url.startswith((address, "data:")) else None)
    page.goto(f"{address}/docs")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = [
        v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")
    ]
    context.close()
    assert found == []
    assert heard == []


def code(client, label):
    page = client.get("/docs").body.decode()
    return unescape(page.split(f'aria-label="{label}"><code>')[1].split("</code>")[0])


def test_the_examples_run_as_they_stand(client, model, row):
    python = subprocess.run(
        [sys.executable, "-c", code(client, "Example for Python")], capture_output=True, text=True, check=True
    )
    assert python.stdout.strip() == model.predict_row(row)
    shell = code(client, "Example for curl")
    assert shell.startswith(f"curl http://127.0.0.1:{client.port}/predict ")
    assert '"plan"' in shell

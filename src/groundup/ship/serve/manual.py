"""``/docs``: the API's manual, made from the OpenAPI document, without scripts and without other hosts."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from groundup.charts import page as style
from groundup.ship.serve.problems import KINDS

_HERE = Path(__file__).parent


def css() -> str:
    """Return the page's style sheet: the shared one, and a few rules of its own."""
    return style.css() + (_HERE / "manual.css").read_text(encoding="utf-8")


def page(document: dict[str, Any], address: str, home: bool) -> str:
    """Return the page.

    Parameters
    ----------
    document : dict
        From ``openapi.document``.
    address : str
        Of the server, as the reader wrote it, without a path.
    home : bool
        Whether there is a form at ``/``.
    """
    from jinja2 import Environment, StrictUndefined

    predict = document["paths"]["/predict"]["post"]
    examples = predict["requestBody"]["content"]["application/json"]["examples"]
    answer = predict["responses"]["200"]["content"]["application/json"]["examples"]["one"]["value"]
    row = document["components"]["schemas"]["Row"]
    return (
        Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        .from_string((_HERE / "manual.html").read_text(encoding="utf-8"))
        .render(
            info=document["info"],
            predict=predict,
            pages=[(path, item["get"]) for path, item in document["paths"].items() if "get" in item],
            fields=[_field(name, schema) for name, schema in row["properties"].items()],
            home=home,
            curl=_curl(address, examples["one"]["value"], secured="security" in document),
            python=_python(address, examples["one"]["value"], secured="security" in document),
            answer=_indented(answer),
            problems=KINDS,
        )
    )


def _field(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema["type"] if kind != "null"]
    return {"name": name, "type": " or ".join(kinds), "description": schema["description"]}


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _curl(address: str, row: dict[str, Any], *, secured: bool) -> str:
    token = ' \\\n  -H "Authorization: Bearer $GROUNDUP_TOKEN"' if secured else ""
    return (
        f"curl {shlex.quote(address + '/predict')}{token} \\\n  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(row, ensure_ascii=False))}"
    )


def _python(address: str, row: dict[str, Any], *, secured: bool) -> str:
    token = ', "Authorization": "Bearer " + os.environ["GROUNDUP_TOKEN"]' if secured else ""
    return (
        f"import json, {'os, ' if secured else ''}urllib.request\n\n"
        f"row = {row!r}\n"
        f"request = urllib.request.Request(\n    {address + '/predict'!r},\n    json.dumps(row).encode(),\n"
        f'    {{"Content-Type": "application/json"{token}}},\n)\n'
        'print(json.load(urllib.request.urlopen(request))["answers"][0]["prediction"])'
    )

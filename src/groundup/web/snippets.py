"""The case in the form as a request to the server's API: for a shell, and for Python.

Both are plain ASCII for any column name, and send the same row: a test runs them and compares the answers.
"""

from __future__ import annotations

import json

from groundup.web.formats import ContextModel


class Snippets(ContextModel):
    """The same request in two languages."""

    curl: str
    python: str


def request_snippets(row: dict[str, object], address: str, *, with_token: bool) -> Snippets:
    """Return the request that predicts `row`.

    Parameters
    ----------
    row : dict
        Column -> JSON value.
    address : str
        Of the server, without a path.
    with_token : bool
        Whether the server requires a token; it is read from the environment, never written out.
    """
    return Snippets(curl=_curl(row, address, with_token), python=_python(row, address, with_token))


def _body(row: dict[str, object]) -> dict[str, object]:
    """Return the body: the row and a request for reasons; a row with a column named rows is sent alone."""
    return row if "rows" in row else {"rows": row, "explain": True}


def _curl(row: dict[str, object], address: str, with_token: bool) -> str:
    token = '  -H "Authorization: Bearer $GROUNDUP_TOKEN" \\\n' if with_token else ""
    body = json.dumps(_body(row), ensure_ascii=True, indent=1).replace("'", "\\u0027")
    return f"curl -s {_quoted(address + '/predict')} \\\n{token}  -H 'Content-Type: application/json' \\\n  -d '{body}'\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _python(row: dict[str, object], address: str, with_token: bool) -> str:
    lines = "".join(f"    {name!a}: {value!a},\n" for name, value in row.items())
    headers, body = '{"Content-Type": "application/json"}', '{"rows": row, "explain": True}'
    os_import = ""
    if with_token:
        os_import = "import os\n"
        headers = (
            "{\n"
            '    "Content-Type": "application/json",\n'
            '    "Authorization": "Bearer " + os.environ["GROUNDUP_TOKEN"],\n'
            "}"
        )
    return (
        f"import json\n{os_import}from urllib.request import Request, urlopen\n\n"
        f"row = {{\n{lines}}}\n"
        f"body = {'row' if _body(row) is row else body}\n"
        f"headers = {headers}\n"
        f"request = Request({address + '/predict'!a}, json.dumps(body).encode(), headers)\n"
        "with urlopen(request) as response:\n"
        "    print(json.load(response))\n"
    )

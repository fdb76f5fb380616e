"""From a Context to a page: Jinja2 templates that escape everything, and the static files that they use.

No page contains inline scripts or styles, so the content security policy forbids them. A static file's address contains
its digest: it may be cached for ever, and a new version has a new address.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from groundup.charts import page
from groundup.web.formats import ContextModel

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@lru_cache
def environment() -> Environment:
    """Return the templates; everything is escaped, and a name that the Context lacks is an error."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["static"] = address
    return templates


def render(template: str, context: ContextModel) -> str:
    """Render `template` with the fields of a Context."""
    values = {name: getattr(context, name) for name in type(context).model_fields}
    return environment().get_template(template).render(values)


@lru_cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """Return file name -> bytes and media type."""
    files = {p.name: p.read_bytes() for p in (_HERE / "static").iterdir() if p.suffix in _TYPES}
    files["form.css"] = page.css().encode() + files["form.css"]
    return {name: (data, _TYPES[Path(name).suffix]) for name, data in files.items()}


@lru_cache
def address(name: str) -> str:
    """Return the address of a static file."""
    digest = hashlib.sha256(static_files()[name][0]).hexdigest()[:12]
    return f"/static/{digest}/{name}"

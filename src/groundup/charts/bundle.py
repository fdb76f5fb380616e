"""The JavaScript that draws charts in a page (Vega, Vega-Lite, Vega-Embed), made once from vl-convert and cached.

Nothing is fetched: vl-convert carries the libraries and bundles them in 2 seconds. The file (about 0.9 MB) is kept in
the cache folder of this user under a name with the versions; its first line is the digest of the rest, so that a
broken file is made anew. Where no folder can be written, each process makes its own.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

#: The version of Vega-Lite that charts are written in (Altair's) and that the bundle holds.
VEGA_LITE = "6.4"
_FOLDER = "javascript"


@functools.cache
def javascript() -> str:
    """Return the bundle's source, safe to stand inside a script element."""
    path = bundle_path()
    if path is not None and (kept := _read(path)) is not None:
        return kept
    source = _made()
    if path is not None:
        _write(path, source)
    return source


def bundle_path() -> Path | None:
    """Return where the bundle of these versions is kept, or None where nothing can be kept."""
    from groundup.engine.kernels.cache import cache_root

    root = cache_root()
    return None if root is None else root / _FOLDER / f"vega-{_versions()}.js"


def _versions() -> str:
    import vl_convert

    vega, embed = vl_convert.get_vega_version(), vl_convert.get_vega_embed_version()
    return f"{vega}-lite-{VEGA_LITE}-embed-{embed}-made-{version('vl-convert-python')}"


def _made() -> str:
    import vl_convert

    return inside_script(vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;", VEGA_LITE))


def inside_script(source: str) -> str:
    r"""Return JavaScript that no HTML parser can be led out of: ``</script`` and ``<!--`` occur in its strings at most.

    >>> inside_script("a='</script>'")
    "a='<\\/script>'"
    """
    return (
        source.replace("</script", "<\\/script").replace("</SCRIPT", "<\\/SCRIPT").replace("<!--", "\\x3C!--")
    )


def _read(path: Path) -> str | None:
    """Return a kept bundle, or None where there is none or its digest is wrong."""
    try:
        seal, _, source = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return source if seal == _seal(source) else None


def _seal(source: str) -> str:
    return f"// {hashlib.blake2b(source.encode(), digest_size=16).hexdigest()}"


def _write(path: Path, source: str) -> None:
    """Keep a bundle: whole or not at all, whoever writes at the same time; a full disk costs only the time."""
    temporary = None
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".vega-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(f"{_seal(source)}\n{source}")
        Path(temporary).replace(path)
    except OSError:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)

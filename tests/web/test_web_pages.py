"""Pages and Contexts have the same keys; nothing stands in a page that its policy forbids; static files are ours."""

import re

import pytest
from jinja2 import meta, nodes

from groundup.web import pages
from groundup.web.batch import BatchContext
from groundup.web.errors import ErrorContext
from groundup.web.form import FormContext

CONTEXTS = {"form.html": FormContext, "batch.html": BatchContext, "error.html": ErrorContext}


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_template_uses_its_context_whole_and_nothing_else(name):
    environment = pages.environment()
    source, _, _ = environment.loader.get_source(environment, name)
    tree = environment.parse(source)
    own = {node.target for node in tree.find_all(nodes.Import)} | {
        n.target.name for n in tree.find_all(nodes.Assign)
    }
    own |= {macro.name for macro in tree.find_all(nodes.Macro)}
    used = meta.find_undeclared_variables(tree) - own - {"static"}
    assert used == set(CONTEXTS[name].model_fields)


def parts_of(context):
    """Return the models that a Context is made of, itself included."""
    found, left = set(), [context]
    while left:
        model = left.pop()
        if model in found:
            continue
        found.add(model)
        for field in model.model_fields.values():
            for kind in re.findall(r"groundup\.web\.\w+\.(\w+)", str(field.annotation)):
                left += [m for m in pages.ContextModel.__subclasses__() if m.__name__ == kind]
    return found


def test_every_name_of_every_part_is_shown_by_some_template():
    environment = pages.environment()
    names = [n for n in environment.list_templates() if n.endswith(".html")]
    read = set()
    for name in names:
        tree = environment.parse(environment.loader.get_source(environment, name)[0])
        read |= {node.attr for node in tree.find_all(nodes.Getattr)}
    # Said in the JSON only: the digest in full, the column to the letter, what the page leaves to its words.
    only_json = {"digest", "name", "kind", "optional", "is_doubtful"}
    for context in CONTEXTS.values():
        for part in parts_of(context) - {context}:
            assert set(part.model_fields) - read - only_json == set(), part


def test_every_page_describes_its_context():
    for context in (FormContext, BatchContext):
        for name in context.model_fields:
            assert re.search(rf"^\s*[\w, ]*\b{name}\b[\w, ]* : ", context.__doc__, re.MULTILINE), name


@pytest.mark.parametrize("path", ["/", "/batch", "/?start=empty", "/?example=3"])
def test_no_page_holds_script_style_or_another_host(client, path):
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "set-cookie" not in page.headers
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page.text)
    assert re.findall(r"<script[^>]*>", page.text) == [f'<script src="{pages.address("form.js")}" defer>']
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
    assert addresses
    assert all(a.startswith(("/", "#")) and not a.startswith("//") for a in addresses)


@pytest.mark.parametrize("name", ["form.css", "form.js", "icon.svg"])
def test_static_files_are_kept_for_ever_by_their_digest(client, name):
    got = client.get(pages.address(name))
    assert got.status_code == 200
    assert "immutable" in got.headers["cache-control"]
    assert client.get(f"/static/000000000000/{name}").status_code == 404
    assert client.get(f"/static/{pages.address(name).split('/')[2]}/..%2fpages.py").status_code == 404


def test_style_is_made_of_the_pages_variables():
    css = pages.static_files()["form.css"][0].decode()
    own = css[css.index("/* Layout") :]
    assert set(re.findall(r"var\((--gu-[a-z0-9-]+)", css)) <= set(re.findall(r"(--gu-[a-z0-9-]+):", css))
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?![^{}]*\{)", re.sub(r"#[a-z][\w-]*", "", own)), (
        "no colour of its own"
    )
    assert "url(" not in css
    assert "@import" not in css


def test_levels_are_found_by_what_they_hold(client, keys):
    found = client.get(f"/levels/{keys['town']}", params={"begin": "TOWN 1"}).json()
    assert found
    assert all("town 1" in level for level in found)
    assert client.get(f"/levels/{keys['months']}", params={"begin": ""}).json() == []
    for key in ("x", "c999", "c-1", "c", "c" + "9" * 50):
        assert client.get(f"/levels/{key}").status_code == 404

"""The OpenAPI document as one page for people: no script, and nothing loaded from elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from server.api.document import WHO

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The REST API, version {version}</title>
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<nav aria-label="Contents"><ul>
<li><a href="/docs/">The protocol</a></li>
<li><a href="openapi.json">OpenAPI document</a></li>
{contents}
</ul></nav>
<main>
<h1>The REST API, version {version}</h1>
{about}
{body}
</main>
</body>
</html>
"""


def page(document: Mapping[str, Any]) -> str:
    """A page of HTML: the routes by what they are about, then the shapes of the answers."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            route = f"{method.upper()} {path}"
            shown = "\n".join(_operation(route, operation, document))
            groups.setdefault(operation.get("tags", ["other"])[0], []).append((route, shown))
    sent = {_ref(operation) for methods in document["paths"].values() for operation in methods.values()}
    shapes = {name: shape for name, shape in document["components"]["schemas"].items() if name not in sent}
    info = document["info"]
    return _PAGE.format(
        version=escape(info["version"]),
        contents="\n".join(_contents(groups)),
        about=f"<p>{_marked(info['description'])}</p>\n<p>All paths begin with <code>/api/v1</code>.</p>",
        body="\n".join((*_sections(groups), *_shapes(shapes))),
    )


def _contents(groups: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    for tag, routes in groups.items():
        yield f'<li><a href="#{escape(tag)}">{escape(tag.capitalize())}</a></li>'
        for route, _ in routes:
            yield f'<li class="sub"><a href="#{_anchor(route)}">{escape(route)}</a></li>'
    yield '<li><a href="#shapes">Shapes</a></li>'


def _sections(groups: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    for tag, routes in groups.items():
        yield f'<h2 id="{escape(tag)}">{escape(tag.capitalize())}</h2>'
        yield from (shown for _, shown in routes)


def _shapes(shapes: Mapping[str, Any]) -> Iterator[str]:
    yield '<h2 id="shapes">Shapes</h2>'
    for name, shape in sorted(shapes.items()):
        yield f'<h3 id="shape-{name}"><code>{name}</code></h3>'
        yield f"<p>{_marked(shape.get('description', ''))}</p>"
        yield _table("Key", shape.get("properties", {}))


def _operation(route: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{_anchor(route)}"><code>{escape(route)}</code></h3>'
    yield f"<p>{_marked(operation.get('description', ''))}</p>"
    yield f"<p><em>{escape(WHO[operation['x-permission']])}</em></p>"
    asked = {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    if asked:
        yield _table("In the query", asked)
    if name := _ref(operation):
        shape = document["components"]["schemas"][name]
        yield _table("Sent", shape["properties"], frozenset(shape.get("required", ())))
    for status, answer in operation["responses"].items():
        for media_type, given in answer.get("content", {}).items():
            if status.startswith("2"):
                shown = _type(given.get("schema", {})) if "json" in media_type else f"<code>{escape(media_type)}</code>"
                yield f"<p>Answer {status}: {shown}</p>"


def _ref(operation: Mapping[str, Any]) -> str:
    """The name of the shape that is sent; empty for none."""
    content = operation.get("requestBody", {}).get("content", {})
    ref: str = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return ref.rpartition("/")[2]


def _anchor(route: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", route.lower()).strip("-")


def _table(title: str, properties: Mapping[str, Any], required: frozenset[str] = frozenset()) -> str:
    rows = "\n".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_type(schema)}{_needed(name, schema, required)}</td>"
        f"<td>{_marked(schema.get('description', ''))}</td></tr>"
        for name, schema in properties.items()
    )
    return f"<table><thead><tr><th>{escape(title)}</th><th></th><th></th></tr></thead><tbody>\n{rows}\n</tbody></table>"


def _needed(name: str, schema: Mapping[str, Any], required: frozenset[str]) -> str:
    if name in required:
        return ", required"
    default = schema.get("default")
    return f", else {escape(json.dumps(default))}" if default not in (None, "") else ""


def _type(schema: Mapping[str, Any]) -> str:
    """In words, as HTML: `integer 1 to 64`, `text up to 80`, `first_come | lottery`, `list of EventOut` with a link."""
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return escape(" | ".join(str(each) for each in schema["enum"]))
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    kind = escape(str(schema.get("format") or schema.get("type") or schema.get("const", "anything")))
    return ("text" if kind == "string" else kind) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum", schema.get("maxLength"))
    if low is not None and high is not None:
        return f" {low:g} to {high:g}"
    return f" up to {high:g}" if high is not None else ""


def _marked(text: str) -> str:
    """Text with `code`."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))

"""The OpenAPI document as one page for people: no script, and nothing loaded from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from server.api.document import WHO

METHODS = ("get", "post", "put", "patch", "delete")

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
    """A page of HTML."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                shown = "\n".join(_operation(method, path, operation, document))
                groups.setdefault(operation.get("tags", ["other"])[0], []).append(shown)
    contents = "\n".join(f'<li><a href="#{escape(tag)}">{escape(tag.capitalize())}</a></li>' for tag in groups)
    body = "\n".join(
        f'<h2 id="{escape(tag)}">{escape(tag.capitalize())}</h2>\n' + "\n".join(shown) for tag, shown in groups.items()
    )
    info = document["info"]
    about = f"<p>{_marked(info['description'])}</p>\n<p>All paths begin with <code>/api/v1</code>.</p>"
    return _PAGE.format(version=escape(info["version"]), contents=contents, about=about, body=body)


def _operation(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3><code>{method.upper()} {escape(path)}</code></h3>"
    yield f"<p>{_marked(operation.get('description', ''))}</p>"
    yield f"<p><em>{escape(WHO[operation['x-permission']])}</em></p>"
    asked = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    if asked:
        yield _table("In the query", {each["name"]: each["schema"] for each in asked}, frozenset())
    if "requestBody" in operation:
        yield from _shape("Sent", operation["requestBody"]["content"], document)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from _shape(f"Answer {status}", answer.get("content", {}), document)


def _shape(title: str, content: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    for media_type, given in content.items():
        schema = _resolved(given.get("schema", {}), document)
        if "properties" in schema:
            yield _table(title, schema["properties"], frozenset(schema.get("required", ())))
        elif media_type != "application/json":
            yield f"<p>{escape(title)}: <code>{escape(media_type)}</code></p>"


def _table(title: str, properties: Mapping[str, Any], required: frozenset[str]) -> str:
    rows = "\n".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(schema))}{_needed(name, schema, required)}</td>"
        f"<td>{_marked(schema.get('description', ''))}</td></tr>"
        for name, schema in properties.items()
    )
    return f"<table><thead><tr><th>{escape(title)}</th><th></th><th></th></tr></thead><tbody>\n{rows}\n</tbody></table>"


def _needed(name: str, schema: Mapping[str, Any], required: frozenset[str]) -> str:
    if name in required:
        return ", required"
    default = schema.get("default")
    return f", else {escape(str(default))}" if default not in (None, "") else ""


def _type(schema: Mapping[str, Any]) -> str:
    """In words: `integer 1 to 64`, `text up to 80`, `first_come | lottery`, `list of EventOut`."""
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    kind = str(schema.get("format") or schema.get("type") or schema.get("const", "anything"))
    low, high = schema.get("minimum"), schema.get("maximum", schema.get("maxLength"))
    kind = "text" if kind == "string" else kind
    if low is not None and high is not None:
        return f"{kind} {low} to {high}"
    return f"{kind} up to {high}" if high is not None else kind


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][str(schema["$ref"]).rpartition("/")[2]]
    return found


def _marked(text: str) -> str:
    """Text with `code`."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))

"""The protocol's documents as pages that a server shows at /docs: no script, no font or picture from elsewhere.

markdown-it renders; drawings become lists of arrows and tables of states, which need no drawing library. What comes
next: golden.py writes the pages into protocol/docs/, server/listener.py serves them.
"""

import html
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = ROOT / "protocol"
PAGES = {
    "index.html": PROTOCOL / "PROTOCOL.md",
    "golden.html": PROTOCOL / "golden" / "README.md",
    "realtime.html": PROTOCOL / "REALTIME.md",
    "schema.html": PROTOCOL / "schema" / "README.md",
}
LINKS = {
    "golden/README.md": "golden.html",
    "REALTIME.md": "realtime.html",
    "schema/README.md": "schema.html",
    "../PROTOCOL.md": "index.html",
}
STYLE = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --up: #2f6fde; --down: #b1487f; }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; display: flex; flex-wrap: wrap; justify-content: center; }
nav { flex: 0 1 15rem; padding: 2rem 1rem; font-size: .875rem; box-sizing: border-box; }
nav ul { position: sticky; top: 1rem; list-style: none; margin: 0; padding: 0; max-height: 95vh; overflow: auto; }
nav a { text-decoration: none; color: inherit; display: block; padding: .15rem 0; }
nav a:hover, nav a:focus-visible { text-decoration: underline; }
nav .sub { padding-left: 1rem; opacity: .8; font-family: ui-monospace, monospace; font-size: .8125rem; }
main { flex: 1 1 34rem; max-width: 52rem; min-width: 0; padding: 1rem 1.25rem 6rem; box-sizing: border-box; }
h1, h2, h3 { line-height: 1.25; scroll-margin-top: 1rem; }
h2 { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { margin-top: 2rem; }
code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, monospace; font-size: .875em; }
code { background: var(--soft); border-radius: .25rem; padding: .1em .3em; overflow-wrap: anywhere; }
td code { overflow-wrap: normal; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; overflow: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
.flow { list-style: none; padding: 1rem; margin: 1rem 0; border: 1px solid var(--line); border-radius: .5rem; }
.flow li { display: grid; grid-template-columns: 9rem 1fr; gap: .75rem; padding: .2rem 0; }
.flow b { font-weight: 600; white-space: nowrap; }
.flow .up b { color: var(--up); }
.flow .down b { color: var(--down); }
.flow .note { opacity: .75; font-style: italic; }
@media (max-width: 52rem) { nav { flex-basis: 100%; padding-bottom: 0; } nav ul { columns: 2; position: static; } }
"""
_ARROW = re.compile(r"^(\w+)->>(\w+): (.+)$")
_NOTE = re.compile(r"^(?:Note over [\w,]+: |loop )(.+)$")
_STATE = re.compile(r"^(\S+) --> (\S+): (.+)$")


def docs_files() -> dict[str, bytes]:
    """What protocol/docs/ should hold."""
    pages = {name: _page(source.read_text("utf-8")).encode() for name, source in PAGES.items()}
    return {**pages, "docs.css": STYLE.encode()}


def _page(text: str) -> str:
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = markdown.parse(re.sub(r"<!--.*?-->\n?", "", text))
    title, contents = "", []
    for level, slug, inline in _headings(tokens):
        if level == "h1":
            title = inline.content
        else:
            sub = ' class="sub"' if level == "h3" else ""
            contents.append(f'<li{sub}><a href="#{slug}">{html.escape(inline.content.replace("`", ""))}</a></li>')
    _redraw(tokens)
    body = markdown.renderer.render(tokens, markdown.options, {})
    for source, target in LINKS.items():
        body = body.replace(f'href="{source}"', f'href="{target}"')
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f'<link rel="stylesheet" href="docs.css">\n</head>\n<body>\n<nav aria-label="Contents"><ul>\n'
        f'<li><a href="index.html">The protocol</a></li>\n<li><a href="golden.html">Golden files</a></li>\n'
        f'<li><a href="schema.html">Schemas</a></li>\n<li><a href="/api/v1/docs">The REST API</a></li>\n'
        f"{chr(10).join(contents)}\n</ul></nav>\n"
        f"<main>\n{body}</main>\n</body>\n</html>\n"
    )


def _headings(tokens: list[Token]) -> Iterator[tuple[str, str, Token]]:
    """Gives every heading its anchor, as GitHub makes them: level, anchor, text. A second one of a name gets -1."""
    seen: dict[str, int] = {}
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            slug = re.sub(r"[^\w -]", "", inline.content.lower()).strip().replace(" ", "-")
            seen[slug] = seen.get(slug, -1) + 1
            anchor = slug if not seen[slug] else f"{slug}-{seen[slug]}"
            opening.attrSet("id", anchor)
            yield opening.tag, anchor, inline


def _redraw(tokens: list[Token]) -> None:
    for token in tokens:
        if token.type == "fence" and token.info == "mermaid":
            lines = [line.strip() for line in token.content.splitlines()]
            token.content = _flow(lines) if lines[0] == "sequenceDiagram" else _states(lines)
            token.type = "html_block"


def _flow(lines: list[str]) -> str:
    """A sequence diagram as a list of arrows: the client's to the right, the server's to the left."""
    rows = []
    for line in lines[1:]:
        if arrow := _ARROW.match(line):
            up = arrow[1] == "F"
            who = "client → server" if up else "client ← server"
            rows.append(f'<li class="{"up" if up else "down"}"><b>{who}</b><span>{html.escape(arrow[3])}</span></li>')
        elif note := _NOTE.match(line):
            rows.append(f'<li class="note"><b></b><span>{html.escape(note[1])}</span></li>')
    return f'<ol class="flow">\n{chr(10).join(rows)}\n</ol>\n'


def _states(lines: list[str]) -> str:
    """A state diagram as a table."""
    rows = [f"<tr>{''.join(f'<td><code>{html.escape(c)}</code></td>' for c in m.group(1, 3, 2))}</tr>"
            for line in lines if (m := _STATE.match(line))]  # fmt: skip
    return f"<table>\n<tr><th>while</th><th>the client sends</th><th>then</th></tr>\n{chr(10).join(rows)}\n</table>\n"

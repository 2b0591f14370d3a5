"""Names of tests are the same in every process: two workers that name one test differently run none at all."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CLOCK_OR_CHANCE = {
    "time",
    "monotonic",
    "perf_counter",
    "time_ns",
    "now",
    "utcnow",
    "today",
    "uuid4",
    "uuid7",
    "urandom",
}
CHANCE = {"random", "secrets", "uuid"}
SEEDED = {"Random"}
SETS = {"set", "frozenset"}


def changing(node: ast.AST, tainted: set[str]) -> str | None:
    """What in an expression differs from one process to the next. None: nothing."""
    if isinstance(node, ast.Lambda):
        return None  # called in the test
    if isinstance(node, ast.Name) and node.id in tainted:
        return node.id
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        module = ast.unparse(node.func.value)
        if node.func.attr in CLOCK_OR_CHANCE or (module in CHANCE and node.func.attr not in SEEDED):
            return ast.unparse(node.func)
    return next((found for part in ast.iter_child_nodes(node) if (found := changing(part, tainted))), None)


def is_set(node: ast.AST) -> bool:
    return isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Call) and ast.unparse(node.func) in SETS)


def in_names_of(text: str) -> Iterator[str]:
    """What would differ in the names of a file's tests."""
    tree = ast.parse(text)
    tainted: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and changing(statement.value, tainted):
            tainted |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("parametrize"):
            for part in (*node.args, *(keyword.value for keyword in node.keywords)):
                if found := "the order of a set" if is_set(part) else changing(part, tainted):
                    yield f"line {node.lineno}: {found}"


def test_no_test_is_named_after_the_clock_or_chance() -> None:
    found = {
        str(path.relative_to(TESTS)): lines
        for path in sorted(TESTS.rglob("test_*.py"))
        if (lines := list(in_names_of(path.read_text("utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("[{'exp': int(time.time()) - 3600}]", "line 2: time.time"),
        ("[NOW, 3.0]", "line 2: NOW"),
        ("[secrets.token_hex(4)]", "line 2: secrets.token_hex"),
        ("{'a', 'b'}", "line 2: the order of a set"),
        ("sorted({'a', 'b'})", None),
        ("[random.Random(7)]", None),
        ("[lambda: time.time()]", None),
    ],
)
def test_what_would_differ_is_found(values: str, found: str | None) -> None:
    text = f"NOW = float(int(time.time()))\n@pytest.mark.parametrize('it', {values})\ndef test(it): ...\n"
    assert list(in_names_of(text)) == ([found] if found else [])

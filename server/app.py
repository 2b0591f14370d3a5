"""The only file that names concrete engines."""


def main(argv: list[str]) -> int:
    """The `stagedoor` command."""
    raise SystemExit(f"not yet: {argv}")

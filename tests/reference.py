"""The reference tables of PROTOCOL.md, made from the code: messages, their fields and bounds, and errors.

What comes next: golden.py puts them between the markers of the document.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import get_args

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec import inspect as shapes

from protocol import errors
from protocol.errors import ClientError, ServerError, StagedoorError
from protocol.messages import ClientMessage, ServerMessage
from protocol.timeline import AudioFormat, EmotionCue, GestureCue, PostureCue, VisemeSpan, WordSpan

VALUE_TYPES: tuple[type[Struct], ...] = (AudioFormat, WordSpan, VisemeSpan, EmotionCue, GestureCue, PostureCue)
PLAIN_NAMES = {
    shapes.BoolType: "bool",
    shapes.BytesType: "bytes",
    shapes.FloatType: "float",
    shapes.IntType: "int",
    shapes.NoneType: "null",
    shapes.StrType: "str",
}


def client_messages() -> tuple[type[Struct], ...]:
    """What a client may send, in the order in which it is declared."""
    return get_args(ClientMessage)


def server_messages() -> tuple[type[Struct], ...]:
    """What a server may send, in the order in which it is declared."""
    return get_args(ServerMessage)


def message_tables(messages: tuple[type[Struct], ...]) -> str:
    """One section a message: its tag, its docstring, its fields, and the value types first met in it."""
    sections: list[str] = []
    shown = set(VALUE_TYPES)
    for cls in messages:
        sections.append(_message(cls))
        for inner in _nested_types(cls):
            if inner not in shown:
                shown.add(inner)
                sections.append(_nested(inner))
    return "\n\n".join(sections)


def value_tables() -> str:
    """The value types on the media clock."""
    return "\n\n".join(_nested(cls) for cls in VALUE_TYPES)


def error_table() -> str:
    """Every error: code, whether it is fatal, the close code that follows, whose fault, what it means."""
    meanings = error_meanings()
    rows = ["| code | fatal | close code | whose fault | meaning |", "|---|---|---|---|---|"]
    for cls in error_classes():
        close = str(cls.close_code) if cls.fatal else ""
        fault = "client" if issubclass(cls, ClientError) else "server"
        rows.append(f"| `{cls.code}` | {_yes(cls.fatal)} | {close} | {fault} | {meanings[cls.__name__]} |")
    return "\n".join(rows)


def error_classes() -> list[type[StagedoorError]]:
    """The errors that go on the wire, in the order in which they are declared."""
    found = [cls for cls in vars(errors).values() if inspect.isclass(cls) and issubclass(cls, StagedoorError)]
    return [cls for cls in found if cls not in (StagedoorError, ClientError, ServerError)]


def error_meanings() -> Mapping[str, str]:
    """The meaning of each error class, as the tree at the head of errors.py says it."""
    tree = re.findall(r"^ *(\w+Error) {2,}(.+?)(?: +\(close \d+\))?$", errors.__doc__ or "", re.MULTILINE)
    return dict(tree)


# --- one table ----------------------------------------------------------------------------------------------


def _message(cls: type[Struct]) -> str:
    tag = cls.__struct_config__.tag
    return f"### `{tag}`\n\n{inspect.getdoc(cls)}\n\n{_fields(cls)}"


def _nested(cls: type[Struct]) -> str:
    return f"**{cls.__name__}**: {inspect.getdoc(cls)}\n\n{_fields(cls)}"


def _fields(cls: type[Struct]) -> str:
    info = shapes.type_info(cls)
    assert isinstance(info, shapes.StructType)
    if not info.fields:
        return "No fields but `type`."
    rows = [
        f"| `{field.encode_name}` | {_type(field.type)} | {_default(field)} | {_limits(field.type)} |"
        for field in info.fields
    ]
    return "\n".join(["| field | type | default | limits |", "|---|---|---|---|", *rows])


def _nested_types(cls: type[Struct]) -> list[type[Struct]]:
    info = shapes.type_info(cls)
    assert isinstance(info, shapes.StructType)
    return [inner for field in info.fields for inner in _structs(field.type)]


def _structs(kind: shapes.Type) -> Iterator[type[Struct]]:
    match kind:
        case shapes.StructType():
            yield kind.cls
        case shapes.VarTupleType():
            yield from _structs(kind.item_type)
        case shapes.UnionType():
            for inner in kind.types:
                yield from _structs(inner)


def _type(kind: shapes.Type) -> str:
    match kind:
        case shapes.StructType():
            return kind.cls.__name__
        case shapes.VarTupleType():
            return f"list of {_type(kind.item_type)}"
        case shapes.TupleType():
            return f"list of {len(kind.item_types)} {_type(kind.item_types[0])}"
        case shapes.UnionType():
            return " or ".join(map(_type, kind.types))
        case shapes.LiteralType():
            return "str"
    return PLAIN_NAMES[type(kind)]


def _limits(kind: shapes.Type) -> str:
    match kind:
        case shapes.LiteralType():
            return "one of " + ", ".join(f"`{value}`" for value in kind.values)
        case shapes.StrType() if kind.max_length is not None:
            return f"at most {kind.max_length} characters"
        case shapes.BytesType() if kind.max_length is not None:
            return f"at most {kind.max_length} bytes"
        case shapes.IntType() if kind.ge is not None or kind.le is not None:
            return f"{'' if kind.ge is None else kind.ge} to {_number(kind.le)}".strip()
        case shapes.FloatType() if kind.ge is not None and kind.le is not None:
            return f"{kind.ge:g} to {kind.le:g}"
        case shapes.TupleType():
            return _limits(kind.item_types[0])
        case shapes.UnionType():
            return _limits(kind.types[0])
    return ""


def _number(value: int | None) -> str:
    return "2^53 - 1" if value == 2**53 - 1 else str(value)


def _default(field: shapes.Field) -> str:
    if field.required:
        return "required"
    if field.default is NODEFAULT:
        return "empty"
    return f"`{msgspec.json.encode(field.default).decode()}`"


def _yes(value: bool) -> str:
    return "yes" if value else "no"

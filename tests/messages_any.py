"""Any message at all, for property tests: Hypothesis strategies made from the declarations in protocol/messages.py."""

from typing import Any, get_args

from hypothesis import strategies as st
from msgspec import Struct
from msgspec import inspect as shapes

from protocol.messages import ClientMessage, ServerMessage

EXACT = 2**53 - 1


def like(kind: shapes.Type) -> st.SearchStrategy[Any]:
    """Values of this shape, within its bounds. Numbers are finite: nothing on the wire is NaN."""
    match kind:
        case shapes.BoolType():
            return st.booleans()
        case shapes.NoneType():
            return st.none()
        case shapes.IntType():
            return st.integers(-EXACT if kind.ge is None else kind.ge, EXACT if kind.le is None else kind.le)
        case shapes.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case shapes.StrType():
            return st.text(max_size=min(kind.max_length or 200, 200))
        case shapes.BytesType():
            return st.binary(max_size=min(kind.max_length or 200, 200))
        case shapes.LiteralType():
            return st.sampled_from(kind.values)
        case shapes.VarTupleType():
            return st.lists(like(kind.item_type), max_size=4).map(tuple)
        case shapes.TupleType():
            return st.tuples(*map(like, kind.item_types))
        case shapes.UnionType():
            return st.one_of(*map(like, kind.types))
        case shapes.StructType():
            return st.builds(kind.cls, **{field.name: like(field.type) for field in kind.fields})
    raise TypeError(f"no strategy for {kind}")


def any_of(union: object) -> st.SearchStrategy[Any]:
    """Any message of a union of message types."""
    return st.one_of(*(like(shapes.type_info(cls)) for cls in get_args(union)))


any_client_message = any_of(ClientMessage)
any_server_message = any_of(ServerMessage)


def plain(value: Any) -> Any:
    """A message as the map that the wire carries, without any help from msgspec."""
    if isinstance(value, Struct):
        fields = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        tag = value.__struct_config__.tag
        return {"type": tag, **fields} if tag else fields
    return [plain(item) for item in value] if isinstance(value, tuple) else value

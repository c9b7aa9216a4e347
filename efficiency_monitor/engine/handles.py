"""Named tuples of columns for compiled code: one pointer each. Imports numba (extra `fast`).

Compiled code gets a named tuple of arrays as some two hundred words, over and over; a handle is
one word, and costs nothing to pass on. Its attributes are the columns, as pointers, and the
plain numbers among them.
"""

from typing import Any

import numpy
from llvmlite import ir
from numba import types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox

from .business_time import Table
from .columns import (
    Conditions,
    Facts,
    Findings,
    Frame,
    Offences,
    Rules,
    Scratch,
    Work,
    column_type,
)

#: The named tuples of columns, by name.
KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (Table, Frame, Rules, Findings, Work, Facts, Conditions, Offences, Scratch)
}


class Handle:
    """Addresses of a named tuple's arrays; keeps the arrays alive."""

    def __init__(self, columns: Any) -> None:
        self.columns = columns
        self.kind = type(columns).__name__
        words = [word if isinstance(word, int) else word.ctypes.data for word in columns]
        self.words = numpy.array(words, dtype=numpy.int64)
        self.address = self.words.ctypes.data


class HandleType(types.Type):
    """The type of a handle in compiled code."""

    def __init__(self, kind: str) -> None:
        super().__init__(name=f"Handle({kind})")
        self.kind = kind

    def field(self, name: str) -> Any:
        """The type of one column."""
        kind = KINDS[self.kind]
        if kind.__annotations__[name] is int:
            return types.int64
        return types.CPointer(getattr(types, column_type(kind, name)))


@typeof_impl.register(Handle)
def _type_of(value: Handle, _: Any) -> HandleType:
    return HandleType(value.kind)


@register_model(HandleType)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, type_: HandleType) -> None:
        super().__init__(manager, type_, ir.IntType(64).as_pointer())


@unbox(HandleType)
def _unbox(type_: HandleType, value: Any, context: Any) -> NativeValue:
    address = context.pyapi.object_getattr_string(value, "address")
    pointer = context.pyapi.long_as_voidptr(address)
    context.pyapi.decref(address)
    return NativeValue(context.builder.bitcast(pointer, ir.IntType(64).as_pointer()))


@infer_getattr
class _Attributes(AttributeTemplate):
    key = HandleType

    def generic_resolve(self, type_: HandleType, name: str) -> Any:
        return type_.field(name) if name in KINDS[type_.kind]._fields else None


@lower_getattr_generic(HandleType)
def _attribute(context: Any, builder: Any, type_: HandleType, value: Any, name: str) -> Any:
    place = context.get_constant(types.intp, KINDS[type_.kind]._fields.index(name))
    word = builder.load(builder.gep(value, [place]))
    # The words never change: whatever else is written, they need no second look.
    word.set_metadata("invariant.load", builder.module.add_metadata([]))
    field = type_.field(name)
    if field is types.int64:
        return word
    return builder.inttoptr(word, context.get_value_type(field))

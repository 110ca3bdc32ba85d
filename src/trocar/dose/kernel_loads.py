"""Loads and stores that tell the compiler that table and result never overlap, and integer views of floats.

numba has no ``restrict``: a look-up in one array followed by a store into another is compiled one number at a time,
because the store might change the table. The alias scopes attached here lift that doubt, and 32-bit indices let the
compiler use the processor's gather instruction. Names and effects are those of LLVM's language reference.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types

WIDEST_VECTORS = '"prefer-vector-width"="512"'
"""Asks LLVM for the widest vectors the processor has; without it some processors are served half of their width."""


def intrinsic(function: Callable[..., Any]) -> Any:
    """Make a function that numba calls to write the instructions of the operation it is named for."""
    return extending.intrinsic(function)


def _scopes(module: ir.Module) -> tuple[Any, Any]:
    domain = module.add_metadata(["trocar"])
    read = module.add_metadata(["read", domain])
    written = module.add_metadata(["written", domain])
    return module.add_metadata([read]), module.add_metadata([written])


def _address(context: Any, builder: Any, array_type: Any, array: Any, *indices: Any) -> Any:
    address = context.make_array(array_type)(context, builder, array).data
    for index in indices:
        address = builder.gep(address, [index], inbounds=True)
    set.add(builder.function.attributes, WIDEST_VECTORS)
    return address


def _load(builder: Any, address: Any, *, own: Any, other: Any) -> Any:
    value = builder.load(address)
    value.set_metadata("alias.scope", own)
    value.set_metadata("noalias", other)
    return value


@intrinsic
def table_entry(_typing: Any, table: Any, start: Any, index: Any) -> Any:
    """Return ``table[start + index]`` of whole numbers; ``index`` has 32 bits and differs from lane to lane."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        read, written = _scopes(builder.module)
        address = _address(context, builder, signature.args[0], *values)
        return _load(builder, address, own=read, other=written)

    return types.int32(table, types.int64, types.int32), generate


@intrinsic
def entry(_typing: Any, array: Any, index: Any) -> Any:
    """Return ``array[index]`` of an array that is only read."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        read, written = _scopes(builder.module)
        return _load(builder, _address(context, builder, signature.args[0], *values), own=read, other=written)

    return types.float32(array, types.int64), generate


@intrinsic
def add_to(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Add a value to ``array[index]`` of an array that nothing else here refers to."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        read, written = _scopes(builder.module)
        address = _address(context, builder, signature.args[0], *values[:2])
        old = _load(builder, address, own=written, other=read)
        store = builder.store(builder.fadd(old, values[2], flags=("contract",)), address)
        store.set_metadata("alias.scope", written)
        store.set_metadata("noalias", read)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.float32), generate


@intrinsic
def value_of(_typing: Any, packed: Any) -> Any:
    """Return the float32 in the upper 22 bits of a table entry."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        upper = builder.and_(values[0], ir.Constant(ir.IntType(32), -1024))
        return builder.bitcast(upper, ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def slope_of(_typing: Any, packed: Any) -> Any:
    """Return the signed whole number in the lower 10 bits of a table entry, times 2^22."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.sitofp(builder.shl(values[0], ir.Constant(ir.IntType(32), 22)), ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def bits_of(_typing: Any, value: Any) -> Any:
    """Return the bits of a float32 as an int32."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], ir.IntType(32))

    return types.int32(types.float32), generate


@intrinsic
def whole_part(_typing: Any, value: Any) -> Any:
    """Return a positive float32 cut to an int32."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.fptosi(values[0], ir.IntType(32))

    return types.int32(types.float32), generate


@intrinsic
def as_float(_typing: Any, value: Any) -> Any:
    """Return an int32 as a float32, without the detour over 64 bits that numba takes."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.sitofp(values[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def masked(_typing: Any, value: Any, mask: Any) -> Any:
    """Return the bitwise and of two int32."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.and_(values[0], values[1])

    return types.int32(types.int32, types.int32), generate


@intrinsic
def row_start(_typing: Any, bits: Any, shift: Any, stride: Any, column: Any) -> Any:
    """Return ``(bits >> shift) * stride + column`` in 32 bits."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.add(builder.mul(builder.lshr(values[0], values[1]), values[2]), values[3])

    return types.int32(types.int32, types.int32, types.int32, types.int32), generate


@intrinsic
def chosen(_typing: Any, condition: Any, value: Any, otherwise: Any) -> Any:
    """Return one of two float32 without a branch, which would keep a loop from being vectorised."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.select(values[0], values[1], values[2])

    return types.float32(types.boolean, types.float32, types.float32), generate


@intrinsic
def compiled_once(_typing: Any) -> Any:
    """Keep the function that holds this from being copied into each of its callers, which costs compile time only."""

    def generate(context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate

"""Counting points a line of the cache at a time, while the lines that follow are fetched.

Written as vector instructions by hand, for two reasons. The compiler's own vectors leave no room to ask for memory
ahead of use, and without that the processor counts while the memory rests and rests while the memory works. And sixteen
running sums are added in one fixed order on every processor, so that one seed of a search stands for one plan.
Names and effects are those of LLVM's language reference.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import extending, types
from numba.core import cgutils

LANES = 16
"""Points in a line: 64 bytes of float32."""
BOUNDS = 3
"""Columns of `TermTable.levels`."""

_INT32, _INT64, _FLOAT, _DOUBLE = ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType()
_FLOATS, _INTS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_INT32, LANES)
_BYTES = ir.IntType(8).as_pointer()
_TO_READ, _KEEP_NEAR, _DATA = _INT32(0), _INT32(3), _INT32(1)


def intrinsic(function: Callable[..., Any]) -> Any:
    """Make a function that numba calls to write the instructions of the operation it is named for."""
    return extending.intrinsic(function)


@intrinsic
def address(_typing: Any, array: Any, row: Any, column: Any) -> Any:
    """Return where in memory an element of a contiguous array lies; the row is 0 where the array has one dimension."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = signature.args[0]
        table = context.make_array(kind)(context, builder, values[0])
        width = cgutils.unpack_tuple(builder, table.shape)[kind.ndim - 1]
        index = builder.add(builder.mul(values[1], width), values[2])
        return builder.ptrtoint(builder.gep(table.data, [index]), _INT64)

    return types.int64(array, types.int64, types.int64), generate


def _line(builder: Any, start: Any, number: Any) -> Any:
    return builder.load(builder.gep(start, [number]), align=4)


def _fetch(builder: Any, start: Any, number: Any) -> None:
    kind = ir.FunctionType(ir.VoidType(), [_BYTES, _INT32, _INT32, _INT32])
    function = builder.module.declare_intrinsic("llvm.prefetch", [_BYTES], kind)
    place = builder.bitcast(builder.gep(start, [number]), _BYTES)
    builder.call(function, [place, _TO_READ, _KEEP_NEAR, _DATA])


def _in_all_lanes(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), value, _INT32(0))
    return builder.shuffle_vector(one, one, ir.Constant(_INTS, [0] * LANES))


def _smaller(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _sum_of_lanes(builder: Any, vector: Any, add: Callable[[Any, Any], Any]) -> Any:
    """Add the upper half of the lanes to the lower until one is left."""
    width = LANES // 2
    while width:
        halves = (ir.Constant(ir.VectorType(_INT32, width), [*range(at, at + width)]) for at in (0, width))
        vector = add(*(builder.shuffle_vector(vector, vector, half) for half in halves))
        width //= 2
    return builder.extract_element(vector, _INT32(0))


class _Threshold:
    """The running sums of one threshold: clipped doses, and points at or above it."""

    def __init__(self, builder: Any, levels: Any, term: Any) -> None:
        first = builder.mul(term, _INT64(BOUNDS))
        places = (builder.gep(levels, [builder.add(first, _INT64(k))]) for k in range(BOUNDS))
        self.low, self.high, self.level = (_in_all_lanes(builder, builder.load(place)) for place in places)
        self.clipped, self.reaching = cgutils.alloca_once(builder, _FLOATS), cgutils.alloca_once(builder, _INTS)
        builder.store(ir.Constant(_FLOATS, [0.0] * LANES), self.clipped)
        builder.store(ir.Constant(_INTS, [0] * LANES), self.reaching)

    def count(self, builder: Any, dose: Any) -> None:
        clipped = _smaller(builder, _larger(builder, dose, self.low), self.high)
        builder.store(builder.fadd(builder.load(self.clipped), clipped), self.clipped)
        minus_one_where_it_does = builder.sext(builder.fcmp_ordered(">=", dose, self.level), _INTS)
        builder.store(builder.sub(builder.load(self.reaching), minus_one_where_it_does), self.reaching)

    def add_to(self, builder: Any, sums: Any, term: Any) -> None:
        clipped = _sum_of_lanes(builder, builder.load(self.clipped), builder.fadd)
        reaching = _sum_of_lanes(builder, builder.load(self.reaching), builder.add)
        first = builder.mul(term, _INT64(2))
        for k, more in enumerate((builder.fpext(clipped, _DOUBLE), builder.sitofp(reaching, _DOUBLE))):
            place = builder.gep(sums, [builder.add(first, _INT64(k))])
            builder.store(builder.fadd(builder.load(place), more), place)


def _counting(thresholds: int) -> Any:
    """Return the operation that counts so many thresholds in one reading of the doses.

    It takes addresses: of the dose so far, of the column that is added and the one that is taken away, and how many
    lines; of the two columns where they go on, to be fetched meanwhile, and how many lines there (at least 1). Then
    `TermTable.levels`, the first term, and the sums to add to.
    """

    @intrinsic
    def count_lines(
        _typing: Any,
        _old: Any,
        _added: Any,
        _taken: Any,
        _lines: Any,
        _added_next: Any,
        _taken_next: Any,
        _lines_next: Any,
        levels: Any,
        _first: Any,
        sums: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            starts = [builder.inttoptr(values[k], _FLOATS.as_pointer()) for k in (0, 1, 2, 4, 5)]
            levels, sums = (context.make_array(signature.args[k])(context, builder, values[k]).data for k in (7, 9))
            terms = [builder.add(values[8], _INT64(t)) for t in range(thresholds)]
            counts = [_Threshold(builder, levels, term) for term in terms]
            last_next = builder.sub(values[6], _INT64(1))
            with cgutils.for_range(builder, values[3]) as loop:
                ahead = _least(builder, loop.index, last_next)
                for start in starts[3:]:
                    _fetch(builder, start, ahead)
                old, added, taken = (_line(builder, start, loop.index) for start in starts[:3])
                dose = builder.fadd(old, builder.fsub(added, taken))
                for each in counts:
                    each.count(builder, dose)
            for each, term in zip(counts, terms, strict=True):
                each.add_to(builder, sums, term)
            return context.get_dummy_value()

        where = types.int64
        return types.void(*[where] * 7, levels, where, sums), generate

    return count_lines


def _least(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.icmp_signed("<", a, b), a, b)


count_one, count_two, count_three = _counting(1), _counting(2), _counting(3)

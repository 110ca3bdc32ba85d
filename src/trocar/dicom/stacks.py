"""Sorting the slices of a series into stacks that could each be one volume."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trocar.dicom.lattice import distances_mm, has_doubles, is_even, place
from trocar.dicom.slices import ACQUISITION_TRAITS, PHYSICAL_TRAITS, Slice

SplitRule = Callable[[Sequence[Slice], list[list[Slice]]], bool]
"""Given the whole and its parts: whether to split."""

SAME_ORIENTATION_WITHIN = 1e-3
"""Largest difference of direction cosines within one stack (0.06 degrees)."""
SAME_SPACING_WITHIN = 1e-4
"""Largest relative difference of in-plane spacing within one stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Slices that belong together, and by which values they differ from the others of their series."""

    slices: tuple[Slice, ...]
    marks: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """Size, extent and distinguishing values, in symbols that need no language."""
        first, layout = self.slices[0], self.slices[0].source.layout
        along = np.argsort(distances_mm(self.slices))
        ends = place(self.slices[int(along[0])]), place(self.slices[int(along[-1])])
        size = f"{len(self.slices)} × {layout.rows} × {layout.columns}"
        kind = "\\".join(first.image_type)
        return ", ".join((first.source.modality, size, f"{ends[0]} … {ends[1]}", *self.marks, kind))


def stacks_of(slices: Sequence[Slice]) -> tuple[Stack, ...]:
    """Return the stacks of one series: by frame, plane and size first, then by contrast, then by acquisition."""
    found: list[Stack] = []
    for group in _alike(slices):
        for stack in _by_traits(Stack(slices=tuple(group)), PHYSICAL_TRAITS, _is_split_by_contrast):
            found += _by_acquisition(stack)
    return tuple(found)


def _alike(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Group slices of one frame, size, orientation and in-plane spacing."""
    groups: list[list[Slice]] = []
    for each in slices:
        home = next((group for group in groups if _is_alike(group[0], each)), None)
        if home is None:
            groups.append([each])
        else:
            home.append(each)
    return groups


def _is_alike(first: Slice, second: Slice) -> bool:
    same_place = (first.frame_uid, first.source.modality, first.source.layout.rows, first.source.layout.columns) == (
        second.frame_uid,
        second.source.modality,
        second.source.layout.rows,
        second.source.layout.columns,
    )
    if not same_place:
        return False
    axes = np.abs(np.stack([first.axis_i - second.axis_i, first.axis_j - second.axis_j])).max()
    spacing = max(abs(a - b) / max(a, b) for a, b in zip(first.spacing_ij_mm, second.spacing_ij_mm, strict=True))
    return bool(axes <= SAME_ORIENTATION_WITHIN and spacing <= SAME_SPACING_WITHIN)


def _parts(slices: Iterable[Slice], trait: str) -> dict[Hashable, list[Slice]]:
    parts: dict[Hashable, list[Slice]] = {}
    for each in slices:
        value = each.source.instance_uid if trait == "SOPInstanceUID" else each.traits.get(trait, "")
        parts.setdefault(value, []).append(each)
    return parts


def _by_traits(stack: Stack, traits: Sequence[str], is_split: SplitRule) -> list[Stack]:
    """Split a stack by each trait in turn whose parts satisfy a rule."""
    stacks = [stack]
    for trait in traits:
        stacks = [part for each in stacks for part in _split(each, trait, is_split)]
    return stacks


def _split(stack: Stack, trait: str, is_split: SplitRule) -> list[Stack]:
    parts = _parts(stack.slices, trait)
    unstated = "" in parts and not has_doubles(stack.slices)
    if len(parts) < 2 or unstated or not is_split(stack.slices, list(parts.values())):
        return [stack]
    return [Stack(slices=tuple(part), marks=(*stack.marks, f"{trait} {value}")) for value, part in parts.items()]


def _is_split_by_contrast(whole: Sequence[Slice], parts: list[list[Slice]]) -> bool:
    """Split unless the value differs from slice to slice, as a trigger time may."""
    return 2 * len(parts) <= len(whole) or (has_doubles(whole) and not any(has_doubles(part) for part in parts))


def _by_acquisition(stack: Stack) -> list[Stack]:
    """Split by acquisition only where slices clash, or where two whole stacks interleave."""
    for trait in ACQUISITION_TRAITS:
        split = _split(stack, trait, _is_split_by_acquisition)
        if len(split) > 1:
            return [part for each in split for part in _by_acquisition(each)]
    if has_doubles(stack.slices):
        return _by_numbering(stack)
    return [stack]


def _is_split_by_acquisition(whole: Sequence[Slice], parts: list[list[Slice]]) -> bool:
    if 2 * len(parts) > len(whole):
        return False
    if any(has_doubles(part) for part in parts) and not _lessens_doubles(whole, parts):
        return False
    if has_doubles(whole):
        return True
    if not all(len(part) > 2 and is_even(part) for part in parts):
        return False
    return not is_even(whole) or _interleave(whole, parts)


def _lessens_doubles(whole: Sequence[Slice], parts: list[list[Slice]]) -> bool:
    """Say whether every part has fewer slices at one place than the whole, as echo within phase."""
    deepest = _deepest(whole)
    return deepest > 1 and all(_deepest(part) < deepest for part in parts)


def _deepest(slices: Sequence[Slice]) -> int:
    _, counts = np.unique(distances_mm(slices), return_counts=True)
    return int(counts.max())


def _interleave(whole: Sequence[Slice], parts: list[list[Slice]]) -> bool:
    """Say whether slices of one part lie between those of another."""
    label = {id(each): number for number, part in enumerate(parts) for each in part}
    along = np.argsort(distances_mm(whole))
    sequence = [label[id(whole[int(index)])] for index in along]
    changes = sum(before != here for before, here in pairwise(sequence))
    return changes > len(parts) - 1


def _by_numbering(stack: Stack) -> list[Stack]:
    """Split where, in order of instance number, a position comes again: two series were sent as one."""
    if any(each.number is None for each in stack.slices):
        return [stack]
    ordered = sorted(stack.slices, key=lambda each: each.number or 0)
    distance = {id(each): float(at) for each, at in zip(ordered, distances_mm(ordered), strict=True)}
    runs: list[list[Slice]] = [[]]
    seen: set[float] = set()
    for each in ordered:
        if distance[id(each)] in seen:
            runs.append([])
            seen = set()
        runs[-1].append(each)
        seen.add(distance[id(each)])
    if not all(len(run) > 1 and is_even(run) for run in runs):
        return [stack]
    return [
        Stack(slices=tuple(run), marks=(*stack.marks, f"InstanceNumber {run[0].number}…{run[-1].number}"))
        for run in runs
    ]

"""Which slices are meant: files found, series, patients and stacks told apart, and asked about, never guessed."""

import filecmp
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trocar.dicom.deviations import Deviations
from trocar.dicom.enhanced import frame_slices
from trocar.dicom.files import MEMORY_BUDGET_BYTES
from trocar.dicom.slices import SINGLE_FRAME, Slice, read_source, single_slice
from trocar.dicom.stacks import Stack, stacks_of
from trocar.dicom.uids import derived_uid
from trocar.errors import ChoiceNeeded, DicomError, RefusedObject, UnreadableFile
from trocar.plan.patient import Patient
from trocar.results.findings import Deviation, Reading


def select_stack(
    source: Path | Sequence[Path], *, series_uid: str | None, stack: int | None, budget_bytes: int, noted: Deviations
) -> Stack:
    """Return the one stack of slices that a folder or files hold; parameters and errors as `read_image`."""
    found = gather(source, budget_bytes=budget_bytes)
    noted.extend(found.left_out)
    series = _one_series(found.slices, series_uid, noted)
    _require_one_patient(series)
    images = _without_localizers(_without_copies(series, noted), noted)
    chosen = _one_stack(_in_common_frame(images, noted), stack)
    for path in {each.source.path: None for each in chosen.slices}:
        noted.extend(found.by_file[path])
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Slices of all files given, the deviations of each file, and what was left out."""

    slices: tuple[Slice, ...]
    by_file: dict[Path, tuple[Deviation, ...]]
    left_out: tuple[Deviation, ...]


def files_of(source: Path | Sequence[Path]) -> tuple[tuple[Path, ...], bool]:
    """Return the files meant, and whether each was named (else they were found in a folder).

    Raises
    ------
    UnreadableFile
        There is no such file or folder.
    """
    if not isinstance(source, Path | str):
        return tuple(Path(path) for path in source), True
    path = Path(source)
    if path.is_dir():
        return tuple(sorted(each for each in path.rglob("*") if each.is_file())), False
    if not path.exists():
        raise UnreadableFile(
            "dicom.no-such-path", "{path} does not exist; give a folder or file that does", path=path.name
        )
    return (path,), True


def gather(source: Path | Sequence[Path], *, budget_bytes: int) -> Gathered:
    """Return the slices of all files; what cannot be read is an error if it was named, else left out and noted."""
    paths, is_named = files_of(source)
    slices: list[Slice] = []
    by_file: dict[Path, tuple[Deviation, ...]] = {}
    left_out = Deviations()
    for path in paths:
        try:
            here = slices_in(path, budget_bytes=budget_bytes)
        except DicomError as error:
            if is_named:
                raise
            if path.name.upper() != "DICOMDIR":
                left_out.note("dicom.file-left-out", "could not be read and was left out", where=path.name)
                left_out.extend((Deviation(message=error.message, where=path.name),))
            continue
        slices += here.value
        by_file[path] = here.deviations
    if not slices:
        raise UnreadableFile(
            "dicom.no-image",
            "among {n} files there is no CT or MR image; give the folder that holds the series",
            n=len(paths),
        )
    return Gathered(slices=tuple(slices), by_file=by_file, left_out=left_out.found)


def slices_in(path: Path, *, budget_bytes: int = MEMORY_BUDGET_BYTES) -> Reading[tuple[Slice, ...]]:
    """Return the slices a file holds, none if it is no CT or MR image; their pixels are not read.

    Raises
    ------
    UnreadableFile, RefusedObject
        It is damaged, or lacks what a slice must have.
    """
    read = read_source(path, budget_bytes=budget_bytes)
    if read is None:
        return Reading(value=())
    source, attributes = read
    if source.sop_class_uid in SINGLE_FRAME:
        slices: tuple[Slice, ...] = (single_slice(source, attributes),)
    else:
        slices = frame_slices(source, attributes)
    return Reading(value=slices, deviations=attributes.noted.found)


def _one_series(slices: Sequence[Slice], series_uid: str | None, noted: Deviations) -> tuple[Slice, ...]:
    series: dict[str, list[Slice]] = {}
    for each in slices:
        series.setdefault(each.source.series_uid, []).append(each)
    if series_uid is not None:
        if series_uid not in series:
            raise ChoiceNeeded(
                "dicom.no-such-series",
                "there is no series {given} here; there are: {choices}",
                given=series_uid,
                choices=_series_list(series),
            )
        return tuple(series[series_uid])
    scouts = [uid for uid, each in series.items() if all(one.is_localizer for one in each)]
    if scouts and len(scouts) < len(series):
        for uid in scouts:
            _note_localizers(len(series.pop(uid)), noted)
    if len(series) > 1:
        raise ChoiceNeeded(
            "dicom.several-series",
            "{n} image series are here; say which by its UID: {choices}",
            n=len(series),
            choices=_series_list(series),
            uids=tuple(series),
        )
    return tuple(next(iter(series.values())))


def _series_list(series: dict[str, list[Slice]]) -> str:
    lines = []
    for uid, slices in series.items():
        source = slices[0].source
        size = f"{len(slices)} × {source.layout.rows} × {source.layout.columns}"
        lines.append(f"{uid} ({source.patient.identifier}, {source.modality} {size}, {source.series_description})")
    return "; ".join(lines)


def _require_one_patient(slices: Sequence[Slice]) -> None:
    """Raise if slices of one series name different patients, by identifier, name or date of birth."""
    first = slices[0].source
    for each in slices:
        if _identity(each.source.patient) != _identity(first.patient) or each.source.study_uid != first.study_uid:
            raise RefusedObject(
                "dicom.patients-mixed",
                "{first} (patient {first_id}) and {other} (patient {other_id}) are filed as one series but name "
                "different patients or studies; remove what does not belong",
                first=first.name,
                first_id=first.patient.identifier,
                other=each.source.name,
                other_id=each.source.patient.identifier,
            )


def _identity(patient: Patient) -> tuple[object, ...]:
    name = " ".join(patient.name.replace("^", " ").casefold().split())
    return patient.identifier.strip(), name, patient.birth_date


def _without_localizers(slices: Sequence[Slice], noted: Deviations) -> tuple[Slice, ...]:
    kept = tuple(each for each in slices if not each.is_localizer)
    if not kept:
        raise RefusedObject(
            "dicom.only-localizers",
            "the series holds localizer images only ({n}); choose the series of slices",
            n=len(slices),
        )
    if len(kept) < len(slices):
        _note_localizers(len(slices) - len(kept), noted)
    mosaic = next((each for each in kept if "MOSAIC" in each.image_type), None)
    if mosaic is not None:
        raise RefusedObject(
            "dicom.mosaic",
            "{where} shows many slices side by side in one picture (MOSAIC); export the series as single slices or "
            "as a multi-frame image",
            where=mosaic.name,
        )
    return kept


def _note_localizers(n: int, noted: Deviations) -> None:
    noted.note("dicom.localizers-left-out", "{n} localizer images are filed with the slices; they were left out", n=n)


def _in_common_frame(slices: Sequence[Slice], noted: Deviations) -> tuple[Slice, ...]:
    """Undo what some de-identification does: a frame of reference of its own for each slice, which no scanner does."""
    frames = {each.frame_uid for each in slices}
    if len(frames) < 3 or len(frames) != len(slices):
        return tuple(slices)
    noted.note(
        "dicom.frame-for-each-slice",
        "each of the {n} slices states a frame of reference of its own, as after careless de-identification; the "
        "series was given one, which no other object shares",
        n=len(slices),
    )
    common = derived_uid("frame of reference", slices[0].source.series_uid)
    return tuple(replace(each, frame_uid=common) for each in slices)


def _without_copies(slices: Sequence[Slice], noted: Deviations) -> tuple[Slice, ...]:
    """Leave out a second file of the same bytes; one of the same UID and other bytes stays, to be refused as double."""
    first_of: dict[str, Path] = {}
    kept = []
    for each in slices:
        path = first_of.setdefault(each.source.instance_uid, each.source.path)
        if path == each.source.path or not filecmp.cmp(path, each.source.path, shallow=False):
            kept.append(each)
        else:
            noted.note("dicom.instance-twice", "the same file is there twice; it was read once", where=each.source.name)
    return tuple(kept)


def _one_stack(slices: Sequence[Slice], number: int | None) -> Stack:
    stacks = stacks_of(slices)
    listed = "; ".join(f"[{index}] {each.description}" for index, each in enumerate(stacks, start=1))
    if number is None and len(stacks) > 1:
        raise ChoiceNeeded(
            "dicom.several-stacks",
            "the series holds {n} stacks of slices that make no single volume; say which by its number: {choices}",
            n=len(stacks),
            choices=listed,
        )
    if number is not None and not 1 <= number <= len(stacks):
        raise ChoiceNeeded(
            "dicom.no-such-stack",
            "there is no stack {given} in the series; there are: {choices}",
            given=number,
            choices=listed,
        )
    return stacks[(number or 1) - 1]

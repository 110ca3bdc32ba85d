"""What a folder holds: patients, studies, series and objects, sorted but not judged, with every problem named."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydicom.uid import MediaStorageDirectoryStorage

from trocar.dicom.attributes import Attributes
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import MEMORY_BUDGET_BYTES, meta_uid, read_dataset, read_title
from trocar.dicom.patient import read_patient
from trocar.errors import DicomError, UnreadableFile
from trocar.plan.patient import Patient
from trocar.results.findings import Deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedFile:
    """One DICOM file.

    Parameters
    ----------
    path
        Where it is.
    sop_class_uid, instance_uid
        What it is and its name.
    frames, rows, columns
        Size of its image; zero rows where it holds none.
    label
        Label of a structure set or plan; empty for others.
    is_localizer
        Whether the scanner called it a localizer.
    """

    path: Path
    sop_class_uid: str
    instance_uid: str
    frames: int
    rows: int
    columns: int
    label: str
    is_localizer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedSeries:
    """Files of one series; a structure set, plan or dose is a series of few files."""

    series_uid: str
    modality: str
    number: int | None
    description: str
    frame_uids: tuple[str, ...]
    files: tuple[SurveyedFile, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the files are."""
        return tuple(file.path for file in self.files)

    @property
    def frames(self) -> int:
        """Number of slices, frames or planes in all files."""
        return sum(file.frames for file in self.files)

    @property
    def is_localizer(self) -> bool:
        """Whether every image of the series is a localizer."""
        return all(file.is_localizer for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedStudy:
    """Series of one study."""

    study_uid: str
    description: str
    at: datetime | None
    series: tuple[SurveyedSeries, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedPatient:
    """Studies of one patient."""

    patient: Patient
    studies: tuple[SurveyedStudy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a folder holds.

    Parameters
    ----------
    root
        The folder, or file.
    patients
        Told apart by identifier, and by name and date of birth where these contradict.
    problems
        What was skipped or cannot be right, file by file.
    """

    root: Path
    patients: tuple[SurveyedPatient, ...]
    problems: tuple[Deviation, ...]

    @property
    def series(self) -> tuple[SurveyedSeries, ...]:
        """All series of all patients."""
        return tuple(series for patient in self.patients for study in patient.studies for series in study.series)

    def of_modality(self, *modalities: str) -> tuple[SurveyedSeries, ...]:
        """Return the series of some modalities, as ``survey.of_modality("CT", "MR")``; localizers are left out."""
        return tuple(each for each in self.series if each.modality in modalities and not each.is_localizer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Title:
    """What one file says of itself."""

    file: SurveyedFile
    patient: Patient
    study_uid: str
    study_description: str
    study_at: datetime | None
    series_uid: str
    modality: str
    series_number: int | None
    series_description: str
    frame_uid: str


def survey(path: Path, *, budget_bytes: int = MEMORY_BUDGET_BYTES) -> Survey:
    """Return what a folder holds, with all folders in it; nothing is guessed and nothing is dropped unnamed.

    Parameters
    ----------
    path
        A folder, or one file. A DICOMDIR is not needed; where there is one, files it lists and that are absent are
        named.
    budget_bytes
        Largest inflated header.

    Raises
    ------
    UnreadableFile
        There is no such folder or file.
    """
    root = Path(path)
    problems = Deviations()
    titles = [title for file in _files(root) if (title := _title(file, root, problems, budget_bytes))]
    _name_repeats(titles, root, problems)
    patients = _patients(titles, problems)
    return Survey(root=root, patients=patients, problems=problems.found)


def _files(root: Path) -> Iterator[Path]:
    if not root.exists():
        raise UnreadableFile(
            "dicom.no-such-path", "{path} does not exist; give a folder or file that does", path=root.name
        )
    if root.is_file():
        yield root
        return
    try:
        yield from sorted(each for each in root.rglob("*") if each.is_file())
    except OSError as error:
        raise UnreadableFile(
            "dicom.cannot-open",
            "{file} cannot be opened: {reason}; check that it exists and may be read",
            file=root.name,
            reason=error.strerror or str(error),
        ) from error


def _place(path: Path, root: Path) -> str:
    return path.name if path == root else str(path.relative_to(root))


def _title(path: Path, root: Path, problems: Deviations, budget_bytes: int) -> _Title | None:
    noted = Deviations()
    try:
        dataset = read_title(path, noted=noted, budget_bytes=budget_bytes)
        if meta_uid(dataset, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
            _check_directory(path, root, problems)
            return None
        title = _read(Attributes.of(dataset, where=path.name, noted=noted), path)
    except DicomError as error:
        if error.code == "dicom.not-dicom":
            where = _place(path, root)
            problems.note("dicom.skipped-not-dicom", "{file} is not a DICOM file; skipped", where=where, file=where)
        else:
            problems.extend((Deviation(message=error.message, where=_place(path, root)),))
        return None
    problems.extend(tuple(replace(each, where=_place(path, root)) for each in noted.found))
    return title


def _read(attributes: Attributes, path: Path) -> _Title:
    image_type = {text.upper() for text in attributes.texts("ImageType")}
    file = SurveyedFile(
        path=path,
        sop_class_uid=attributes.uid("SOPClassUID"),
        instance_uid=attributes.uid("SOPInstanceUID"),
        frames=attributes.integer_or_none("NumberOfFrames") or 1,
        rows=attributes.integer_or_none("Rows") or 0,
        columns=attributes.integer_or_none("Columns") or 0,
        label=attributes.text_or("StructureSetLabel", "") or attributes.text_or("RTPlanLabel", ""),
        is_localizer=bool(image_type & {"LOCALIZER", "SCOUT", "TOPOGRAM"}),
    )
    return _Title(
        file=file,
        patient=read_patient(attributes),
        study_uid=attributes.uid("StudyInstanceUID"),
        study_description=attributes.text_or("StudyDescription", "").strip(),
        study_at=attributes.moment_or_none("StudyDate", "StudyTime"),
        series_uid=attributes.uid("SeriesInstanceUID"),
        modality=attributes.text_or("Modality", "").strip().upper(),
        series_number=attributes.integer_or_none("SeriesNumber"),
        series_description=attributes.text_or("SeriesDescription", "").strip(),
        frame_uid=attributes.uid_or("FrameOfReferenceUID", ""),
    )


def _check_directory(path: Path, root: Path, problems: Deviations) -> None:
    """Name the files a DICOMDIR lists that are not there."""
    directory = Attributes.of(read_dataset(path, noted=Deviations()), where=path.name, noted=Deviations())
    for record in directory.items("DirectoryRecordSequence"):
        parts = record.texts("ReferencedFileID")
        if parts and not any(_exists(path.parent.joinpath(*names)) for names in (parts, [p.lower() for p in parts])):
            problems.note(
                "dicom.directory-file-absent",
                "the DICOMDIR lists {listed}, which is not there; the copy is incomplete",
                where=_place(path, root),
                listed="/".join(parts),
            )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _name_repeats(titles: list[_Title], root: Path, problems: Deviations) -> None:
    """Name instances that come twice, and series that spread over studies."""
    first: dict[str, Path] = {}
    study_of: dict[str, str] = {}
    for title in titles:
        earlier = first.setdefault(title.file.instance_uid, title.file.path)
        if earlier != title.file.path:
            problems.note(
                "dicom.survey-instance-twice",
                "the same object stands in {first} as well",
                where=_place(title.file.path, root),
                first=_place(earlier, root),
            )
        if study_of.setdefault(title.series_uid, title.study_uid) != title.study_uid:
            problems.note(
                "dicom.survey-series-in-two-studies",
                "series {series} is filed in two studies",
                where=_place(title.file.path, root),
                series=title.series_uid,
            )


def _patients(titles: list[_Title], problems: Deviations) -> tuple[SurveyedPatient, ...]:
    groups: list[tuple[Patient, list[_Title]]] = []
    for title in titles:
        same_identifier = [number for number, (patient, _) in enumerate(groups) if _shares_identifier(patient, title)]
        home = next((number for number in same_identifier if not _differs(groups[number][0], title.patient)), None)
        if home is not None:
            patient, members = groups[home]
            groups[home] = (_fuller(patient, title.patient), [*members, title])
            continue
        if same_identifier and title.patient.identifier:
            problems.note(
                "dicom.survey-patients-share-identifier",
                "patient identifier {identifier} is used with different names or dates of birth; they are listed apart",
                identifier=title.patient.identifier,
            )
        groups.append((title.patient, [title]))
    return tuple(SurveyedPatient(patient=patient, studies=_studies(members)) for patient, members in groups)


def _shares_identifier(patient: Patient, title: _Title) -> bool:
    return patient.identifier.strip() == title.patient.identifier.strip()


def _differs(first: Patient, second: Patient) -> bool:
    """Say whether two people of one identifier contradict; what is not stated contradicts nothing but a name."""
    names = [" ".join(patient.name.replace("^", " ").casefold().split()) for patient in (first, second)]
    births = [patient.birth_date for patient in (first, second)]
    if not first.identifier.strip() and names[0] != names[1]:
        return True
    return (all(names) and names[0] != names[1]) or (None not in births and births[0] != births[1])


def _fuller(first: Patient, second: Patient) -> Patient:
    return Patient(
        identifier=first.identifier,
        name=first.name or second.name,
        birth_date=first.birth_date or second.birth_date,
        sex=first.sex or second.sex,
    )


def _studies(titles: list[_Title]) -> tuple[SurveyedStudy, ...]:
    studies: dict[str, list[_Title]] = {}
    for title in titles:
        studies.setdefault(title.study_uid, []).append(title)
    return tuple(
        SurveyedStudy(
            study_uid=uid,
            description=members[0].study_description,
            at=members[0].study_at,
            series=_series(members),
        )
        for uid, members in studies.items()
    )


def _series(titles: list[_Title]) -> tuple[SurveyedSeries, ...]:
    series: dict[tuple[str, str], list[_Title]] = {}
    for title in titles:
        series.setdefault((title.series_uid, title.modality), []).append(title)
    return tuple(
        SurveyedSeries(
            series_uid=uid,
            modality=modality,
            number=members[0].series_number,
            description=members[0].series_description,
            frame_uids=tuple(dict.fromkeys(title.frame_uid for title in members if title.frame_uid)),
            files=tuple(title.file for title in members),
        )
        for (uid, modality), members in series.items()
    )

"""The tree of errors. Every one carries a `Message`: what was given, what is allowed, what to do.

::

    TrocarError
    ├── GeometryError        frames, grids, contours that cannot be what they claim
    ├── CatalogueError       a published table that is absent, incomplete or inconsistent
    ├── PlanError            a plan or prescription that cannot be carried out
    ├── DoseError            a dose that cannot be computed as asked
    ├── HeatError            a temperature that cannot be computed as asked
    ├── OptimiseError        a demand that no plan can meet
    ├── ImagingError         a picture that does not show what was looked for
    ├── GuideError           a guide that cannot be made
    ├── EvaluateError        a quantity that is not defined for these inputs
    ├── RuleError            a rule pack that cannot be loaded or judged
    ├── DepartmentError      a department's record that contradicts itself or cannot be counted
    ├── AssessmentError      a report that cannot be read
    ├── DicomError           a file or folder that cannot be read, or must not be written
    │   ├── UnreadableFile       not DICOM, truncated, damaged
    │   ├── RefusedObject        readable, but cannot be trusted or is not supported
    │   └── ChoiceNeeded         several series, patients or frames: the user must say which
    ├── ReportError          a document that cannot be made
    └── UsageError           a command called in a way that has no meaning
"""

from trocar.messages import Language, Message


class TrocarError(Exception):
    """Base of all errors that Trocar raises on purpose.

    Parameters
    ----------
    code
        Stable name ``room.what-happened``.
    template
        English sentence with `str.format` fields.
    **data
        The values of the fields.

    Examples
    --------
    >>> raise GeometryError("geometry.demo", "{n} points given, at least 3 are needed; draw the contour again", n=2)
    Traceback (most recent call last):
        ...
    trocar.errors.GeometryError: 2 points given, at least 3 are needed; draw the contour again
    """

    def __init__(self, code: str, template: str, /, **data: object) -> None:
        self.message = Message(code=code, template=template, data=data)
        super().__init__(code, template, data)

    @property
    def code(self) -> str:
        """The stable name of what went wrong."""
        return self.message.code

    def text(self, language: Language) -> str:
        """Return the sentence in a language."""
        return self.message.text(language)

    def __str__(self) -> str:
        return self.message.text()

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message.code, self.message.template, dict(self.message.data)))


def _rebuild(kind: type[TrocarError], code: str, template: str, data: dict[str, object]) -> TrocarError:
    return kind(code, template, **data)


class GeometryError(TrocarError):
    """Frames, grids or contours that cannot be what they claim."""


class CatalogueError(TrocarError):
    """A published table that is absent, incomplete or inconsistent."""


class PlanError(TrocarError):
    """A plan or prescription that cannot be carried out."""


class DoseError(TrocarError):
    """A dose that cannot be computed as asked."""


class HeatError(TrocarError):
    """A temperature that cannot be computed as asked."""


class OptimiseError(TrocarError):
    """A demand that no plan can meet."""


class ImagingError(TrocarError):
    """A picture that does not show what was looked for."""


class GuideError(TrocarError):
    """A guide that cannot be made."""


class EvaluateError(TrocarError):
    """A quantity that is not defined for these inputs."""


class RuleError(TrocarError):
    """A rule pack that cannot be loaded or judged."""


class DepartmentError(TrocarError):
    """A department's record that contradicts itself or cannot be counted."""


class AssessmentError(TrocarError):
    """A report that cannot be read."""


class DicomError(TrocarError):
    """A DICOM file or folder that cannot be read, or must not be written."""


class UnreadableFile(DicomError):
    """Not DICOM, truncated or damaged."""


class RefusedObject(DicomError):
    """Readable, but it cannot be trusted or is not supported."""


class ChoiceNeeded(DicomError):
    """Several series, patients or frames of reference: the user must say which."""


class ReportError(TrocarError):
    """A document that cannot be made."""


class UsageError(TrocarError):
    """A command called in a way that has no meaning."""

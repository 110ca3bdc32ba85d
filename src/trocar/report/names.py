"""How a DICOM person name is printed for people."""

from trocar.messages import Language


def printed_name(name: str, *, language: Language) -> str:
    """Return a person name as read in a language.

    Parameters
    ----------
    name
        DICOM person name: component groups (alphabetic, ideographic, phonetic) separated by ``=``, components by ``^``.
    language
        Chinese readers get the ideographic group where there is one, others the alphabetic group.

    Examples
    --------
    >>> printed_name("Wang^XiaoDong=王^小东=", language=Language.CHINESE)
    '王小东'
    >>> printed_name("Wang^XiaoDong=王^小东=", language=Language.ENGLISH)
    'Wang, XiaoDong'
    """
    groups = [*name.split("="), "", ""]
    alphabetic, ideographic = groups[0], groups[1]
    chosen = (ideographic or alphabetic) if language is Language.CHINESE else (alphabetic or ideographic)
    family, given, *rest = [part.strip() for part in [*chosen.split("^"), ""]]
    if any(_is_han(letter) for letter in chosen):
        return "".join([family, given, *rest])
    forenames = " ".join(part for part in (given, *rest) if part)
    return ", ".join(part for part in (family, forenames) if part)


def _is_han(letter: str) -> bool:
    return "\u3400" <= letter <= "\u9fff" or "\U00020000" <= letter <= "\U0003ffff"

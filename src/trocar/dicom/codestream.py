"""What a compressed frame says of its own size, asked before a codec gives memory and time to it."""

from trocar.errors import UnreadableFile

_JPEG_START = b"\xff\xd8"
_JPEG2000_START = b"\xff\x4f\xff\x51"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Second bytes of the JPEG markers that state a size: SOF0 to SOF15, and SOF55 of JPEG-LS."""
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))


def declared_size(codestream: bytes) -> tuple[int, int] | None:
    """Return rows and columns a JPEG, JPEG-LS or JPEG 2000 codestream states; None for another, as RLE.

    References
    ----------
    ISO/IEC 10918-1 B.2.2, ISO/IEC 14495-1 C.2.2, ISO/IEC 15444-1 A.5.1.
    """
    if codestream.startswith(_JPEG2000_START):
        columns, rows, left, top = (int.from_bytes(codestream[at : at + 4], "big") for at in (8, 12, 16, 20))
        return rows - top, columns - left
    if not codestream.startswith(_JPEG_START):
        return None
    at = 2
    while at + 9 <= len(codestream) and codestream[at] == 0xFF:
        marker = codestream[at + 1]
        if marker in _FRAME_HEADERS:
            rows, columns = (int.from_bytes(codestream[place : place + 2], "big") for place in (at + 5, at + 7))
            return rows, columns
        at += 1 if marker == 0xFF else 2 if marker in _WITHOUT_LENGTH else 2 + _length(codestream, at)
    return 0, 0


def _length(codestream: bytes, at: int) -> int:
    return max(int.from_bytes(codestream[at + 2 : at + 4], "big"), 2)


def require_size(codestream: bytes, *, rows: int, columns: int, file: str) -> None:
    """Raise unless a codestream states the size its file does.

    Raises
    ------
    UnreadableFile
        It states another: a codec would fill memory for it, or give a picture of another shape.
    """
    stated = declared_size(codestream)
    if stated is not None and stated != (rows, columns):
        raise UnreadableFile(
            "dicom.codestream-size",
            "{file}: the compressed frame is {found_rows} × {found_columns}, the file says {rows} × {columns}; it is "
            "damaged",
            file=file,
            found_rows=stated[0],
            found_columns=stated[1],
            rows=rows,
            columns=columns,
        )

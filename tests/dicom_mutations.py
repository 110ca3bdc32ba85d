"""Ways to spoil a file: bytes flipped, cut, doubled or swapped, elements dropped, emptied or given other bytes."""

from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element

LONG_RUN = 64


@st.composite
def spoiled_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return a file's bytes after one to four accidents, most of them past the preamble."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        at = draw(st.integers(min(128, len(data) - 1), len(data) - 1))
        accident = draw(st.sampled_from(["flip", "cut", "drop", "insert", "double", "length", "zero"]))
        run = draw(st.integers(1, LONG_RUN))
        if accident == "flip":
            data[at] ^= draw(st.integers(1, 255))
        elif accident == "cut":
            del data[at:]
        elif accident == "drop":
            del data[at : at + run]
        elif accident == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=run))
        elif accident == "double":
            data[at:at] = data[at : at + run]
        elif accident == "length":
            data[at : at + 4] = draw(
                st.sampled_from([b"\xff\xff\xff\xff", b"\xfe\xff\xff\x7f", b"\0\0\0\0", b"\1\0\0\0"])
            )
        else:
            data[at : at + run] = bytes(min(run, len(data) - at))
    return bytes(data)


ODD_VALUES = [
    b"",
    b"\\",
    b"\\\\\\",
    b"NaN ",
    b"inf ",
    b"1e999 ",
    b"-0",
    b"1.2.3 ",
    b"999999999999999999999999",
    b"\xff\xff",
    b"\x00\x00",
    b"\xff\xff\xff\xff",
    b"\x80\x81\xfe\xff",
    b"\x1b$)A\xcd",
    b"UNKNOWN ",
    b"0\\0\\0",
    b"1\\0\\0\\0\\1\\0 ",
    b"0.0000001 ",
    b"-1",
    b"20261332",
    b"x" * 300,
]


LONG_HEADERS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT"))
Odd = dict[tuple[int, int], tuple[str, bytes] | None]
"""By identity of a data set and tag: another VR and other bytes, or None to leave the element out."""


def _elements(ds: Dataset) -> list[tuple[Dataset, int, str]]:
    """Return every element of a data set and its sequences."""
    found = []
    for element in ds:
        found.append((ds, int(element.tag), str(element.VR)))
        if element.VR == "SQ":
            for item in element.value:
                found += _elements(item)
    return found


def _encoded(ds: Dataset, odd: Odd) -> bytes:
    """Return a data set in explicit VR little endian, whatever its values are."""
    parts = []
    for element in ds:
        tag = int(element.tag)
        spoiled = odd.get((id(ds), tag), (str(element.VR), b""))
        if spoiled is None:
            continue
        if (id(ds), tag) in odd:
            parts.append(_element(tag, *spoiled))
        elif element.VR == "SQ":
            bodies = [_encoded(item, odd) for item in element.value]
            items = b"".join(b"\xfe\xff\x00\xe0" + len(body).to_bytes(4, "little") + body for body in bodies)
            parts.append(_element(tag, "SQ", items))
        else:
            out = DicomBytesIO()
            out.is_little_endian, out.is_implicit_VR = True, False
            write_data_element(out, element)
            parts.append(out.getvalue())
    return b"".join(parts)


def _element(tag: int, vr: str, value: bytes) -> bytes:
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr.encode()
    if vr in LONG_HEADERS:
        return head + b"\0\0" + len(value).to_bytes(4, "little") + value
    return head + len(value).to_bytes(2, "little") + value


@st.composite
def spoiled_attributes(draw: st.DrawFn, ds: Dataset, before: bytes) -> bytes:
    """Return the bytes of a file of which one to three elements are dropped, or hold other bytes.

    ``before`` is what stands in the file before the data set.
    """
    odd: Odd = {}
    for _ in range(draw(st.integers(1, 3))):
        owner, tag, vr = draw(st.sampled_from(_elements(ds)))
        if draw(st.booleans()):
            odd[id(owner), tag] = None
        else:
            value = draw(st.sampled_from(ODD_VALUES) | st.binary(max_size=12))
            odd[id(owner), tag] = (draw(st.sampled_from([vr, vr, "UN", "OB", "LO", "DS", "SQ", "ZZ"])), value)
    return before + _encoded(ds, odd)

"""Names and descriptions as hospitals write them: the label is believed where its bytes allow, and only there."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_series import ct_slice, save
from trocar.dicom.attributes import read_attributes
from trocar.dicom.deviations import Deviations
from trocar.dicom.patient import read_patient
from trocar.dicom.text import CharacterSet, character_set, decode_text

MISLABELLED = "dicom.charset-mislabelled"


def read(raw: bytes, label: str, *, is_name: bool = True) -> tuple[str, set[str]]:
    noted = Deviations()
    text = decode_text(raw, character_set(label, noted=noted, where="f"), noted=noted, where="f", is_name=is_name)
    return text, {deviation.message.code for deviation in noted.found}


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("Wang^XiaoDong=王^小东", "gb18030", "GB18030"),
        ("Wang^XiaoDong=王^小東", "utf-8", "ISO_IR 192"),
        ("𠮷野^喆玥", "gb18030", "GB18030"),
        ("欧阳^娜娜", "gbk", "GBK"),
        ("Jérôme^Müller", "latin-1", "ISO_IR 100"),
        ("Люкceмбypг", "iso8859_5", "ISO_IR 144"),
        ("Διονυσιος", "iso8859_7", "ISO_IR 126"),
        ("Äneas^Rüdiger", "latin-1", "ISO_IR 100"),
        ("20 µm ±3°", "latin-1", "ISO_IR 100"),
        ("plain", "ascii", ""),
    ],
)
def test_true_labels_are_believed(text: str, codec: str, label: str) -> None:
    assert read(text.encode(codec), label) == (text, set())


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("王^小东", "gbk", "ISO_IR 100"),
        ("王^小东", "gbk", ""),
        ("王^小东", "utf-8", "ISO_IR 100"),
        ("王^小东", "utf-8", ""),
        ("王小东", "utf-8", "GB18030"),
        ("李珺", "gb18030", "ISO_IR 192"),
        ("胸部CT平扫+增强", "gbk", "ISO_IR 6"),
        ("腹部（增强）5mm", "gbk", "ISO_IR 100"),
        ("欧阳^喆玥", "gbk", "ISO_IR 100"),
        ("5°", "latin-1", ""),
    ],
)
def test_false_labels_are_named_and_the_text_is_read_as_what_it_is(text: str, codec: str, label: str) -> None:
    assert read(text.encode(codec), label) == (text, {MISLABELLED})


@pytest.mark.parametrize("label", ["ISO 2022 IR 58", "\\ISO 2022 IR 58", "ISO 2022 IR 6\\ISO 2022 IR 58"])
def test_the_standards_own_example_of_chinese_with_code_extensions(label: str) -> None:
    raw = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="  # PS3.5 K.2
    assert read(raw, label) == ("Zhang^XiaoDong=张^小东=", set())


def test_a_delimiter_goes_back_to_the_first_set() -> None:
    raw = b"\x1b$)A\xcd\xf5^Li\\\x1b$)A\xc0\xee"
    assert read(raw, "\\ISO 2022 IR 58") == ("王^Li\\李", set())


def test_an_escape_sequence_of_no_set_loses_nothing_silently() -> None:
    text, codes = read(b"\x1b$)A\xcd", "\\ISO 2022 IR 58")
    assert codes == {MISLABELLED}
    assert text


@pytest.mark.parametrize("label", ["UTF-8", "ISO-IR 192", "iso_ir 192"])
def test_misspelt_labels_are_named_and_understood(label: str) -> None:
    assert read("王".encode(), label) == ("王", {"dicom.charset-misspelt"})


def test_unknown_labels_are_named_and_the_bytes_decide() -> None:
    text, codes = read("王小东".encode("gbk"), "EBCDIC")
    assert text == "王小东"
    assert codes == {"dicom.charset-unknown", MISLABELLED}


@given(
    raw=st.binary(max_size=40), label=st.sampled_from(["", "ISO_IR 100", "GB18030", "ISO_IR 192", "\\ISO 2022 IR 58"])
)
def test_any_bytes_give_some_text(raw: bytes, label: str) -> None:
    text, _ = read(raw, label)
    assert isinstance(text, str)


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=8))
def test_any_chinese_name_is_read_from_gbk_under_no_label(name: str) -> None:
    text, codes = read(name.encode("gb18030"), "ISO_IR 100")
    assert text == name or not name.encode("gb18030").isascii()
    assert codes == {MISLABELLED}


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_what_is_written_in_either_charset_is_read_back(text: str) -> None:
    for codec, label in (("utf-8", "ISO_IR 192"), ("gb18030", "GB18030")):
        found, codes = read(text.encode(codec), label)
        assert found == text or codes == {MISLABELLED}


NAMES = {
    "chrFren": "Buc^Jérôme",
    "chrH31": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "chrH32": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "chrI2": "Hong^Gildong=洪^吉洞=홍^길동",
    "chrKoreanMulti": "김희중",
    "chrRuss": "Люкceмбypг",
    "chrX1": "Wang^XiaoDong=王^小東",
    "chrX2": "Wang^XiaoDong=王^小东",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_standards_example_files_are_read_without_deviation(name: str, shared_data: Path) -> None:
    noted = Deviations()
    attributes = read_attributes(shared_data / "dicom-charsets" / f"{name}.dcm", noted=noted)
    assert read_patient(attributes).name == NAMES[name]
    assert noted.found == ()


def test_an_item_may_have_a_charset_of_its_own(shared_data: Path) -> None:
    noted = Deviations()
    attributes = read_attributes(shared_data / "dicom-charsets" / "chrSQEncoding.dcm", noted=noted)
    item = attributes.items("RequestedProcedureCodeSequence")[0]
    assert item.text("PatientName") == "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"


def test_one_chinese_name_tells_the_charset_of_the_whole_file(tmp_path: Path) -> None:
    ds = ct_slice(0)
    ds.SpecificCharacterSet = "GB18030"
    ds.PatientName, ds.StudyDescription = "王小东", "PET脑"
    path = save(ds, tmp_path / "one")
    path.write_bytes(path.read_bytes().replace(b"GB18030 ", b"ISO_IR 6", 1))
    noted = Deviations()
    attributes = read_attributes(path, noted=noted)
    assert attributes.charset == CharacterSet(terms=("GB18030",))
    assert attributes.text("StudyDescription") == "PET脑"
    assert [deviation.message.code for deviation in noted.found] == [MISLABELLED]

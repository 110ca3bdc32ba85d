import pytest

from trocar.messages import Language
from trocar.report.names import printed_name


@pytest.mark.parametrize(
    ("name", "language", "printed"),
    [
        ("Wang^XiaoDong=王^小东=", Language.CHINESE, "王小东"),
        ("Wang^XiaoDong=王^小东=", Language.ENGLISH, "Wang, XiaoDong"),
        ("=王^小东", Language.ENGLISH, "王小东"),
        ("Doe^Jane^^Dr", Language.CHINESE, "Doe, Jane Dr"),
        ("欧阳^锋", Language.CHINESE, "欧阳锋"),
        ("^", Language.CHINESE, ""),
        ("", Language.ENGLISH, ""),
    ],
)
def test_a_person_name_prints_the_group_its_reader_reads(name, language, printed):
    assert printed_name(name, language=language) == printed

"""The file of landmarks, which verification and ablation read alike."""

from pathlib import Path

import pytest

from trocar.cli.landmarks import read_landmarks
from trocar.errors import UsageError


def written(folder: Path, text: str) -> Path:
    file = folder / "marks.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_head_remarks_blanks_and_spaces_are_no_landmarks(tmp_path: Path) -> None:
    text = "x,y,z,x,y,z\n# by hand\n\n 1, 2, 3, 4, 5, 6,carina\n-1e0,0,0,+.5,0,0\n"
    marks = read_landmarks(written(tmp_path, "\ufeff" + text))
    assert marks.before_lps_mm.tolist() == [[1.0, 2.0, 3.0], [-1.0, 0.0, 0.0]]
    assert marks.after_lps_mm.tolist() == [[4.0, 5.0, 6.0], [0.5, 0.0, 0.0]]


@pytest.mark.parametrize("text", ["", "x,y,z\n", "1,2,3,4,5\n", "1,2,3,4,5,6\nseven,8,9,1,2,3\n", "1,2,3,4,5,nan\n"])
def test_a_row_that_is_no_landmark_is_refused_and_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_landmarks(written(tmp_path, text))
    assert refused.value.message.code == "cli.landmarks-unreadable"
    assert refused.value.message.data["line"] == text.count("\n")

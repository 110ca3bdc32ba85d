"""Every needle that was looked at has its account, its fate and a reason one can check."""

import csv
import io
from functools import cache

import numpy as np

from access_scenes import densely_sampled_clearance_mm
from planning_requests import request
from trocar.messages import Language
from trocar.plan.considered import ConsideredNeedles, Fate
from trocar.report.needle_table import needles_csv, needles_page
from trocar.workflow.considering import considered_needles
from trocar.workflow.way_in import WayIn, find_way_in


@cache
def looked_at() -> tuple[WayIn, ConsideredNeedles]:
    way = find_way_in(request())
    used = tuple(needle for needle in way.needles if needle.number in (2, 3))
    return way, considered_needles(way, used)


def test_used_and_offered_needles_come_first_and_the_others_follow() -> None:
    way, considered = looked_at()
    assert considered.fates[: len(way.chosen)] == (Fate.USED,) * 2 + (Fate.OFFERED,) * (len(way.chosen) - 2)
    assert considered.numbers[:3] == (2, 3, 0)
    assert considered.of(Fate.ALLOWED) > 50
    assert considered.of(Fate.REFUSED) > 50
    assert (considered.tried, considered.allowed) == (way.search.tried, len(way.search.accesses))
    np.testing.assert_array_equal(considered.accesses.tips_lps_mm[0], way.needles[1].tip_lps_mm)


def test_reasons_are_given_to_all_but_the_used() -> None:
    _, considered = looked_at()
    for fate, reasons in zip(considered.fates, considered.reasons, strict=True):
        assert bool(reasons) == (fate is not Fate.USED)


def test_a_candidate_left_out_for_a_neighbour_is_that_near_to_a_chosen_one() -> None:
    way, considered = looked_at()
    share = np.linspace(0, 1, 300)[:, None]

    def along(row: int) -> np.ndarray:
        entry, tip = considered.accesses.entries_lps_mm[row], considered.accesses.tips_lps_mm[row]
        return entry + share * (tip - entry)

    near, apart = [], []
    for row in [n for n, fate in enumerate(considered.fates) if fate is Fate.ALLOWED][::25]:
        gaps = [np.linalg.norm(along(row)[:, None] - along(n)[None], axis=2).min() for n in range(len(way.chosen))]
        code = considered.reasons[row][0].code
        (near if code.startswith("workflow.considered-near") else apart).append(min(gaps))
    assert max(near) < way.wish.spacing_mm + 0.4
    assert min(apart, default=np.inf) > way.wish.spacing_mm - 0.4


def test_a_refused_candidate_does_come_too_near_to_what_is_named() -> None:
    way, considered = looked_at()
    margins = {each.name: each for each in way.scene.rules.obstacles}
    told = 0
    for row in [n for n, fate in enumerate(considered.fates) if fate is Fate.REFUSED][::15]:
        for reason in considered.reasons[row]:
            if reason.code in ("optimise.fails-margin", "optimise.fails-crosses"):
                obstacle = margins[str(reason.data["name"])]
                needle = considered.accesses.needle(row, number=1)
                dense = densely_sampled_clearance_mm(needle, obstacle.structure, radius_mm=0.635)
                assert dense < obstacle.margin_mm + 1.9
                told += 1
    assert told > 5


def test_the_csv_has_a_line_a_candidate_with_numbers_to_sort_by() -> None:
    _, considered = looked_at()
    rows = list(csv.DictReader(io.StringIO(needles_csv(considered))))
    assert len(rows) == len(considered)
    assert [row["needle"] for row in rows[:3]] == ["2", "3", ""]
    for n in (0, 5, len(rows) - 1):
        account = considered.accesses.account(n)
        assert float(rows[n]["depth_mm"]) == round(account.depth_mm, 1)
        for name, clear in account.clearance_mm.items():
            assert float(rows[n][f"distance_mm {name}"]) == round(clear, 1)


def test_the_page_stands_alone_in_both_languages_and_escapes_names() -> None:
    _, considered = looked_at()
    chinese = needles_page(considered, language=Language.CHINESE, plan="<b>1")
    english = needles_page(considered, language=Language.ENGLISH, plan="<b>1")
    for page in (chinese, english):
        assert page.count("<tr class=") == len(considered)
        assert "<b>" not in page
        assert "http" not in page
    assert "未采用原因" in chinese
    assert "Why not" in english

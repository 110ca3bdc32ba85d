"""Spreadsheets: GBK and XLSX read, columns recognised, each bad row refused with its reason and the others entered."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.pages.spreadsheets import bring_in, proposed, read_sheet
from trocar_clinic.patients.models import Patient
from trocar_clinic.records.books import all_books

STAFF = """姓名,工号,职业类别,科室,职称,从事相关临床工作起始
示例新医师,N001,医师,介入治疗科,主治医师（中级）,2015/7/1
示例新护士,N002,护士,介入治疗科,无,2019年3月1日
示例重号者,N001,护士,介入治疗科,无,2019-03-01
示例来者,N003,飞行员,介入治疗科,无,2019-03-01
示例未来者,N004,护士,介入治疗科,无,2999-01-01
"""


def test_gbk_is_read_and_columns_are_recognised() -> None:
    sheet = read_sheet(STAFF.encode("gbk"))
    guess = proposed(all_books()["staff"], sheet.columns)
    assert (len(sheet.rows), guess["staff_number"], guess["title"]) == (5, "工号", "职称")


def test_good_rows_are_entered_and_each_bad_row_is_refused_with_its_reason(house: Any) -> None:
    book = all_books()["staff"]
    sheet = read_sheet(STAFF.encode("utf-8-sig"))
    entered, refused = bring_in(book, sheet, proposed(book, sheet.columns), reader=house.accounts["affairs"])
    assert [each.name for each in entered] == ["示例新医师", "示例新护士"]
    assert [each.number for each in refused] == [4, 5, 6]
    assert all(each.why for each in refused)
    assert StaffMember.objects.get(staff_number="N002").practising_since.isoformat() == "2019-03-01"


def test_titles_are_taken_as_hospitals_write_them_and_a_wrong_one_is_told_what_there_is(house: Any) -> None:
    text = (
        "姓名,工号,职业类别,科室,职称\n示例甲,N101,医师,介入治疗科,主治医师\n示例乙,N102,护士,介入治疗科,主管护师\n"
        "示例丙,N103,医师,介入治疗科,院长\n"
    )
    book = all_books()["staff"]
    sheet = read_sheet(text.encode())
    entered, refused = bring_in(book, sheet, proposed(book, sheet.columns), reader=house.accounts["affairs"])
    assert [each.title for each in entered] == ["2", "2"]
    assert "「院长」不在可选范围：无、住院医师（初级）" in refused[0].why[0]


def test_an_impossible_identity_number_in_a_sheet_is_refused(house: Any) -> None:
    text = (
        "病案号,姓名,性别,出生日期,证件类型,证件号码\n"
        "Q1,示例一,女,1949-12-31,居民身份证,11010519491231002X\n"
        "Q2,示例二,女,1949-12-31,居民身份证,110105194912310021\n"
    )
    book = all_books()["patients"]
    sheet = read_sheet(text.encode())
    entered, refused = bring_in(book, sheet, proposed(book, sheet.columns), reader=house.accounts["nurse"])
    assert ([each.number for each in entered], [each.number for each in refused]) == (["Q1"], [3])
    assert "校验码" in refused[0].why[0]
    assert Patient.objects.filter(number="Q2").count() == 0


def test_an_xlsx_keeps_numbers_and_dates() -> None:
    from datetime import datetime

    book = Workbook()
    book.active.append(["工号", "日期"])
    book.active.append([1001, datetime(2024, 5, 6)])
    out = io.BytesIO()
    book.save(out)
    assert read_sheet(out.getvalue()).rows == (("1001", "2024-05-06"),)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "sheet-empty"),
        (b"a,b\n", "sheet-empty"),
        (b"PK\x03\x04 broken", "sheet-xlsx"),
        (bytes(range(256)) * 4, "sheet-encoding"),
        (b"a\n" + b"1\n" * 6000, "sheet-long"),
    ],
)
def test_what_is_no_sheet_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refused, match=code):
        read_sheet(content)


def test_the_pages_lead_from_file_to_report(house: Any, client_of: Callable[[str], Client]) -> None:
    client = client_of("affairs")
    sheet = SimpleUploadedFile("人员.csv", STAFF.encode("gbk"))
    sent = client.post("/records/staff/bring/", {"sheet": sheet})
    assert sent.status_code == 302
    mapping = client.get(sent["Location"])
    assert "示例新医师" in mapping.content.decode()
    columns = proposed(all_books()["staff"], read_sheet(STAFF.encode()).columns)
    report = client.post(sent["Location"], {f"column-{name}": column for name, column in columns.items()})
    assert "未录入：" in report.content.decode()
    assert client_of("admin").get(sent["Location"]).status_code == 404

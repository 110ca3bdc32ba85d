from trocar.messages import Language, chinese_templates
from trocar.report.document import in_language, say


def test_a_message_within_a_message_is_translated_too(monkeypatch):
    texts = {"t.outer": "外层（{inner}）", "t.inner": "内层 {n}"}
    monkeypatch.setattr("trocar.messages.chinese_templates", lambda: texts)
    outer = say("t.outer", "outer ({inner})", inner=say("t.inner", "inner {n}", n=3))
    assert in_language(outer, Language.CHINESE) == "外层（内层 3）"
    assert in_language(outer, Language.ENGLISH) == "outer (inner 3)"


def test_plain_data_reads_the_same_in_every_language():
    assert in_language("I-125 · 6711", Language.CHINESE) == "I-125 · 6711"


def test_the_disclaimer_stands_in_both_languages():
    assert chinese_templates()["report.disclaimer"].startswith("科研与质控软件")

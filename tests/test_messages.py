"""What Trocar says to people: the census of all messages against the Chinese texts, and how one is said."""

import pickle
import tomllib
from collections import Counter
from importlib import resources

import pytest

from message_census import SOURCE, Said, everything_said, fields_of, said_in, texts_in_source, unreadable_raises
from trocar import errors
from trocar.messages import Language, Message, chinese_templates

LOCALE = SOURCE / "trocar" / "locale" / "zh_Hans"
MADE_UP_IN_EXAMPLES = "demo"


@pytest.fixture(scope="module")
def census() -> list[Said]:
    return [each for each in everything_said() if MADE_UP_IN_EXAMPLES not in each.code]


def test_every_message_has_a_chinese_text(census: list[Said]) -> None:
    missing = sorted({f"{each.code} ({each.where})" for each in census if each.code not in chinese_templates()})
    assert missing == [], "add these codes to src/trocar/locale/zh_Hans/<room>.toml"


def test_chinese_and_english_fill_the_same_fields(census: list[Said]) -> None:
    chinese = chinese_templates()
    different = {
        each.code: (sorted(fields_of(each.template)), sorted(fields_of(chinese[each.code])))
        for each in census
        if each.code in chinese and fields_of(each.template) != fields_of(chinese[each.code])
    }
    assert different == {}


def test_no_chinese_text_is_an_orphan() -> None:
    assert sorted(set(chinese_templates()) - texts_in_source()) == []


def test_no_code_has_two_chinese_texts() -> None:
    codes = Counter(code for file in LOCALE.glob("*.toml") for code in tomllib.loads(file.read_text("utf-8")))
    assert [code for code, times in codes.items() if times > 1] == []


def test_one_code_is_one_english_sentence(census: list[Said]) -> None:
    sentences: dict[str, set[str]] = {}
    for each in census:
        sentences.setdefault(each.code, set()).add(each.template)
    assert {code: said for code, said in sentences.items() if len(said) > 1} == {}


def test_every_field_of_a_template_is_given_a_value(census: list[Said]) -> None:
    hungry = {
        each.where: sorted(fields_of(each.template) - each.given)
        for each in census
        if each.given is not None and fields_of(each.template) - each.given
    }
    assert hungry == {}


def test_every_error_is_raised_with_its_code_and_sentence_written_out() -> None:
    names = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.TrocarError)
    }
    assert unreadable_raises(names) == []


def test_the_census_reads_every_way_of_saying() -> None:
    source = """
raise DoseError("dose.one", "{n} given", n=3)
Message(code="dose.two", template="{a} and {b}", data={"a": 1, "b": 2})
say("dose.three", "plain", **data)
open("plan.json", "w")
"""
    found = {each.code: each.given for each in said_in(source, name="x.py")}
    assert found.pop("plan.json") == frozenset()  # harmless: a file name of this shape would ask for a Chinese text
    assert found == {"dose.one": {"n"}, "dose.two": {"a", "b"}, "dose.three": None}


def test_a_message_is_said_in_both_languages() -> None:
    code = next(iter(chinese_templates()))
    template = chinese_templates()[code]
    message = Message(code=code, template="english", data=dict.fromkeys(fields_of(template), 1.0))
    assert message.text() == "english"
    assert message.text(Language.CHINESE) == template.format(**message.data)
    assert message.text(Language.CHINESE) != "english"


def test_a_message_without_chinese_is_said_in_english() -> None:
    message = Message(code="demo.unknown", template="{n} given", data={"n": 2})
    assert message.text(Language.CHINESE) == "2 given"


def test_the_data_of_a_message_cannot_be_changed() -> None:
    data: dict[str, object] = {"n": 1}
    message = Message(code="demo.frozen", template="{n}", data=data)
    data["n"] = 2
    assert message.text() == "1"
    with pytest.raises(TypeError):
        message.data["n"] = 2  # type: ignore[index]


def test_messages_are_equal_by_code_and_data_and_survive_pickling() -> None:
    message = Message(code="demo.same", template="{n}", data={"n": 1})
    assert message == Message(code="demo.same", template="{n} differently put", data={"n": 1})
    assert message != Message(code="demo.same", template="{n}", data={"n": 2})
    assert pickle.loads(pickle.dumps(message)) == message


def test_the_chinese_texts_travel_with_the_installed_package() -> None:
    assert any(file.name.endswith(".toml") for file in (resources.files("trocar") / "locale" / "zh_Hans").iterdir())

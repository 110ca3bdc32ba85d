"""The server of `trocar workspace` as a browser and as a stranger meet it: who may, what is answered, what is saved."""

import http.client
import json
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import numpy as np
import pytest

DROP = {"do": "drop", "needle": 1, "seed": 1}


class Visitor:
    """Somebody who speaks HTTP with the workspace; signed in by the key unless told."""

    def __init__(self, address: str, *, key: bool = True) -> None:
        self.host = urlsplit(address).netloc
        self.cookies: dict[str, str] = {}
        if key:
            self.ask("GET", f"/?{urlsplit(address).query}")
            self.ask("GET", "/")

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            sent |= {"Content-Type": "application/json", "X-CSRFToken": self.cookies.get("csrftoken", "")}
        payload = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        connection.request(method, path, payload, sent | (headers or {}))
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                pair = value.split(";")[0]
                self.cookies[pair.split("=")[0]] = pair.split("=", 1)[1]
        self.headers = dict(answer.getheaders())
        content = answer.read()
        connection.close()
        return answer.status, content

    def state(self, edits: object, **more: object) -> dict:
        status, content = self.ask("POST", "/state", {"edits": edits, **more})
        assert status == 200, content
        return json.loads(content)


@pytest.fixture(scope="module")
def visitor(address: str) -> Visitor:
    return Visitor(address)


@pytest.mark.parametrize(
    "path", ["/", "/scene", "/picture/transverse/3", "/outlines/coronal/3", "/saving", "/worth", "/?key=guess"]
)
def test_without_the_key_nothing_is_told(address: str, path: str) -> None:
    assert Visitor(address, key=False).ask("GET", path)[0] == 403


def test_a_page_of_another_name_cannot_speak_to_it(visitor: Visitor) -> None:
    assert visitor.ask("GET", "/scene", headers={"Host": "evil.example"})[0] == 400


def test_a_change_without_the_token_of_the_page_is_refused(visitor: Visitor) -> None:
    assert visitor.ask("POST", "/save", {"edits": []}, headers={"X-CSRFToken": "no"})[0] == 403


def test_the_page_may_load_nothing_from_elsewhere(visitor: Visitor) -> None:
    status, content = visitor.ask("GET", "/")
    assert status == 200
    assert b"http://" not in content
    assert b"https://" not in content
    assert visitor.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert visitor.headers["Cache-Control"] == "no-store"


def test_scene_picture_and_outlines_fit_together(visitor: Visitor) -> None:
    scene = json.loads(visitor.ask("GET", "/scene")[1])
    planes = scene["planes"]
    status, content = visitor.ask("GET", f"/picture/transverse/{planes['transverse']['count'] // 2}")
    assert status == 200
    assert len(content) == 2 * planes["sagittal"]["count"] * planes["coronal"]["count"]
    assert np.frombuffer(content, "<i2").max() < 1000
    assert scene["structures"][0]["name"] == scene["target"] == "mass"
    through_mass = round(-planes["sagittal"]["first_mm"] / planes["sagittal"]["step_mm"])
    outlines = json.loads(visitor.ask("GET", f"/outlines/sagittal/{through_mass}")[1])
    assert outlines["mass"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/picture/transverse/9999", None),
        ("GET", "/picture/oblique/1", None),
        ("POST", "/state", b"no json"),
        ("POST", "/state", []),
        ("POST", "/state", {"edits": [], "cuts": {"oblique": 1}}),
        ("POST", "/state", {"edits": [], "cuts": {"transverse": "middle"}}),
        ("POST", "/state", b"x" * (2**20 + 1)),
    ],
)
def test_what_makes_no_sense_is_not_found(visitor: Visitor, method: str, path: str, body: object) -> None:
    assert visitor.ask(method, path, body)[0] == 404


def test_words_that_are_no_changes_are_told_so(visitor: Visitor) -> None:
    status, content = visitor.ask("POST", "/state", {"edits": [{"do": "fly"}]})
    assert status == 400
    assert json.loads(content)["problem"]["code"] == "workspace.edit-unreadable"


def saved(visitor: Visitor, edits: object) -> dict:
    status, content = visitor.ask("POST", "/save", {"edits": edits})
    assert status == 202, content
    until = monotonic() + 120
    while monotonic() < until:
        saving = json.loads(visitor.ask("GET", "/saving")[1])
        if saving["done"]:
            return saving
        sleep(0.2)
    raise AssertionError(saving)


def test_what_a_plan_is_worth_is_tried_on_request_and_follows_the_changes(visitor: Visitor) -> None:
    assert json.loads(visitor.ask("GET", "/scene")[1])["worth"]
    assert json.loads(visitor.ask("GET", "/worth")[1])["done"]
    before, after = worth(visitor, []), worth(visitor, [DROP])
    assert before["robustness"]["versions"] == 20
    assert before["robustness"]["d90_gy"]["planned"] > after["robustness"]["d90_gy"]["planned"]
    assert before["robustness"]["d90_gy"]["low"] <= before["robustness"]["d90_gy"]["high"]
    assert [(each["structure"], each["metric"]) for each in before["biology"]][:2] == [("mass", "D98"), ("mass", "D90")]
    assert all(one["bed_gy"] >= other["bed_gy"] for one, other in zip(before["biology"], after["biology"], strict=True))
    again = worth(visitor, [])
    assert again == before


def worth(visitor: Visitor, edits: object) -> dict:
    status, content = visitor.ask("POST", "/worth/try", {"edits": edits})
    assert status == 202, content
    assert not json.loads(content)["done"]
    until = monotonic() + 120
    while monotonic() < until:
        told = json.loads(visitor.ask("GET", "/worth")[1])
        if told["done"]:
            assert told["problem"] is None
            return json.loads(told["result"])
        sleep(0.1)
    raise AssertionError(told)


def test_a_changed_plan_is_saved_with_papers_and_computed_again(visitor: Visitor, plan_folder: Path) -> None:
    saving = saved(visitor, [DROP])
    assert saving["problem"] is None
    made = plan_folder.parent / saving["result"]
    names = {each.name for each in made.iterdir()}
    assert {"RTPLAN.dcm", "RTDOSE.dcm", "plan_zh.pdf", "plan_en.pdf", "loading_zh.pdf", "changes.toml"} <= names
    told = json.loads((made / "trocar.json").read_text("utf-8"))
    before = json.loads((plan_folder / "trocar.json").read_text("utf-8"))
    assert told["seeds"] == before["seeds"] - 1
    shown = {(goal["structure"], goal["metric"]): goal["value"] for goal in visitor.state([DROP])["goals"]}
    exact = next(goal for goal in told["goals"] if goal["goal"].startswith("mass V100"))
    assert exact["value"] == pytest.approx(shown["mass", "V100"], abs=0.6)


def test_nothing_is_saved_of_a_plan_that_cannot_be(visitor: Visitor, plan_folder: Path) -> None:
    before = sorted(plan_folder.parent.iterdir())
    saving = saved(visitor, [{"do": "slide", "needle": 1, "seed": 1, "by_mm": 500.0}])
    assert saving["problem"]["code"] == "workspace.not-saved"
    assert sorted(plan_folder.parent.iterdir()) == before

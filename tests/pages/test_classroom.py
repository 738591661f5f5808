"""The Classroom page and joining on Home, without a browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.class_records import Class
from mnist_core.classroom_page import reach
from mnist_core.config import RunConfig
from mnist_core.escape import UserText
from mnist_core.rounds import Plan
from mnist_core.store import Store
from mnist_core.ui import teacher
from tests.pages.conftest import Open
from tests.pages.content import components, texts, unescape
from tests.pages.test_korean import english

TEACHER, ANN = "a" * 32, "b" * 32
ADDRESS = "https://lab.example"
HOSTILE = "<b>x</b> [l](//a.bc) :red[z]"[:24]


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app has an address."""
    monkeypatch.setenv("MNIST_LAB_URL", ADDRESS)


@pytest.fixture
def opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> tuple[Class, str]:
    """A class and its secret, which the browser of all pages has."""
    found, secret = store.classes.open("3b", TEACHER)
    monkeypatch.setattr(teacher, "secrets", lambda: {found.id: secret})
    return found, secret


def press(app: AppTest, key: str) -> AppTest:
    (button,) = [button for button in app.button if button.key == key]
    button.click().run()
    assert not app.exception
    return app


def fill(app: AppTest, key: str, text: str) -> None:
    app.text_input(key=key).input(text)


def become(app: AppTest) -> Any:
    """Whose the browser is told to be from now on."""
    messages = [message for message in components(app) if "become" in message]
    return messages[0]["become"] if messages else None


# ---- the teacher ---------------------------------------------------------------------------------------------------


def test_opening_a_class_leads_the_browser_to_its_secret_once(open_page: Open, store: Store) -> None:
    app = open_page("classroom")
    fill(app, "class_name", "  3b ")
    press(app, "open_class")
    (link,) = [message["address"] for message in components(app) if message.get("address", "").startswith("teacher?")]
    class_id, secret = (part.partition("=")[2] for part in link.partition("?")[2].split("&"))
    assert store.classes.is_teacher(class_id, secret)
    app.run()
    assert secret not in json.dumps(components(app))


def test_it_is_said_what_is_kept_of_a_class_and_until_when(open_page: Open, store: Store) -> None:
    said = texts(open_page("classroom"))
    for words in ("nicknames and personal codes, runs, predictions, answers in the lessons", "reports", "for 60 days"):
        assert words in said
    assert "Images that students upload are not part of the class" in said
    found, _secret = store.classes.open("3b", TEACHER)
    joining = texts(open_page(**{"class": found.code}))
    for words in ("your nickname, your runs and predictions, your answers in its lessons", "60 more days"):
        assert words in joining


def test_a_class_needs_a_name(open_page: Open, store: Store) -> None:
    app = press(open_page("classroom"), "open_class")
    assert "Give the class a name" in texts(app)
    assert not store.classes.any_open()


def test_the_password_is_asked_for_where_it_is_set(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "class_password" not in {field.key for field in open_page("classroom").text_input}
    monkeypatch.setenv("MNIST_LAB_TEACHER_PASSWORD", "chalk")
    app = open_page("classroom")
    fill(app, "class_name", "3b")
    fill(app, "class_password", "cheese")
    press(app, "open_class")
    assert "This is not the teacher's password" in texts(app)
    fill(app, "class_name", "3b")
    fill(app, "class_password", "chalk")
    press(app, "open_class")
    assert store.classes.any_open()


def test_the_console_shows_the_way_in_and_who_is_there(
    open_page: Open, store: Store, opened: tuple[Class, str]
) -> None:
    found, secret = opened
    app = open_page("classroom", **{"class": found.id})
    assert app.title[0].value == "3b"
    assert f"{ADDRESS}/?class={found.code}" in [code.value for code in app.code]
    assert any("mnist-lab-qr" in message.get("html", "") for message in components(app))
    assert "Guest networks often separate devices" in texts(app)
    store.classes.join(found.code, ANN, "Otter")
    store.runs.create(ANN, RunConfig())
    app.run()
    assert "Guest networks" not in texts(app)
    assert any("Otter<small>1 run</small>" in html.proto.body for html in app.get("html"))
    assert secret not in str([element.proto for element in app.main if hasattr(element, "proto")])
    app.toggle(key="own_link").set_value(True).run()
    assert f"{ADDRESS}/{teacher.link(found.id, secret)}" in [code.value for code in app.code]


@pytest.mark.parametrize("addresses", [[ADDRESS], [ADDRESS, "http://192.168.0.8:8501"]])
def test_another_address_is_advised_only_where_there_is_one(
    open_page: Open, opened: tuple[Class, str], addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "addresses", lambda: addresses)
    app = open_page("classroom", **{"class": opened[0].id})
    assert ("Choose another one above" in texts(app)) == (len(addresses) > 1)


def test_the_teacher_renames_merges_and_removes(open_page: Open, store: Store, opened: tuple[Class, str]) -> None:
    found, secret = opened
    ann = store.classes.join(found.code, ANN, "Otter")
    bob = store.classes.join(found.code, "c" * 32, "Falcon")
    app = open_page("classroom", **{"class": found.id})
    app.selectbox(key="chosen_member").select(ann.id).run()
    assert ann.personal_code in texts(app)
    fill(app, f"new_nickname_{ann.id}", "falcon")
    press(app, "rename_member")
    assert "Somebody in this class is called" in " ".join(unescape(toast.value) for toast in [*app.toast, *app.error])
    fill(app, f"new_nickname_{ann.id}", "Eel")
    press(app, "rename_member")
    assert {member.nickname.raw for member in store.classes.members(found.id, secret)} == {"Eel", "Falcon"}
    app.selectbox(key=f"merge_with_{ann.id}").select(bob.id).run()
    press(app, "merge_members")
    assert [member.nickname.raw for member in store.classes.members(found.id, secret)] == ["Eel"]
    press(app, "remove_member")
    assert store.classes.membership(ANN) is None
    press(app, "restore_member")
    assert store.classes.membership(ANN) is not None


def test_the_switch_and_the_end_of_the_class(open_page: Open, store: Store, opened: tuple[Class, str]) -> None:
    app = open_page("classroom", **{"class": opened[0].id})
    app.toggle(key="members_only").set_value(True).run()
    kept = store.classes.get(opened[0].id)
    assert kept is not None
    assert kept.members_only
    app.run()
    assert app.toggle(key="members_only").value
    press(app, "delete_class")
    assert not store.classes.any_open()
    assert app.title[0].value == "Classroom"


def test_who_has_no_secret_gets_no_console(
    open_page: Open, store: Store, opened: tuple[Class, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _secret = opened
    for secrets in ({}, {found.id: "0" * 32}):
        monkeypatch.setattr(teacher, "secrets", lambda secrets=secrets: secrets)
        app = open_page("classroom", **{"class": found.id})
        assert app.title[0].value == "Classroom"
        assert not app.code
        assert not {"delete_class", "remove_member", "own_link", "members_only"} & {
            one.key for one in [*app.button, *app.toggle]
        }


def test_a_teacher_of_two_classes_finds_both(open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rights = {found.id: secret for found, secret in (store.classes.open(name, TEACHER) for name in ("3a", "3b"))}
    monkeypatch.setattr(teacher, "secrets", lambda: rights)
    app = open_page("classroom")
    for class_id, name in zip(rights, ("3a", "3b"), strict=True):
        press(app, f"show_class_{class_id}")
        assert app.title[0].value == name
        app = open_page("classroom")


def test_the_room_is_checked_on_one_screen(
    open_page: Open, store: Store, opened: tuple[Class, str], built_in: None
) -> None:
    store.facts.set("cluster", {"workers": 1, "slots": 2})
    app = open_page("classroom", **{"class": opened[0].id})
    shown = texts(app)
    for sentence in (
        "Students reach it at",
        "the built-in digits, not MNIST",
        "still starting",
        "Free disk",
        "Free memory",
    ):
        assert sentence in shown
    before = [text for text in shown.splitlines() if text.startswith("All have finished")]
    store.facts.set("cluster", {"workers": 2, "slots": 2})
    app.selectbox(key="check_preset").select("lenet").run()
    assert "Training processes ready: 2" in texts(app)
    assert [text for text in texts(app).splitlines() if text.startswith("All have finished")] != before


def test_the_board_shows_the_way_in_and_no_secret(open_page: Open, store: Store, opened: tuple[Class, str]) -> None:
    found, secret = opened
    member = store.classes.join(found.code, ANN, "Otter")
    app = open_page("classroom", board=found.code)
    assert "1 student is here" in texts(app)
    everything = str([element.proto for element in app.main if hasattr(element, "proto")])
    assert found.code in everything
    for hidden in (secret, "Otter", member.personal_code, ANN, found.id):
        assert hidden not in everything.replace(f"class={found.id}", "")
    assert "No class has this code" in texts(open_page("classroom", board="CCCCCC"))


# ---- students ------------------------------------------------------------------------------------------------------


def test_home_says_nothing_of_classes_where_there_is_none(open_page: Open) -> None:
    assert "typed_code" not in {field.key for field in open_page().text_input}


def test_a_student_types_the_code_chooses_a_nickname_and_is_in(open_page: Open, store: Store) -> None:
    found, secret = store.classes.open("3b", TEACHER)
    app = open_page()
    fill(app, "typed_code", "cccccc")
    press(app, "take_code")
    assert "No class has this code" in texts(app)
    fill(app, "typed_code", found.code.lower())
    press(app, "take_code")
    suggestion = app.text_input(key="nickname").value
    assert suggestion
    press(app, "join_now")
    membership = store.classes.membership(app.session_state["student"])
    assert membership is not None
    assert membership.member.nickname.raw == suggestion
    assert f"You are in, as **{suggestion}**" in texts(app)
    assert membership.member.personal_code in texts(app)
    store.rounds.give(found.id, secret, Plan(UserText("A round")))
    app.run()  # as it is drawn anew when a round is opened
    app.switch_page("pages/train.py").run()
    assert f"You are in, as **{suggestion}**" in texts(app)
    press(app, "code_written")
    assert "You are in, as" not in texts(app)
    for page in ("train", "data"):
        app.switch_page(f"pages/{page}.py").run()
        assert "Your personal code is" in texts(app)  # behind the line in the frame


def test_a_link_leads_to_the_nickname(open_page: Open, store: Store) -> None:
    found, _secret = store.classes.open("3b", TEACHER)
    store.classes.join(found.code, ANN, "Otter")
    app = open_page(**{"class": found.code})
    fill(app, "nickname", "OTTER")
    press(app, "join_now")
    assert "Somebody in this class is called OTTER" in texts(app)
    fill(app, "nickname", HOSTILE)
    press(app, "join_now")
    assert f"You are in, as **{HOSTILE}**" in texts(app)
    assert not any(HOSTILE[:8] in markdown.value for markdown in [*app.markdown, *app.success])


def test_an_old_link_is_a_sentence_and_the_field_for_another_code(open_page: Open, store: Store) -> None:
    store.classes.open("3b", TEACHER)
    app = open_page(**{"class": "CCCCCC"})
    assert "No class has this code" in texts(app)
    assert app.text_input(key="typed_code")
    app.run()
    assert "No class has this code" not in texts(app)


def test_a_personal_code_makes_the_browser_ones_own(open_page: Open, store: Store) -> None:
    found, _secret = store.classes.open("3b", TEACHER)
    member = store.classes.join(found.code, ANN, "Otter")
    app = open_page(**{"class": found.code})
    fill(app, "typed_personal", "CCCCCC")
    press(app, "rejoin")
    assert "Nobody in this class has this personal code" in texts(app)
    assert become(app) is None
    fill(app, "typed_personal", member.personal_code)
    press(app, "rejoin")
    assert become(app) == ANN


def test_not_you_makes_the_browser_nobodys(open_page: Open, store: Store) -> None:
    found, _secret = store.classes.open("3b", TEACHER)
    app = open_page(**{"class": found.code})
    press(app, "join_now")
    press(app, "not_you")
    assert become(app) not in (None, app.session_state["student"])


def test_a_browser_whose_student_was_merged_becomes_the_other_ones(open_page: Open, store: Store) -> None:
    found, secret = store.classes.open("3b", TEACHER)
    kept = store.classes.join(found.code, ANN, "Otter")
    app = open_page(**{"class": found.code})
    press(app, "join_now")
    (own,) = [one.id for one in store.classes.members(found.id, secret) if one.id != kept.id]
    store.classes.merge(found.id, secret, kept.id, own)
    app.run()
    assert become(app) == ANN


def test_who_may_not_train_gets_a_sentence(open_page: Open, store: Store) -> None:
    found, secret = store.classes.open("3b", TEACHER)
    store.classes.change(found.id, secret, members_only=True)
    app = open_page()
    press(app, "home_train")
    assert "Only members of a class train on this server now" in texts(app)
    assert store.runs.newest(app.session_state["student"], of_sweeps=True) == []


def test_no_english_is_left_in_a_class(open_page: Open, store: Store, opened: tuple[Class, str]) -> None:
    found, _secret = opened
    member = store.classes.join(found.code, ANN, "수달")
    app = open_page("classroom", lang="ko", **{"class": found.id})
    assert not english(app)
    app.selectbox(key="chosen_member").select(member.id).run()
    assert not english(app)
    assert not english(open_page("classroom", lang="ko", board=found.code))
    app = open_page(lang="ko", **{"class": found.code})
    assert not english(app)
    press(app, "join_now")
    assert not english(app)

"""A class in real browsers: the teacher opens it, students join, reload, come back elsewhere; nobody else is the teacher."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mnist_core.class_records import Class
from mnist_core.store import Store
from mnist_core.ui.teacher import COOKIE as TEACHER
from mnist_core.web.cookie import COOKIE
from tests.browser.conftest import Lab, Open
from tests.browser.page import NOT_CLICKED, Page
from tests.browser.socket_session import SocketSession, filled, pressed, switched
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
PHONE = (420, 850)
ANN, EVE = "a" * 32, "e" * 32


def fill(page: Page, key: str, text: str) -> None:
    """Type into the field with Streamlit's `key`, in place of what stands there."""

    def filled_in() -> bool:
        try:
            field = page.find(f".st-key-{key} input")[0]
            field.click()
            page.browser.execute_script("arguments[0].select()", field)
            field.send_keys(text)
            return str(field.get_property("value")) == text
        except (*NOT_CLICKED, IndexError):
            return False

    wait_until(filled_in, 20)


def choose(page: Page, key: str, word: str) -> None:
    """Choose an entry of the list with Streamlit's `key`."""

    def chosen() -> bool:
        try:
            page.find(f".st-key-{key} [role=combobox], .st-key-{key} button, .st-key-{key} input")[0].click()
            wait_until(lambda: page.find("[role=option]"), 5)
            next(option for option in page.find("[role=option]") if option.text == word).click()
        except (*NOT_CLICKED, IndexError, StopIteration, pytest.fail.Exception):
            return False
        return True

    wait_until(chosen, 20)


def cookies(page: Page) -> dict[str, dict[str, object]]:
    """All cookies of the browser, those too that no script sees."""
    found = page.browser.execute_cdp_cmd("Network.getCookies", {"urls": [page.server]})["cookies"]
    return {str(cookie["name"]): cookie for cookie in found}


def line(page: Page) -> str:
    """What stands in the frame about the class; empty where nothing does."""
    found = page.find(".st-key-membership button")
    return str(found[0].text) if found else ""


def in_class(page: Page, nickname: str) -> None:
    wait_until(lambda: f"{nickname} in 3b" in line(page), 40)


def test_a_class_from_opening_to_its_end(open_browser: Open, store: Store) -> None:
    teacher = open_browser().open("/classroom")
    fill(teacher, "class_name", "3b")
    teacher.press("open_class")
    wait_until(lambda: "class=" in teacher.address, 40)
    teacher.wait_for("Nobody is here yet")
    (name,) = [name for name in cookies(teacher) if name.startswith(TEACHER)]
    class_id, secret = name.removeprefix(TEACHER), str(cookies(teacher)[name]["value"])
    assert cookies(teacher)[name]["httpOnly"]
    assert secret not in teacher.address
    seen = "return document.cookie + document.documentElement.outerHTML + JSON.stringify(performance.getEntries())"
    teacher.open(teacher.address)  # what led here is forgotten
    assert secret not in str(teacher.browser.execute_script(seen))
    opened = store.classes.get(class_id)
    assert opened is not None

    # By the link, and by the code on Home; the teacher sees each arrive.
    ann = open_browser().open(f"/?class={opened.code}")
    fill(ann, "nickname", "Otter")
    ann.press("join_now")
    ann.wait_for("You are in, as Otter")
    teacher.wait_for("1 student is here")
    bob = open_browser(size=PHONE).open("/")
    fill(bob, "typed_code", opened.code.lower())
    bob.press("take_code")
    fill(bob, "nickname", "Falcon")
    bob.press("join_now")
    teacher.wait_for("2 students are here")

    # After a reload and on another page; in another browser by the personal code.
    in_class(ann.open("/train"), "Otter")
    in_class(ann.open("/data"), "Otter")
    code = {member.nickname.raw: member.personal_code for member in store.classes.members(class_id, secret)}["Otter"]
    phone = open_browser(size=PHONE).open(f"/?class={opened.code}")
    phone.expand("I was here before, in another browser")
    fill(phone, "typed_personal", code)
    phone.press("rejoin")
    in_class(phone, "Otter")
    assert cookies(phone)[COOKIE]["value"] == cookies(ann)[COOKIE]["value"]

    # The lab's computer is another student's next.
    before = cookies(phone)[COOKIE]["value"]
    phone.find(".st-key-membership button")[0].click()
    phone.press("not_you")
    wait_until(lambda: phone.says("Join 3b") and phone.at_rest(), 40)
    assert cookies(phone)[COOKIE]["value"] != before

    # Removed by the teacher, and the end.
    (falcon,) = [member for member in store.classes.members(class_id, secret) if member.nickname.raw == "Falcon"]
    teacher.expand("Change a member")
    choose(teacher, "chosen_member", "Falcon")
    teacher.press("remove_member")
    wait_until(lambda: store.classes.membership(str(cookies(bob)[COOKIE]["value"])) is None, 20)
    bob.open("/train")
    assert line(bob) == ""
    bob.open(f"/?class={opened.code}")
    bob.press("join_now")
    bob.wait_for(f"The teacher has removed {falcon.nickname.raw} from this class")
    teacher.expand("Settings of the class")
    teacher.popover("Delete this class")
    teacher.press("delete_class")
    wait_until(lambda: store.classes.get(class_id) is None, 20)
    assert line(ann.open("/train")) == ""


def test_joining_in_korean_on_a_telephone(open_browser: Open, store: Store) -> None:
    opened, _secret = store.classes.open("3학년 2반", "t" * 32)
    page = open_browser(language="ko-KR", size=PHONE).open("/")
    fill(page, "typed_code", opened.code)
    page.press("take_code")
    fill(page, "nickname", "수달 7")
    assert not page.says("Press Enter")  # Streamlit's own words in a field
    page.press("join_now")
    page.wait_for("개인 코드")
    assert "3학년 2반: 수달 7" in line(page)
    wide, room = page.browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room


def as_it_is(store: Store, class_id: str, secret: str) -> tuple[object, ...]:
    """The class and its members; the days that it has left pass by themselves."""
    opened = store.classes.get(class_id)
    assert opened is not None
    return replace(opened, days_left=0.0), store.classes.members(class_id, secret)


ACTS = ("rename_member", "remove_member", "merge_members", "delete_class")


def test_no_student_is_the_teacher_over_the_socket(lab: Lab, store: Store) -> None:
    opened, secret = store.classes.open("3b", ANN)
    other, other_secret = store.classes.open("another class", EVE)
    store.classes.join(opened.code, ANN, "Otter")
    store.classes.join(opened.code, EVE, "Eve")
    query, own = f"class={opened.id}", {COOKIE: "0" * 32, TEACHER + opened.id: secret}
    with SocketSession(lab.address, own) as session:
        widgets = session.draw("classroom", query).widgets
        chosen = filled(widgets["chosen_member"], "Otter")
        widgets |= session.draw("classroom", query, [chosen]).widgets
        (merge,) = [key for key in widgets if key.startswith("merge_with_")]
        merged = filled(widgets[merge], "Eve")
        widgets |= session.draw("classroom", query, [chosen, merged]).widgets
        before = as_it_is(store, opened.id, secret)
        for cookies in (
            {COOKIE: EVE},
            {COOKIE: EVE, TEACHER + opened.id: "0" * 32},
            {COOKIE: EVE, TEACHER + opened.id: other_secret},
            {COOKIE: EVE, TEACHER + other.id: other_secret},
        ):
            _forge(lab, opened, cookies, widgets, merge)
            assert as_it_is(store, opened.id, secret) == before
        # The very same messages are acts where the secret comes with them.
        session.draw("classroom", query, [chosen, pressed(widgets["remove_member"])])
        assert [one.removed for one in store.classes.members(opened.id, secret)] == [False, True]


def _forge(lab: Lab, opened: Class, cookies: dict[str, str], widgets: dict[str, str], merge: str) -> None:
    """Say over the connection of a student that everything was pressed that the teacher has."""
    (nickname,) = [key for key in widgets if key.startswith("new_nickname_")]
    states = [
        filled(widgets["chosen_member"], "Otter"),
        filled(widgets[merge], "Eve"),
        filled(widgets[nickname], "Eel"),
        switched(widgets["members_only"]),
        switched(widgets["own_link"]),
    ]
    with SocketSession(lab.address, cookies) as session:
        for act in ACTS:
            drawn = session.draw("classroom", f"class={opened.id}", [*states, pressed(widgets[act])])
            assert "this browser is not its teacher" in drawn.text
            # The board of her own class, whose code she has typed, is all that leads there.
            assert opened.code not in drawn.text.replace(f"board={opened.code}", "")
            assert "Otter" not in drawn.text

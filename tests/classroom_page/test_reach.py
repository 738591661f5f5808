"""Addresses that phones reach, and the picture that they read."""

from __future__ import annotations

import re

import pytest

from mnist_core.classroom_page import reach

INTERFACES = {
    "lo": ["127.0.0.1"],
    "eth0": ["10.1.2.3"],
    "wlan0": ["192.168.0.7"],
    "docker0": ["172.17.0.1"],
    "veth12": ["172.18.0.1"],
    "usb0": ["169.254.3.4"],
    "ppp0": ["80.1.2.3"],
}
IN_THE_NETWORK = ["http://192.168.0.7:8501", "http://10.1.2.3:8501", "http://80.1.2.3:8501"]


@pytest.mark.parametrize("page", ["http://localhost:8501/classroom", "http://127.0.0.1:8501", "http://[::1]:8501/", ""])
def test_never_the_name_that_leads_a_phone_to_itself(page: str) -> None:
    assert reach.offered(page, INTERFACES, 8501, "") == IN_THE_NETWORK


@pytest.mark.parametrize(
    ("page", "first"),
    [
        ("https://lab.school.example/mnist/classroom?class=1", "https://lab.school.example/mnist"),
        ("http://192.168.0.7:8501/mnist/classroom", "http://192.168.0.7:8501/mnist"),
        ("http://localhost.example:9000/mnist", "http://localhost.example:9000/mnist"),
    ],
)
def test_first_is_the_address_by_which_the_teacher_came(page: str, first: str) -> None:
    offered = reach.offered(page, INTERFACES, 8501, "mnist")
    assert offered[0] == first
    assert len(offered) == len(set(offered))
    assert all(address.endswith("/mnist") for address in offered)


def test_a_computer_in_no_network_has_no_address() -> None:
    assert reach.offered("http://localhost:8501/", {"lo": ["127.0.0.1"]}, 8501, "") == []


def test_a_setting_overrides_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_URL", " https://lab.example/mnist/ ")
    assert reach.addresses() == ["https://lab.example/mnist"]
    assert reach.join_link("https://lab.example/mnist", "ACD4FG") == "https://lab.example/mnist/?class=ACD4FG"


@pytest.mark.parametrize(
    "value", ["lab.example", "javascript:alert(1)", "https://a b", "https://lab.example/?a=b", "ftp://x"]
)
def test_what_is_no_address_of_ours_counts_as_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MNIST_LAB_URL", value)
    monkeypatch.setattr(reach, "_interfaces", lambda: {"wlan0": ["192.168.0.7"]})
    assert [address.split(":")[1] for address in reach.addresses()] == ["//192.168.0.7"]


def test_the_picture_is_dark_on_light_with_a_margin() -> None:
    html = reach.picture("http://192.168.0.7:8501/?class=ACD4FG", 'a "picture" <of> it')
    assert 'aria-label="a &quot;picture&quot; &lt;of&gt; it"' in html
    (size,) = re.findall(r'viewBox="0 0 (\d+) \1"', html)
    assert (int(size) - 8 - 17) % 4 == 0  # four modules of margin on each side
    assert 'fill="#fff"' in html and 'stroke="#000"' in html  # noqa: PT018

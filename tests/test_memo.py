"""What is computed once is computed once, and kept within its bytes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mnist_core.memo import Memo, bytes_of, kept


def test_all_who_ask_at_the_same_time_wait_for_one_computation() -> None:
    memo, begun, go = Memo(1_000), threading.Event(), threading.Event()
    computed: list[int] = []

    def compute() -> int:
        computed.append(1)
        begun.set()
        assert go.wait(30)
        return 7

    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(memo.get, "key", compute)
        assert begun.wait(30)
        others = [pool.submit(memo.get, "key", compute) for _number in range(19)]
        go.set()
        assert [answer.result(30) for answer in (first, *others)] == [7] * 20
    assert len(computed) == 1


def test_other_keys_do_not_wait() -> None:
    memo = Memo(1_000)
    assert memo.get("outer", lambda: memo.get("inner", lambda: 3) + 1) == 4


def test_a_failure_is_not_kept_and_the_next_computes() -> None:
    memo, begun, go = Memo(1_000), threading.Event(), threading.Event()

    def fail() -> int:
        begun.set()
        assert go.wait(30)
        raise ValueError("no")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(memo.get, "key", fail)
        assert begun.wait(30)
        second = pool.submit(memo.get, "key", lambda: 5)
        go.set()
        with pytest.raises(ValueError, match="no"):
            first.result(30)
        assert second.result(30) == 5


def test_beyond_the_room_what_was_not_asked_for_the_longest_goes() -> None:
    memo = Memo(2_500)
    for key in "ab":
        memo.get(key, lambda: np.zeros(1_000, np.uint8))
    memo.get("a", lambda: pytest.fail("is there"))
    memo.get("c", lambda: np.zeros(1_000, np.uint8))
    memo.get("a", lambda: pytest.fail("is there"))
    assert memo.get("b", lambda: None) is None
    assert memo.bytes() <= 2_500


def test_the_last_stays_however_large() -> None:
    memo = Memo(100)
    memo.get("large", lambda: np.zeros(10_000, np.uint8))
    memo.get("large", lambda: pytest.fail("is there"))


def test_results_are_kept_by_their_arguments() -> None:
    asked = []

    @kept(1_000)
    def double(number: int) -> int:
        asked.append(number)
        return 2 * number

    assert [double(1), double(2), double(1)] == [2, 4, 2]
    assert asked == [1, 2]


def test_bytes_of_what_figures_are_made_of() -> None:
    assert bytes_of(np.zeros(1_000, np.float32)) == 4_128
    points = [{"y": np.zeros(1_000)} for _number in range(300)]
    assert 300 * 8_000 < bytes_of({"data": points}) < 300 * 9_000
    assert bytes_of("x" * 10_000) > 10_000


def test_room_is_kept_count_of_through_many_values_and_failures() -> None:
    memo = Memo(50_000)
    for number in range(500):
        memo.get(number % 70, lambda number=number: np.zeros(500 + number, np.uint8))  # type: ignore[misc]
        with pytest.raises(ValueError, match="no"):
            memo.get("failing", lambda: int("no"))
    kept = [key for key in range(70) if key in memo._values]
    assert memo.bytes() == sum(bytes_of(memo.get(key, lambda: pytest.fail("is there"))) for key in kept) <= 50_000

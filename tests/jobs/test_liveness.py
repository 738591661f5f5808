"""Workers that hang: counters timed on a clock of one's own, a process that is stopped, and what becomes of its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from distributed import Client

from mnist_core.config import RunConfig
from mnist_core.jobs import cluster, watchdog, worker_heartbeat
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.jobs.liveness import Watch
from mnist_core.jobs.private_cluster import closed_cluster
from mnist_core.jobs.setbacks import DEATHS
from mnist_core.jobs.watchdog import HANG_SECONDS, STUCK_SECONDS, Watchdog
from mnist_core.store import Store
from tests.conftest import wait_until
from tests.jobs.fake_client import Client as StandIn
from tests.jobs.fake_client import claim, owning

CONFIG = RunConfig()


class Clock:
    """A clock that goes as the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_counter_is_timed_while_it_stands_still() -> None:
    clock = Clock()
    watch = Watch[str](clock)
    assert watch.look({"a": 1, "b": 1}) == {"a": 0.0, "b": 0.0}
    for clock.now in (1.0, 2.0, 3.0):
        still = watch.look({"a": 1, "b": int(clock.now) + 1})
    assert still == {"a": 3.0, "b": 0.0}
    clock.now = 4.0
    assert watch.look({"a": 2, "c": 1}) == {"a": 0.0, "c": 0.0}


def test_who_has_not_looked_himself_holds_nobody_for_lost() -> None:
    clock = Clock()
    watch = Watch[str](clock)
    watch.look({"a": 1})
    clock.now = 3_600.0  # the watcher was stopped, or the machine slept
    assert watch.look({"a": 1})["a"] <= 2.0


class Pack:
    """A watchdog whose clock, and whose workers, the test moves."""

    def __init__(self) -> None:
        self.clock, self.ended, self.there = Clock(), list[str](), {"a", "b"}
        self.watchdog = Watchdog(lambda sign: self.ended.append(sign["worker"]), lambda: self.there, self.clock)
        self.signs: dict[str, dict[str, Any]] = {
            name: {"worker": name, "pid": number, "alive": 0, "working": 0, "busy": 0, "worn": False}
            for number, name in enumerate("ab")
        }

    def pass_time(self, seconds: float, *beating: str, working: bool = True) -> None:
        for _second in range(int(seconds)):
            self.clock.now += 1.0
            for name in beating:
                self.signs[name]["alive"] += 1
                self.signs[name]["working"] += working and self.signs[name]["busy"]
                self.watchdog.hear((0.0, dict(self.signs[name])))
            self.watchdog.look()


def test_a_process_that_gives_no_sign_is_ended_once_and_may_come_back() -> None:
    pack = Pack()
    pack.pass_time(5, "a", "b")
    pack.pass_time(HANG_SECONDS - 1, "b")
    assert pack.ended == []
    pack.pass_time(30, "b")
    assert (pack.ended, pack.watchdog.hung) == (["a"], {"a"})
    pack.pass_time(1, "a", "b")
    assert pack.watchdog.hung == frozenset()


def test_a_worker_that_died_does_not_hang_and_nobody_is_ended_in_its_place() -> None:
    pack = Pack()
    pack.pass_time(5, "a", "b")
    pack.there.remove("a")
    pack.pass_time(3 * HANG_SECONDS, "b")
    assert (pack.ended, pack.watchdog.hung) == ([], frozenset())
    # The nanny of a worker that has died still has its address, while the next one starts.
    starting = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    nanny = SimpleNamespace(pid=starting.pid, worker_address="a")
    cluster.end_worker(SimpleNamespace(workers={0: nanny}), {"worker": "a", "pid": os.getpid()})
    assert starting.poll() is None
    cluster.end_worker(SimpleNamespace(workers={0: nanny}), {"worker": "a", "pid": starting.pid})
    starting.wait(10)
    assert starting.stdin is not None
    starting.stdin.close()


def test_a_worker_that_ran_out_of_memory_is_ended_once_when_it_is_idle() -> None:
    pack = Pack()
    pack.signs["a"] |= {"worn": True, "busy": 1}
    pack.pass_time(5, "a", "b")
    assert pack.ended == []
    pack.signs["a"]["busy"] = 0
    pack.pass_time(1, "a", "b")
    assert pack.ended == []  # what became of its run may still be on its way
    pack.pass_time(1, "a", "b")
    assert (pack.ended, pack.watchdog.hung) == (["a"], {"a"})
    pack.pass_time(9, "a", "b")  # one elsewhere that nobody starts anew
    assert (pack.ended, pack.watchdog.hung) == (["a"], frozenset())
    pack.signs["a"]["pid"] = 7
    pack.pass_time(9, "a", "b")
    assert pack.ended == ["a", "a"]


def test_one_that_was_ended_counts_as_hung_until_it_is_heard_of_again() -> None:
    pack = Pack()
    pack.pass_time(1, "a", "b")
    pack.pass_time(HANG_SECONDS + 1, "b")
    pack.there.remove("a")
    pack.pass_time(3, "b")
    assert pack.watchdog.hung == {"a"}


def test_a_worker_that_trains_one_long_piece_or_waits_does_not_hang() -> None:
    pack = Pack()
    pack.signs["a"]["busy"] = 1
    pack.pass_time(STUCK_SECONDS - 2, "a", "b", working=False)  # one piece
    pack.pass_time(2 * STUCK_SECONDS, "a", "b")  # it counts: it trains, or waits for the store
    pack.signs["a"]["busy"] = 0
    pack.pass_time(2 * STUCK_SECONDS, "a", "b")  # it has nothing to do
    assert pack.ended == []
    pack.signs["a"]["busy"] = 1
    pack.pass_time(STUCK_SECONDS + 2, "a", "b", working=False)
    assert pack.ended == ["a"]


def test_a_worker_that_waits_for_the_store_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from mnist_core.errors import TransientStoreError
    from mnist_core.jobs import worker_store

    monkeypatch.setattr(worker_store, "FIRST_SECONDS", 0.001)
    monkeypatch.setattr(worker_store, "PATIENCE_SECONDS", 0.01)
    before = worker_heartbeat._counts["working"]

    def locked() -> None:
        raise TransientStoreError("locked")

    with pytest.raises(TransientStoreError):
        worker_store.patiently(locked)
    assert worker_heartbeat._counts["working"] > before


def test_the_run_of_a_worker_that_hangs_goes_to_another_and_it_gets_no_more(store: Store) -> None:
    hung: set[str] = set()
    dispatcher = Dispatcher(StandIn(), store, hung=lambda: hung)
    dispatcher.begin()
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    lost = store.queue.claim(run_id, "a", 1)
    assert lost is not None
    store.commands.send(run_id, "ann", "stop")
    hung.add("a")
    dispatcher._heartbeat()
    assert store.runs.get(run_id).state == "queued"
    other = store.runs.create("bob", CONFIG)
    dispatcher.tick()
    assert [future.worker for future in dispatcher.client.sent] == ["a", "b"]
    again = store.queue.claim(run_id, "b", 1)
    assert again is not None
    assert store.commands.pending([run_id])[run_id].command == "stop"  # still asked for
    hung.clear()
    dispatcher.tick()
    assert dispatcher.client.runs()[-1] == other


def test_a_run_whose_workers_hang_each_time_is_a_sentence(store: Store) -> None:
    hung: set[str] = set()
    dispatcher = Dispatcher(StandIn({}), store, hung=lambda: hung)
    dispatcher.begin()
    run_id = store.runs.create("ann", CONFIG)
    for number in range(DEATHS):
        dispatcher.client.workers = owning(f"worker {number}")
        dispatcher.tick()
        claim(store, run_id)
        hung.add(f"worker {number}")
        dispatcher._heartbeat()
    assert "stopped responding" in str(store.runs.get(run_id).error)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_process_that_is_stopped_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "HANG_SECONDS", 3.0)
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.1)
    with (
        closed_cluster({"train": 1}, threads=1) as started,
        Client(started) as client,  # type: ignore[no-untyped-call]
    ):
        watching = cluster.watch(client, started)
        wait_until(lambda: watching._signs, 60)
        (nanny,) = started.workers.values()
        stopped, address = psutil.Process(nanny.pid), nanny.worker_address
        stopped.send_signal(signal.SIGSTOP)
        wait_until(lambda: not stopped.is_running(), 60)
        wait_until(lambda: set(watching._signs) - {address}, 60)  # its successor gives signs
        watching.stop()
        assert watching.hung == {address}

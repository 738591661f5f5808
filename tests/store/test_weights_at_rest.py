"""Weights of runs that wait or are paused have a room, of which each student has a part: a sentence, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.errors import LimitError
from mnist_core.networks.checkpoint_layout import checkpoint_file, snapshot_file
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Command, Store
from tests.store.class_of_two import ANN, BOB, EVE, TEACHER, Opened, refused

CONFIG = RunConfig()
Train = Callable[..., str]


@pytest.fixture(params=["folder", "store"])
def train(store: Store, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Train:
    """A run of the student's that trains, with a checkpoint of so many thousand bytes; in a room of 8 MB, where all weights at
    rest have 4, those of guests 2."""
    settings.make_private(settings.checkpoint_folder().parent)
    settings.make_private(settings.checkpoint_folder())
    monkeypatch.setenv("MNIST_LAB_WEIGHTS", request.param)
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "8")

    def trained(owner: str, kilobytes: int) -> str:
        run_id = store.runs.create(owner, CONFIG)
        run = store.queue.claim(run_id, "w", 1)
        assert run is not None
        for file, size in ((checkpoint_file(run_id), kilobytes * 1_000), (snapshot_file(run_id, 0), 3_000_000)):
            name = file.relative_to(settings.checkpoint_folder()).as_posix()
            if request.param == "store":
                store.weight_files.put(name, run_id, bytes(size))
            else:
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(bytes(size))
        store.record_writer.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True, token=run.token)])
        return run_id

    return trained


def rest(store: Store, run_id: str, owner: str) -> str:
    """The run is paused, as its student and its worker do it."""
    store.commands.send(run_id, owner, "pause")
    assert store.record_writer.pause(run_id, {}, "pause", store.runs.get(run_id).token)
    return run_id


def test_a_student_may_keep_as_much_as_is_still_free(store: Store, opened: Opened, train: Train) -> None:
    stopped, *others = [rest(store, train(ANN, 700), ANN) for _run in range(3)]  # 2.1 of 4.2 MB
    refused(store, lambda: store.runs.create(ANN, CONFIG), "keep 3 MB of weights, and at most 1 MB may be", LimitError)
    for _run in range(2):
        rest(store, train(BOB, 700), BOB)  # he had none, and then less than was free
    refused(store, lambda: store.runs.create(BOB, CONFIG), "keep 2 MB of weights, and at most 0 MB may be", LimitError)
    own = store.runs.newest(BOB)[0].id
    store.commands.send(own, BOB, "resume")
    refused(store, lambda: store.runs.create(BOB, CONFIG), "resume them and wait until they have trained", LimitError)
    assert store.queue.claim(own, "w", 1) is not None
    store.runs.create(BOB, CONFIG)
    for run_id in others:
        store.commands.send(run_id, ANN, "resume")
    store.commands.send(stopped, ANN, "stop")
    store.runs.create(ANN, CONFIG)


def test_where_all_is_full_a_run_trains_to_its_end_and_rests_not(store: Store, opened: Opened, train: Train) -> None:
    for owner, runs in ((ANN, 3), (BOB, 2), (TEACHER, 1)):
        for _run in range(runs):
            last = rest(store, train(owner, 700), owner)
    store.classes.join(opened[0].code, "c" * 32, "Hare")
    late = train("c" * 32, 700)
    store.commands.send(late, "c" * 32, "resume")
    refused(
        store,
        lambda: store.commands.send(late, "c" * 32, "pause"),
        "Waiting and paused runs keep all of the 4 MB .* Let this run train to its end",
        LimitError,
    )
    waiting = store.runs.create("c" * 32, CONFIG)
    refused(store, lambda: store.commands.send(waiting, "c" * 32, "step"), "all of the 4 MB", LimitError)
    store.commands.send(waiting, "c" * 32, "pause")  # it has no weights
    store.commands.send(last, TEACHER, "step")  # … and this one no more than it has
    store.commands.send(late, "c" * 32, "stop")


def test_browsers_without_a_class_have_half_of_it_and_take_nothing_from_classes(
    store: Store, opened: Opened, train: Train
) -> None:
    rest(store, train(EVE, 1_200), EVE)
    refused(store, lambda: store.runs.create(EVE, CONFIG), "keep 2 MB of weights, and at most 0 MB", LimitError)
    rest(store, train("another cookie", 1_200), "another cookie")
    late = train("a third", 1_200)
    refused(
        store,
        lambda: store.commands.send(late, "a third", "pause"),
        "browsers without a class keep all of the 2 MB .* enter your class's code",
        LimitError,
    )
    rest(store, train(ANN, 700), ANN)


def test_what_a_setting_gives_each_student_is_the_most(
    store: Store, opened: Opened, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_WEIGHTS_MB", "1")
    for _run in range(2):
        rest(store, train(ANN, 600), ANN)
    refused(store, lambda: store.runs.create(ANN, CONFIG), "keep 2 MB of weights, and at most 1 MB", LimitError)
    store.runs.create(BOB, CONFIG)


def test_runs_that_are_paused_at_the_same_moment_find_no_more_room(store: Store, opened: Opened, train: Train) -> None:
    ids = [train(ANN, 700) for _run in range(6)]

    def pause(run_id: str) -> bool:
        try:
            store.commands.send(run_id, ANN, "pause")
        except LimitError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(pause, ids)) == 3
    asked = [run_id for run_id, requests in store.commands.pending(ids).items() if requests.command == "pause"]
    assert len(asked) == 3
    store.commands.send(asked[0], ANN, "resume")  # and who takes it back may have another
    assert pause(next(run_id for run_id in ids if run_id not in asked))


MANY = 6


def allowed(store: Store, run_ids: list[str], *commands: Command) -> int:
    """How many of Ann's runs take all these commands."""
    count = 0
    for run_id in run_ids:
        try:
            for command in commands:
                store.commands.send(run_id, ANN, command)
        except LimitError:
            continue
        count += 1
    return count


def begun(store: Store, run_id: str) -> str:
    """A worker has the run, and no checkpoint of it yet."""
    assert store.queue.claim(run_id, "w", 1) is not None
    return run_id


def failed(store: Store, run_id: str) -> str:
    store.record_writer.finish(run_id, "failed", {})
    return run_id


def put_back(store: Store, run_id: str, *, lost: bool = False) -> str:
    """The run has made room for others, or lost its worker."""
    if lost:
        store.queue.requeue(run_id)
    else:
        store.queue.put_back({run_id: store.runs.get(run_id).token})
    return run_id


def test_single_steps_of_runs_without_weights_count_as_what_they_will_leave(
    store: Store, opened: Opened, train: Train
) -> None:
    ids = [store.runs.create(ANN, CONFIG) for _run in range(MANY)]
    for run_id in ids:
        store.commands.send(run_id, ANN, "reset")
    assert allowed(store, ids, "step") == 3  # 0.85 MB each; who is alone may have half of 4.2, and one more
    others = [run_id for run_id in ids if store.runs.state(run_id) == "paused"]
    for run_id in set(ids) - set(others):
        begun(store, run_id)
    refused(
        store, lambda: store.commands.send(others[0], ANN, "step"), "keep 3 MB of weights, and at most 1", LimitError
    )
    refused(store, lambda: store.runs.create(ANN, CONFIG), "keep 3 MB of weights, and at most 1 MB", LimitError)
    store.runs.create(BOB, CONFIG)


@pytest.mark.parametrize("command", ["pause", "step"])
def test_runs_that_train_and_have_no_checkpoint_yet_count_as_what_they_will_leave(
    store: Store, opened: Opened, train: Train, command: Command
) -> None:
    ids = [begun(store, store.runs.create(ANN, CONFIG)) for _run in range(MANY)]
    assert allowed(store, ids, command) == 3
    store.queue.requeue_lost()  # and so they do where the next worker is to do it
    refused(store, lambda: store.runs.create(ANN, CONFIG), "keep 3 MB of weights, and at most 1 MB", LimitError)


def test_a_single_step_of_a_run_that_trains_is_a_pause(store: Store, opened: Opened, train: Train) -> None:
    ids = [train(ANN, 900) for _run in range(MANY)]
    assert allowed(store, ids, "step") == 3
    asked = [run_id for run_id, requests in store.commands.pending(ids).items() if requests.command == "step"]
    assert allowed(store, asked, "pause", "step") == 3  # they are to rest already


def test_runs_that_failed_are_continued_and_paused_within_the_same_bound(
    store: Store, opened: Opened, train: Train
) -> None:
    ids = [failed(store, train(ANN, 900)) for _run in range(MANY)]
    assert allowed(store, ids, "resume", "pause") == 3
    assert allowed(store, ids[3:], "resume") == 0
    for run_id in ids[:3]:
        store.commands.send(run_id, ANN, "stop")
    assert allowed(store, ids[3:], "resume") == 3  # what waits to be continued counts, too
    left = failed(store, train(BOB, 900))
    store.commands.send(left, BOB, "resume")  # he has none


def test_many_cookies_that_continue_a_run_each_cannot_pause_them_all(store: Store, train: Train) -> None:
    cookies = [f"cookie {number}" for number in range(MANY)]
    ids = [failed(store, train(cookie, 900)) for cookie in cookies]
    for run_id, cookie in zip(ids, cookies, strict=True):
        store.commands.send(run_id, cookie, "resume")
    for run_id, cookie in zip(ids, cookies, strict=True):
        for command in ("pause", "step"):
            with pytest.raises(LimitError, match="keep all of the 2 MB"):
                store.commands.send(run_id, cookie, command)


@pytest.mark.parametrize("lost", [False, True], ids=["slice over", "worker lost"])
def test_a_run_that_waits_for_its_turn_keeps_nobody_from_starting_and_is_paused_as_one_that_trains(
    store: Store, opened: Opened, train: Train, lost: bool
) -> None:
    waits = put_back(store, train(ANN, 2_500), lost=lost)
    store.commands.send(store.runs.create(ANN, CONFIG), ANN, "stop")
    rests = rest(store, train(ANN, 2_500), ANN)
    for command in ("pause", "step"):
        refused(store, lambda: store.commands.send(waits, ANN, command), "keep 3 MB of weights", LimitError)  # noqa: B023
    store.commands.send(rests, ANN, "stop")
    store.commands.send(waits, ANN, "pause")
    refused(store, lambda: store.runs.create(ANN, CONFIG), "keep 3 MB of weights, and at most 1 MB", LimitError)
    store.commands.send(waits, ANN, "resume")  # it waits by its student's wish now
    refused(store, lambda: store.runs.create(ANN, CONFIG), "keep 3 MB of weights, and at most 1 MB", LimitError)


def test_who_is_alone_with_small_runs_is_refused_nothing(store: Store) -> None:
    ids = [begun(store, store.runs.create(ANN, CONFIG)) for _run in range(40)]
    assert allowed(store, ids[:20], "pause") == 20
    assert allowed(store, ids[20:], "step") == 20
    waiting = store.runs.create_group(ANN, [CONFIG.replace(seed=seed) for seed in range(100)], "0123456789")
    assert allowed(store, waiting, "reset", "step") == 100

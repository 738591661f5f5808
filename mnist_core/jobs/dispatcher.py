"""The dispatcher: takes runs from the store's queue to Dask's workers, as many as there are slots, in fair order.

It also sees to analyses, to maintenance (data, above all) and to the upkeep of the disk, and tells the store that it lives. No run
stays *running* without a worker: however its task ends, the store hears of it.

A run is sent to a worker that is there and free, never left to Dask's choice: Dask binds a task to a worker when it is
submitted, so that runs from the first second, when only one worker is there, would wait in line behind each other.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any

from mnist_core import settings, stacks
from mnist_core.config import RunConfig
from mnist_core.errors import LeaseLostError, MnistLabError, RunNotFoundError, StoreError, TransientStoreError
from mnist_core.estimate import Speed, faster_device, useful_threads
from mnist_core.jobs import maintenance, retention, run_job
from mnist_core.jobs.analyses import SLOT, AnalysisDispatcher, Assignment
from mnist_core.jobs.liveness import Stopwatch, Watch
from mnist_core.jobs.memory import is_shortage, is_shortage_of_card
from mnist_core.jobs.registered import Registered, SchedulerLostError
from mnist_core.jobs.transient_faults import passing_errno
from mnist_core.messages import N_, Message, message
from mnist_core.networks.models import describe
from mnist_core.records import Run
from mnist_core.store import Store
from mnist_core.store.turns import turns_of
from mnist_core.store.usage import SLICE_SECONDS

LOG = logging.getLogger("mnist_lab.dispatcher")
IDLE_SECONDS = 0.04  # between two looks
SLICE_LOOK_SECONDS = 0.2  # … at whether somebody waits for those who train
# … where nothing has been at work for a while: looking costs a twentieth of a core, too much for a shared host at night.
CALM_SECONDS, CALM_AFTER = 0.12, 10.0
HEARTBEAT_SECONDS = 1.0
TROUBLE_SECONDS = 1.0  # before the next try after something went wrong
TROUBLES = 10  # so many in a row, and the process ends, for another to take its place
# A cluster whose counter has stood still for so long serves the store no more: longer than a writer waits for another.
LEASE_SECONDS = 20.0
SPEED_SECONDS = 5.0  # for which what was measured of the machine is remembered
LOOKED_THROUGH = 200  # queued runs that are looked at while some of them wait for data
CLEAR_SECONDS, CLEAR_FULL_SECONDS = 60.0, 5.0  # between two looks at the disk, and where it is nearly full
# Before a run whose disk was out of reach is tried again, the first time, the second …; after that it has failed.
FAULT_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
MISSING_SECONDS = 60.0  # a worker that has not come for so long does not come any more
GIVEN_UP_SECONDS = 1.0  # before one that died while it started is started anew once more; each time twice as long
MOST_PARAMETERS = 4_000_000  # in a stack: large networks have little in common, and their weights and buffers add up
DEATHS = 3  # so many workers lost with the same run, and it is the run's fault


def widest(config: RunConfig) -> int:
    """How many runs like this one may share a stack, at least 1."""
    return max(1, min(stacks.WIDEST, MOST_PARAMETERS // describe(config).parameters))


def holder_name() -> str:
    """What a cluster of this home and machine calls itself when it takes the store's lease."""
    return f"{platform.node()}:{settings.home()}"[:1024]


class Dispatcher:
    """Serves the queue of `store` with the workers of the Dask `client`.

    `renew(given_up)` starts those anew that are missing, or of these those only that died while they started, and says how many;
    `hung()`: addresses of those that hang, which count as missing;
    `heard()`: of those that have given a sign of life (default: all), which alone are given something: a worker that is there
    may still import torch.
    """

    def __init__(
        self,
        client: Any,
        store: Store,
        renew: Callable[[bool], int] | None = None,
        hung: Callable[[], Collection[str]] = frozenset,
        heard: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self.client = client
        self.store = store
        self._registered = Registered(client)
        self._renew = renew
        self._hung = hung
        self._speed: Speed | None = None
        self._speed_read = 0.0
        self._worn: set[str] = set()  # addresses of workers that ran out of memory and are about to be started anew
        self._heard = heard
        # A scheduler of one's own may have workers on other machines: as many slots as they have at the moment.
        self.elsewhere = settings.scheduler_address() is not None
        self.slots = 0 if self.elsewhere else settings.worker_count()
        # Slots that workers have by name.
        self._slot_names: set[str] = set() if self.elsewhere else {"train", SLOT, maintenance.SLOT}
        self._running: dict[str, Assignment] = {}
        self._analyses = AnalysisDispatcher(store, self._send)
        self._maintenance = maintenance.Maintenance(store, self._send, here=self.elsewhere)
        self._deaths: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()  # of the surroundings, that each run met in a row …
        self._not_before: dict[str, float] = {}  # … and when it may be tried again
        self._lacking = 0  # bytes that the disk should have free, and has not
        self._beat = -math.inf  # when the lease was last raised
        self._passing = Stopwatch()  # what passes between two heartbeats, for the store's own clock
        self._cleared = -math.inf
        self._whole = time.monotonic()  # when all workers were last there …
        self._patience = MISSING_SECONDS  # … and how long the missing ones may take
        self._pause = GIVEN_UP_SECONDS  # before those that were given up are looked for again
        self._renewed = -math.inf
        self._leaving: set[Assignment] = set()  # that were asked to make room
        self._left_at: dict[str, int] = {}  # step at which each run was asked last
        self._slices_looked = -math.inf
        self._busy = -math.inf  # when something was last at work or waited
        self._started = time.time()
        self._home = holder_name()
        self._others: Watch[int] = Watch()  # the counter of another cluster that has the lease

    def serve(self) -> None:
        """Work until the process ends. Raises what went wrong `TROUBLES` times in a row."""
        has_lease, troubles, last_warning = False, 0, ""
        while True:
            try:
                if not has_lease:
                    while self.served_elsewhere():
                        time.sleep(IDLE_SECONDS)
                    self.begin()
                    has_lease = True
                self.tick()
                troubles, last_warning = 0, ""
            except LeaseLostError as error:
                LOG.warning("%s", error)
                has_lease = False
                self.stand_by()
            except SchedulerLostError:
                raise  # another process takes this one's place, and waits for it
            except StoreError as error:
                if str(error) != last_warning:
                    last_warning = str(error)
                    LOG.warning("%s", last_warning)  # once, however long it lasts
                time.sleep(TROUBLE_SECONDS)
            except Exception:
                troubles += 1
                LOG.exception("trouble number %d in a row", troubles)
                if troubles == TROUBLES:
                    raise
                time.sleep(TROUBLE_SECONDS)
            time.sleep(CALM_SECONDS if self.is_calm() else IDLE_SECONDS)

    def is_calm(self) -> bool:
        """Whether nothing has been at work, and nothing waited, for a while."""
        return time.monotonic() - self._busy > CALM_AFTER

    def served_elsewhere(self) -> bool:
        """Whether the cluster of another home or machine serves this store: two would train the same runs."""
        lease = self.store.lease.current()
        if lease.holder in ("", self._home):
            return False  # this one holds the home's lock: the other is gone
        return self._others.look({lease.token: lease.beats})[lease.token] < LEASE_SECONDS

    def begin(self) -> None:
        """Take the lease, and up what the last cluster left behind."""
        self.store.lease.take(self._home)
        self.store.analyses.requeue_lost()
        lost = self.store.queue.requeue_lost()
        if lost:
            LOG.info("going on with %s", ", ".join(lost))
        self._maintenance.begin()

    def stand_by(self) -> None:
        """Let go of everything: another cluster has the lease. Its workers are refused by the store from now on."""
        assignments = [*self._running.values(), *self._analyses.running.values()]
        for future in [*(assignment.future for assignment in assignments), *self._maintenance.running.values()]:
            future.cancel()
            future.release()
        for tasks in (self._running, self._analyses.running, self._maintenance.running):
            tasks.clear()

    def tick(self) -> None:
        """One look at everything."""
        self._collect()
        self._analyses.collect()
        self._submit()
        self._maintenance.collect()
        if time.monotonic() - self._beat > HEARTBEAT_SECONDS:
            self._heartbeat()
        if time.monotonic() - self._cleared > (CLEAR_FULL_SECONDS if self._lacking else CLEAR_SECONDS):
            self._cleared = time.monotonic()
            retention.thin_out(self.store)  # first: the rest cannot be done on a full disk
            retention.delete_expired(self.store)
            self._forget_ended()

    def _forget_ended(self) -> None:
        """Keep nothing of runs that are over; of those that failed how many workers they have lost: they may be continued."""
        kept: tuple[dict[str, Any], ...] = (self._deaths, self._left_at, self._faults, self._not_before)
        known = {run_id for numbers in kept for run_id in numbers}
        found = self.store.runs.of_ids(known)
        ended = known - {run.id for run in found if run.state != "finished" or run.outcome == "failed"}
        for numbers in kept:
            for run_id in ended & set(numbers):
                del numbers[run_id]

    def _submit(self) -> None:
        if self.store.analyses.queued(1):
            workers, training = self._ready(), {assignment.worker for assignment in self._running.values()}
            self._analyses.submit(workers, training, concurrent=SLOT in self._slot_names)
        if self._running or self._analyses.running:
            self._busy = time.monotonic()
        if len(self._assignments()) >= self.slots:
            self._end_slices()
            return
        waiting = self._waiting()
        if waiting:
            self._busy = time.monotonic()
        free = self._free_workers() if waiting else []
        for runs in self._distributed(self._stacks(waiting), len(free)):
            worker = free.pop(0)
            # Alone a run has all cores.
            cores = settings.cpu_count() // (len(self._assignments()) + 1 + len(free) * (len(runs) > 1))
            threads = useful_threads(runs[0].config, max(1, cores), len(runs))
            ids, task = [run.id for run in runs], (self.store.url, threads, self.store.lease.token)
            future = self._send("run", "train", worker, run_job.execute, ids, *task)
            students = tuple(run.student for run in runs)
            shown = any(run.demonstration for run in runs)
            self._running |= dict.fromkeys(ids, Assignment(future, worker, students, shown))

    def _waiting(self) -> list[Run]:
        """Runs that could begin now, in fair order."""
        now = time.monotonic()
        queued = self.store.queue.next(LOOKED_THROUGH)
        return [run for run in queued if run.id not in self._running and self._not_before.get(run.id, 0.0) <= now]

    def _end_slices(self) -> None:
        """Ask runs that have trained for a while to make room for those whose turn it is, as many as wait; for what a teacher
        shows, at once."""
        now = time.monotonic()
        training = set(self._running.values())
        self._leaving &= training
        others = [one for one in training - self._leaving if not one.demonstration]
        if not others or now < self._slices_looked + SLICE_LOOK_SECONDS:
            return
        self._slices_looked = now
        stacks = self._stacks(self._waiting())
        shown = sum(stack[0].demonstration for stack in stacks) - len(self._leaving)
        for longest in sorted(others, key=lambda assignment: assignment.since)[: max(0, shown)]:
            self._end_slice(longest)
        long = [one for one in others if one not in self._leaving and self._has_had_its_slice(one, now)]
        if not long:
            return
        firsts = [stack[0].student for stack in stacks]
        turns = turns_of(firsts, [assignment.students for assignment in training], self.store.usage.levels)
        for turn in turns.waiting[len(self._leaving) :]:
            last = max(long, key=lambda assignment: turns.training[assignment.students])
            if turns.training[last.students] <= turn:
                return
            self._end_slice(last)
            long.remove(last)
            if not long:
                return

    def _has_had_its_slice(self, assignment: Assignment, now: float) -> bool:
        """Whether runs have trained for a slice. One whose single update takes longer made room in its midst, and begins it
        again: the next time it is let come to its end, or it would never get any further."""
        if now - assignment.since < SLICE_SECONDS:
            return False
        run_id = next(run_id for run_id, one in self._running.items() if one is assignment)
        left_at = self._left_at.get(run_id)
        return left_at is None or left_at != self._step_of(run_id)

    def _step_of(self, run_id: str) -> int | None:
        try:
            return self.store.runs.get(run_id).progress.step
        except RunNotFoundError:
            return None

    def _end_slice(self, assignment: Assignment) -> None:
        ids = [run_id for run_id, one in self._running.items() if one is assignment]
        self.store.queue.end_slices(ids)
        self._leaving.add(assignment)
        if (step := self._step_of(ids[0])) is not None:
            self._left_at |= dict.fromkeys(ids, step)

    def _assignments(self) -> set[Assignment]:
        """What fills slots for training: analyses, too, where workers have no slot of their own for them."""
        analyses = () if SLOT in self._slot_names else self._analyses.running.values()
        return {*self._running.values(), *analyses}

    def _stacks(self, waiting: Sequence[Run]) -> list[list[Run]]:
        """Runs that will train as one stack, in the order of the first of each; runs whose data are to come left out."""
        alike: dict[Hashable, list[Run]] = {}
        for run in waiting:
            if not self._maintenance.data_to_come(run.config.dataset):
                alike.setdefault(self._stack_key(run), []).append(run)
        return list(alike.values())

    def _stack_key(self, run: Run) -> Hashable:
        """Equal for runs that may share a stack, whosesoever they are: at one step, with no request to any.

        A run that has lost a worker, or failed in a stack, goes alone, so that it brings no other down with it.
        """
        key = stacks.key(run.config, self._device_of(run.config))
        if key is None or run.command or self._deaths[run.id]:
            return run.id
        return run.checkpoint_step, run.threads, key

    def _device_of(self, config: RunConfig) -> str:
        """Where a worker will train it, as far as that is known here."""
        now = time.monotonic()
        if self._speed is None or now > self._speed_read + SPEED_SECONDS:
            self._speed, self._speed_read = Speed.from_dict(self.store.facts.get("speed")), now
        return faster_device(config, self._speed)

    def _distributed(self, waiting: Sequence[list[Run]], workers: int) -> list[list[Run]]:
        """What each of so many free workers is to train: one stack each, in order; the first is split among the others.

        Two halves of a sweep side by side take less time than one stack whose threads wait for each other; on a card, which
        they would share, one takes less.
        """
        if not waiting or not workers:
            return []
        most = widest(waiting[0][0].config)
        first = waiting[0][: most * workers]
        others_free = workers - len(waiting) + 1 if self._device_of(first[0].config) == "cpu" else 1
        count = min(len(first), max(others_free, 1 + (len(first) - 1) // most))
        others = [runs[: widest(runs[0].config)] for runs in waiting[1:]]
        parts = [first[start::count] for start in range(count)] + others
        return parts[:workers]

    def _free_workers(self) -> list[str]:
        """Addresses of the workers that could begin a run now, each as often as it has slots free."""
        busy, analyzing = Counter(assignment.worker for assignment in self._assignments()), self._analyses.workers()
        workers = sorted(self._ready().items(), key=lambda worker: worker[0] in analyzing)
        return [worker for worker, slots in workers for _slot in range(slots - busy[worker])]

    def _ready(self) -> dict[str, int]:
        """Slots of the workers that can begin something at once."""
        workers = self._workers()
        heard = self._heard() if self._heard is not None else workers
        self._worn &= set(workers)
        return {address: slots for address, slots in workers.items() if address in heard and address not in self._worn}

    def _workers(self) -> dict[str, int]:
        """Slots for training by the address of each registered worker that lives."""
        workers, hung = self._registered(), self._hung()
        resources = {name: worker.get("resources", {}) for name, worker in workers.items() if name not in hung}
        if self.elsewhere:
            self._slot_names = {name for owned in resources.values() for name in owned}
        slots = {
            address: int(owned.get("train", 0)) if "train" in self._slot_names else 1
            for address, owned in resources.items()
        }
        if self.elsewhere:
            self.slots = sum(slots.values())
        return slots

    def _send(self, name: str, slot: str, worker: str | None, function: Callable[..., None], *arguments: Any) -> Any:
        """Give a task to Dask: a key of its own, so that no result is ever taken for another's."""
        return self.client.submit(
            function,
            *arguments,
            key=f"{name}-{secrets.token_hex(8)}",
            workers=worker,
            resources={slot: 1} if slot in self._slot_names else None,
            pure=False,
            retries=0,
        )

    def _collect(self) -> None:
        for run_id, assignment in list(self._running.items()):
            if assignment.future.done():
                self._settle(run_id, assignment)  # where the store cannot be used, again at the next look
                self._release(run_id)

    def _settle(self, run_id: str, assignment: Assignment) -> None:
        """See that a run whose task has ended is not left running."""
        future = assignment.future
        try:
            state = self.store.runs.state(run_id)
        except RunNotFoundError:
            return
        error = future.exception() if future.status == "error" else None
        delay = self._retry_delay(run_id, error)
        if is_shortage(error) and self._renew is not None:
            self._worn.add(assignment.worker)
        if error is not None and delay is None and len(assignment.students) > 1:
            if state in ("queued", "running"):
                LOG.error("run %s goes on alone: its stack failed", run_id, exc_info=error)
                self._requeue(run_id, max(1, self._deaths[run_id]), _CRASHED)
        elif error is not None and delay is None:
            sentence = _sentence(run_id, error)
            if state in ("queued", "running"):
                self.store.record_writer.finish(run_id, "failed", {}, sentence)
        elif state == "running":
            LOG.warning("run %s was let go of (%s) and is queued again", run_id, error or future.status)
            # A task that ended all the same was tried again by Dask after the death of its worker, and found no run.
            self._requeue(run_id, self._deaths[run_id] + (future.status == "finished"), _CRASHED)
        if delay is None:
            self._faults.pop(run_id, None)
            self._not_before.pop(run_id, None)
        else:
            self._faults[run_id] += 1
            self._not_before[run_id] = time.monotonic() + delay

    def _retry_delay(self, run_id: str, error: BaseException | None) -> float | None:
        """Seconds after which to try a run again whose task ended with `error`; None: that was no passing fault."""
        if isinstance(error, TransientStoreError):
            return FAULT_SECONDS[0]  # its worker was patient already
        faults = self._faults[run_id]
        return FAULT_SECONDS[faults] if passing_errno(error) is not None and faults < len(FAULT_SECONDS) else None

    def _recover(self, workers: dict[str, int]) -> None:
        """Queue the runs of workers that are gone again, or give up the ones that brought down several."""
        for run_id, assignment in list(self._running.items()):
            if assignment.worker in workers or assignment.future.done():
                continue
            LOG.warning("run %s has lost its worker %s", run_id, assignment.worker)
            sentence = _HUNG if assignment.worker in self._hung() else _CRASHED
            self._requeue(run_id, self._deaths[run_id] + 1, sentence)
            assignment.future.cancel()
            self._release(run_id)

    def _requeue(self, run_id: str, deaths: int, sentence: Message) -> None:
        """Queue a run again that has lost so many workers; fail it with the sentence where they are too many."""
        try:
            if deaths >= DEATHS and self.store.runs.state(run_id) in ("queued", "running"):
                self.store.record_writer.finish(run_id, "failed", {}, sentence)
            else:
                self.store.queue.requeue(run_id)
        except RunNotFoundError:
            LOG.info("run %s is deleted", run_id)
        self._deaths[run_id] = 1 if deaths >= DEATHS else deaths  # where it is continued, it has some more

    def _release(self, run_id: str) -> None:
        self._running.pop(run_id).future.release()

    def _heartbeat(self) -> None:
        self.store.lease.beat(self._passing.passed())
        self._beat = time.monotonic()
        self._lacking = settings.lacking_space()
        workers = self._workers()
        self._recover(workers)
        self._analyses.recover(workers)
        self._replace(self.slots - len(workers))
        self.store.facts.set(
            "cluster",
            {
                "pid": os.getpid(),
                "home": self._home,
                "workers": len(workers),
                "slots": self.slots,
                "running": len(self._assignments()),
                "started": self._started,
                "trouble": "workers" if self.elsewhere and not workers else None,
            },
        )
        self._maintenance.see_to(idle=len(workers) >= self.slots and not self._assignments())

    def _replace(self, missing: int) -> None:
        """Start workers anew: at once those that Dask has given up, others once they have stayed away for long, with twice the
        time to come each time: the machine may be slow."""
        now = time.monotonic()
        if missing <= 0 or self._renew is None:
            self._whole, self._patience, self._pause = now, MISSING_SECONDS, GIVEN_UP_SECONDS
        elif now - self._whole > self._patience:
            LOG.warning("%d workers are missing and are started anew", missing)
            self._renew(False)
            self._whole, self._patience = now, 2 * self._patience
        elif now - self._renewed >= self._pause and (count := self._renew(True)):
            LOG.warning("%d workers died while they started, and are started anew", count)
            self._whole, self._renewed, self._pause = now, now, 2 * self._pause


def _sentence(run_id: str, error: BaseException) -> Message:
    """Why a run failed, for a student."""
    if isinstance(error, MnistLabError):
        LOG.error("run %s failed: %s", run_id, error)
        return error.message
    LOG.error("run %s failed", run_id, exc_info=error)
    if is_shortage_of_card(error):
        return message(
            N_("This run needs more memory than the graphics processor has left. Try a smaller network or batch size.")
        )
    if is_shortage(error):
        return message(
            N_("This run needs more memory than it may take here ({size} MB). Try a smaller network or batch size."),
            size=settings.run_memory() >> 20,
        )
    if passing_errno(error) is not None:
        return message(
            N_("The server's disk could not be reached several times ({reason}). Everything recorded before is kept."),
            reason=getattr(error, "strerror", None) or str(error),
        )
    return message(
        N_("Training failed with an internal error ({kind}). See the server's log for details."),
        kind=type(error).__name__,
    )


_CRASHED = message(
    N_(
        "This run crashed its worker several times, probably because memory ran out. Try a smaller network or batch size."
    )
)
_HUNG = message(N_("The worker of this run stopped responding several times. Run it again, or try a smaller network."))

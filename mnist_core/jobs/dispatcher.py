"""The dispatcher: takes runs from the store's queue to Dask's workers, as many as there are slots, in fair order.

It also sees to analyses, to maintenance (data, above all) and to the upkeep of the disk, and tells the store that it lives. How tasks
reach workers is in `workers`, which runs share a worker in `stacking`, who makes room for whom in `time_slices`, what follows when
something goes wrong in `setbacks`.

A run is sent to a worker that is there and free, never left to Dask's choice: Dask binds a task to a worker when it is
submitted, so that runs from the first second, when only one worker is there, would wait in line behind each other.
"""

from __future__ import annotations

import logging
import math
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from mnist_core import settings
from mnist_core.errors import LeaseLostError, StoreError
from mnist_core.estimate import useful_threads
from mnist_core.jobs import abandoned, maintenance, retention, run_job, strays
from mnist_core.jobs.analyses import AnalysisDispatcher, Assignment
from mnist_core.jobs.liveness import Stopwatch, Watch
from mnist_core.jobs.memory import is_shortage
from mnist_core.jobs.registered import SchedulerLostError
from mnist_core.jobs.setbacks import Setbacks
from mnist_core.jobs.stacking import Stacking
from mnist_core.jobs.time_slices import TimeSlices
from mnist_core.jobs.workers import Workers
from mnist_core.records import Run
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.dispatcher")
IDLE_SECONDS = 0.04  # between two looks
# … where nothing has been at work for a while: looking costs a twentieth of a core, too much for a shared host at night.
CALM_SECONDS, CALM_AFTER = 0.12, 10.0
HEARTBEAT_SECONDS = 1.0
TROUBLE_SECONDS = 1.0  # before the next try after something went wrong
TROUBLES = 10  # so many in a row, and the process ends, for another to take its place
# A cluster whose counter has stood still for so long serves the store no more: longer than a writer waits for another.
LEASE_SECONDS = 20.0
LOOKED_THROUGH = 200  # queued runs that are looked at while some of them wait for data
CLEAR_SECONDS, CLEAR_FULL_SECONDS = 60.0, 5.0  # between two looks at the disk, and where it is nearly full


def holder_name() -> str:
    """What a cluster of this home and machine calls itself when it takes the store's lease."""
    return f"{platform.node()}:{settings.home()}"[:1024]


class Dispatcher:
    """Serves the queue of `store` with the workers of the Dask `client`; `renew`, `hung` and `heard` as `Workers` has them."""

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
        self.workers = Workers(client, renew, hung, heard)
        self.setbacks = Setbacks(store)
        self.slices = TimeSlices(store)
        self._stacking = Stacking(store, self.setbacks.goes_alone)
        self._running: dict[str, Assignment] = {}
        self._analyses = AnalysisDispatcher(store, self.workers.send)
        self._maintenance = maintenance.Maintenance(store, self.workers.send, here=self.workers.elsewhere)
        self._lacking = 0  # bytes that the disk should have free, and has not
        self._beat = -math.inf  # when the lease was last raised
        self._passing = Stopwatch()  # what passes between two heartbeats, for the store's own clock
        self._cleared = -math.inf
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
            strays.delete_strays(self.store)
            abandoned.end_abandoned(self.store)
            self._forget_ended()

    def _forget_ended(self) -> None:
        """Keep nothing of runs that are over, but of those that failed: they may be continued."""
        known = self.setbacks.known() | self.slices.known()
        found = self.store.runs.of_ids(known)
        ended = known - {run.id for run in found if run.state != "finished" or run.outcome == "failed"}
        self.setbacks.forget(ended)
        self.slices.forget(ended)

    def _submit(self) -> None:
        if self.store.analyses.queued(1):
            training = {assignment.worker for assignment in self._running.values()}
            self._analyses.submit(self.workers.ready(), training, concurrent=self.workers.take_analyses_beside)
        if self._running or self._analyses.running:
            self._busy = time.monotonic()
        if len(self._assignments()) >= self.workers.slots:
            self.slices.end(self._running, self._waiting)
            return
        waiting = self._waiting()
        if waiting:
            self._busy = time.monotonic()
        free = self._free_workers() if waiting else []
        for runs in self._stacking.distributed(waiting, len(free)):
            worker = free.pop(0)
            # Alone a run has all cores.
            cores = settings.cpu_count() // (len(self._assignments()) + 1 + len(free) * (len(runs) > 1))
            self._send(runs, worker, useful_threads(runs[0].config, max(1, cores), len(runs)))

    def _send(self, runs: list[Run], worker: str, threads: int) -> None:
        """Let a worker train runs as one stack."""
        ids, task = [run.id for run in runs], (self.store.url, threads, self.store.lease.token)
        future = self.workers.send("run", "train", worker, run_job.execute, ids, *task)
        shown = any(run.demonstration for run in runs)
        tokens = {run.id: run.token for run in runs}
        assignment = Assignment(future, worker, tuple(run.student for run in runs), shown, tokens)
        self._running |= dict.fromkeys(ids, assignment)

    def _waiting(self) -> list[list[Run]]:
        """Stacks that could begin now, in fair order; runs whose data are to come left out."""
        now = time.monotonic()
        queued = self.store.queue.next(LOOKED_THROUGH)
        self._let_go_of([run for run in queued if self._has_left(run)])
        return self._stacking.stacks(
            [
                run
                for run in queued
                if run.id not in self._running
                and self.setbacks.may_begin(run.id, now)
                and not self._maintenance.data_to_come(run.config.dataset)
            ]
        )

    def _has_left(self, run: Run) -> bool:
        """Whether a run that does not train had its worker, and has left it: paused, and resumed maybe, while its stack trains on."""
        assignment = self._running.get(run.id)
        return assignment is not None and run.state != "running" and run.token > assignment.tokens[run.id]

    def _left(self, run_ids: Collection[str]) -> set[str]:
        """Those of these runs that have left their stacks: what happens to the worker now is no matter of theirs."""
        return {run.id for run in self.store.runs.of_ids(run_ids) if self._has_left(run)} if run_ids else set()

    def _let_go_of(self, left: Collection[Run]) -> None:
        """Forget whose runs these were that have left their stacks, so that they begin like any others. Where none of the stack
        trains, its task is about to end; until then it fills its worker."""
        if not left:
            return
        training = {self._running[run.id] for run in self.store.runs.of_ids(self._running) if run.state == "running"}
        for run in left:
            if self._running[run.id] in training:
                del self._running[run.id]

    def _assignments(self) -> set[Assignment]:
        """What fills slots for training: analyses, too, where workers have no slot of their own for them."""
        analyses = () if self.workers.take_analyses_beside else self._analyses.running.values()
        return {*self._running.values(), *analyses}

    def _free_workers(self) -> list[str]:
        """Addresses of the workers that could begin a run now, each as often as it has slots free."""
        busy = Counter(assignment.worker for assignment in self._assignments())
        return self.workers.free(busy, self._analyses.workers())

    def _collect(self) -> None:
        ended = {run_id: assignment for run_id, assignment in self._running.items() if assignment.future.done()}
        left = self._left(ended)
        for run_id, assignment in ended.items():
            failed = assignment.future.status == "error"
            if failed and is_shortage(assignment.future.exception()):
                self.workers.leave_alone(assignment.worker)
            if not failed or run_id not in left:
                self.setbacks.settle(run_id, assignment)  # where the store cannot be used, again at the next look
            self._release(run_id)

    def _recover(self, living: Collection[str]) -> None:
        """Queue the runs of workers that are gone again, or give up the ones that brought down several."""
        lost = {
            run_id: assignment
            for run_id, assignment in self._running.items()
            if assignment.worker not in living and not assignment.future.done()
        }
        left = self._left(lost)
        for run_id, assignment in lost.items():
            if run_id not in left:
                LOG.warning("run %s has lost its worker %s", run_id, assignment.worker)
                self.setbacks.lost_worker(run_id, hung=assignment.worker in self.workers.hung())
            assignment.future.cancel()
            self._release(run_id)

    def _release(self, run_id: str) -> None:
        self._running.pop(run_id).future.release()

    def _heartbeat(self) -> None:
        self.store.lease.beat(self._passing.passed())
        self._beat = time.monotonic()
        self._lacking = settings.lacking_space()
        living = self.workers.living()
        self._recover(living)
        self._analyses.recover(living)
        self.workers.replace_missing(len(living))
        self.store.facts.set(
            "cluster",
            {
                "pid": os.getpid(),
                "home": self._home,
                "workers": len(living),
                "slots": self.workers.slots,
                "running": len(self._assignments()),
                "started": self._started,
                "trouble": "workers" if self.workers.elsewhere and not living else None,
            },
        )
        self._maintenance.see_to(idle=len(living) >= self.workers.slots and not self._assignments())

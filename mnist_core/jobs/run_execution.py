"""One run on a worker: how it begins, from a checkpoint or afresh, what is asked of it, its records, its end.

A checkpoint goes with the records up to it. It is written beside the last one and takes its place when the store has
its records; whenever the worker dies, the store's `checkpoint_step` and `checkpoint_token` say which of the two files
counts. So a run that is taken up again draws the curve that an undisturbed one would.

A disk that is full for a while costs no run its state: what ends or rests waits until its checkpoint is written, for
some minutes; after that a run that rests is one at its last checkpoint, from which Resume makes the steps again.

Whatever a worker tells the store goes with the token of its claim. A worker that was given up (it hung, and another has
the run by now) is refused, and lets go of the run without a trace.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from mnist_core import data
from mnist_core.config import DatasetName
from mnist_core.data import Dataset
from mnist_core.diagnostics import at_end
from mnist_core.errors import CheckpointError, TransientStoreError
from mnist_core.estimate import Speed
from mnist_core.jobs import worker_heartbeat
from mnist_core.jobs.transient_faults import passing_errno
from mnist_core.jobs.worker_store import patiently, pauses
from mnist_core.networks import shared_files
from mnist_core.networks.checkpoint_layout import (
    checkpoint_file,
    forget_files,
    forget_next,
    forget_snapshots,
    next_file,
    snapshot_file,
)
from mnist_core.records import Curves, Event, Outcome, Progress, Report, Requests, Run
from mnist_core.store import Command, Store

LOG = logging.getLogger("mnist_lab.worker")
ASK_SECONDS = 0.08  # between two looks at what is asked
AWAY_SECONDS = 1.0  # … where the store is out of reach
SAVE_SECONDS = 120.0  # how long a checkpoint is tried that should not be done without
LEARNED_FROM_SECONDS = 1.0  # a shorter run says little about the machine's speed
ALONE = 0.7  # of a run's time its thread has computed, at least, where nothing else had the core


class ClaimLostError(Exception):
    """The run is another worker's by now, or waits for one."""


class Job:
    """One run: its trainer, its checkpoint, what is asked of it. Raises ClaimLostError, on making too."""

    def __init__(
        self,
        store: Store,
        run: Run,
        load: Callable[[DatasetName], Dataset] = data.load_dataset,
    ) -> None:
        self.store = store
        self.run = run
        self.file = checkpoint_file(run.id)
        self.next_file = next_file(run.id, run.token)
        self.requests: Requests | None = Requests()
        self._looked = 0.0
        self._unplaced = False  # whether the checkpoint that counts could not be put in its place yet
        self._may_pass = False  # whether what kept the last checkpoint from being written may pass
        self._settled = False  # whether the best network is that of all images
        self.trainer = self._trainer(load(run.config.dataset))
        self._keep_snapshots()
        self._measured_from = self._began_at = (self.trainer.seconds, self.trainer.step)
        self._computed_before = time.thread_time()

    # ---- begin -------------------------------------------------------------------------------------------------

    def _trainer(self, dataset: Dataset) -> Any:
        from mnist_core.training import Trainer

        trainer = self._restored(dataset)
        reached = self.run.progress.step
        if trainer is None:
            trainer = Trainer(self.run.config, dataset, threads=self.run.threads, speed=self._measured_speed())
            self._rewind(-1)
            forget_files(self.run.id)
        else:
            self._rewind(trainer.step)
            forget_next(self.run.id)
        if reached > trainer.step:
            # The last worker came further than its last checkpoint: those steps are made again.
            progress = Progress(trainer.step, trainer.total_steps, trainer.epoch, trainer.seconds)
            curves = Curves(events=(Event(trainer.step, "recovered"),))
            self._send(Report(self.run.id, progress, curves, token=self.run.token))
        if (rate := self.run.learning_rate) not in (None, trainer.state.base_rate):
            trainer.set_learning_rate(rate)  # changed by hand when no checkpoint could be written
        return trainer

    def _rewind(self, step: int) -> None:
        """Drop what was recorded after `step`. From here on the run's files are this worker's."""
        if not patiently(lambda: self.store.record_writer.rewind(self.run.id, step, self.run.token)):
            raise ClaimLostError

    def _restored(self, dataset: Dataset) -> Any:
        """The trainer as of the store's last checkpoint; None: start afresh.

        Raises OSError where it may be there, but cannot be read just now.
        """
        from mnist_core.training import Trainer

        step = self.run.checkpoint_step
        if step is None:
            return None
        if shared_files.place() is None and not self.file.parent.is_dir():
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), str(self.file.parent))
        # The newer file counts where the worker died before it could put it in its place.
        for file in (next_file(self.run.id, self.run.checkpoint_token), self.file):
            patiently(partial(shared_files.pull, file))
            if not file.exists():
                continue
            try:
                trainer = Trainer.load(file, self.run.config, dataset, threads=self.run.threads)
            except CheckpointError as error:
                if number := passing_errno(error.__cause__):
                    raise OSError(number, os.strerror(number), str(file)) from error
                LOG.warning("%s", error)
                continue
            if trainer.step == step:
                with suppress(FileNotFoundError):  # moved there meanwhile by the one that wrote it
                    file.replace(self.file)
                if file != self.file:
                    patiently(partial(shared_files.move, file, self.file))
                return trainer
        LOG.warning("run %s has lost its checkpoint at step %d and starts again", self.run.id, step)
        return None

    def _keep_snapshots(self) -> None:
        """Keep snapshots of the weights on the way, for a landscape to be drawn through them."""
        from mnist_core.training import snapshots

        forget_snapshots(self.run.id, self.trainer.step)  # it goes on from there, maybe at another rate
        room = snapshots.ROOM_OF_MANY if self.run.group else snapshots.ROOM
        planned = set(snapshots.planned_steps(self.run.config, room=room))

        def keep() -> None:
            if (self.trainer.step in planned or (planned and self.trainer.finished)) and self._holds_claim():
                snapshots.save(self.trainer.state, self.run.id)
                self._share_snapshot()

        self.trainer.state.on_evaluation = keep

    def _share_snapshot(self) -> None:
        """Where it cannot be shared the path has a gap."""
        try:
            shared_files.push(snapshot_file(self.run.id, self.trainer.step), self.run.id)
        except (OSError, TransientStoreError) as error:
            LOG.warning("no snapshot of run %s: %s", self.run.id, error)

    def _holds_claim(self) -> bool:
        """Whether no other worker has the run by now, as far as is known."""
        try:
            return self.run.id in self.store.commands.pending([self.run.id], {self.run.id: self.run.token})
        except TransientStoreError:
            return self.requests is not None

    # ---- what is asked -----------------------------------------------------------------------------------------

    @property
    def has_request(self) -> bool:
        """Whether something is requested of it, so that it cannot just go on."""
        requests = self.requests
        return requests is None or requests.learning_rate is not None or requests.command is not None

    def look(self) -> None:
        """See what is asked now; where the store is locked, what was asked last."""
        self._looked = time.monotonic()
        try:
            self.requests = self.store.commands.pending([self.run.id], {self.run.id: self.run.token}).get(self.run.id)
        except TransientStoreError as error:
            LOG.warning("%s", error)
            self._looked += AWAY_SECONDS

    def obey(self) -> bool:
        """Do what is asked; whether the run is let go of."""
        requests = self.requests
        if requests is None:
            if patiently(lambda: self.store.runs.version(self.run.id)) is None:
                forget_files(self.run.id)  # deleted
            self._forget_next()
            return True
        if requests.learning_rate is not None:
            self._change_rate(requests.learning_rate)
            return False
        if requests.command == "step":
            return self._one_step()
        if requests.command in ("pause", "stop", "reset"):
            return self._leave(requests.command)
        return False

    def _change_rate(self, rate: float) -> None:
        self.trainer.set_learning_rate(rate)
        # With a checkpoint at once, no death of a worker can lose the change.
        self._publish(self.save(), rate)
        self.look()

    def _one_step(self) -> bool:
        """One update, then a pause; False where something else was asked before it was made."""
        before = self.trainer.step
        self.trainer.loop.advance(self._has_other_request, steps=1)
        if self.trainer.finished:
            self.settle_best()
            self._publish(self.save_patiently())
            self.finish()
            return True
        updated = self.trainer.step > before
        saved = updated and self.save_patiently()
        self._publish(saved, made_step=saved)  # else whoever goes on with the run makes it
        return updated and self._pause("pause" if saved else "step")

    def _has_other_request(self) -> bool:
        """Whether something else is asked than one step."""
        self._look_again()
        return self.has_request and (self.requests is None or self.requests.command != "step")

    def _look_again(self) -> None:
        """Look, if the last time was a while ago."""
        worker_heartbeat.tick()
        if time.monotonic() - self._looked >= ASK_SECONDS:
            self.look()

    def _leave(self, command: str) -> bool:
        """Pause, stop or reset the run; False where that was taken back meanwhile."""
        if command == "reset":
            # Its files go when it begins again: they may be another worker's already.
            patiently(lambda: self.store.record_writer.reset(self.run.id, self.run.token))
            return True
        saved = self.save_patiently()
        if command == "pause":
            self._publish(saved)
            return self._pause("pause")
        if self.requests is None or self.requests.command != "stop":
            return False  # heard while it waited for the disk
        self.trainer.flush()
        self._publish(saved)
        self._end("stopped", self.trainer.result())
        return True

    def _pause(self, command: Command) -> bool:
        """Pause, unless something else than `command` has been asked for since."""
        result = self.trainer.result()
        paused = patiently(lambda: self.store.record_writer.pause(self.run.id, result, command, self.run.token))
        if not paused:
            self.look()
        return paused

    # ---- the end -----------------------------------------------------------------------------------------------

    def settle_best(self, *, in_a_slice: bool = False) -> bool:
        """Before the last checkpoint is written, which keeps the best weights. False where others' turn came before it was done;
        only heard `in_a_slice`."""
        self._settled = self.trainer.settle_best(lambda: self._interrupted() or (in_a_slice and self._slice_is_over))
        return self._settled or not in_a_slice or not self._slice_is_over

    @property
    def _slice_is_over(self) -> bool:
        return self.requests is not None and self.requests.command is None and self.requests.slice_over

    def finish(self) -> None:
        """The run is over, and its last records are in the store."""
        result = self.trainer.result()
        if self._settled:  # else a figure on all images might be above the best one, which is of fewer
            result |= self.trainer.result_on_all_images(self._interrupted)
        self._end(self.trainer.outcome, result)
        try:
            self._learn_speed()
        except Exception:
            LOG.exception("nothing was learned about the speed")  # the run has ended well all the same

    def _end(self, outcome: Outcome, result: dict[str, Any]) -> None:
        """Write the result down, with the verdict on the records as they are in the store."""
        curves = patiently(lambda: self.store.record_reader.curves(self.run.id))
        judged = result | {"verdict": at_end(self.run.config, curves, outcome, result)}
        patiently(lambda: self.store.record_writer.finish(self.run.id, outcome, judged, token=self.run.token))

    def _interrupted(self) -> bool:
        self._look_again()
        return self.requests is None or self.requests.command is not None

    def _measured_speed(self) -> Speed:
        return Speed.from_dict(self.store.facts.get("speed"))

    def _learn_speed(self) -> None:
        """Make the next estimate better by what this run took, if it had the machine for itself from its first step on."""
        trainer, config = self.trainer, self.run.config
        if trainer.seconds < LEARNED_FROM_SECONDS or trainer.step < trainer.total_steps:
            return
        if config.sharpness or trainer.state.widest_stack > 1:
            return  # what a sharpness takes, and a run among others, is known more roughly than the speed
        if trainer.state.device.type != "cpu":
            return  # what is known of a card was measured alone, and decides where others train
        computed = time.thread_time() - self._computed_before
        if self._began_at[1] > 0 or computed < ALONE * trainer.seconds or self.store.queue.overview()[0]:
            return  # among others a run takes longer, and they are other ones the next time
        self.store.facts.set("speed", self._measured_speed().learned(config, trainer.seconds).to_dict())

    # ---- to the store ------------------------------------------------------------------------------------------

    def _publish(self, saved: bool, rate: float | None = None, *, made_step: bool = False) -> None:
        report = replace(self.report(saved=saved, rate=rate), made_step=made_step)
        self._send(report)
        self.published(report)

    def _send(self, report: Report) -> None:
        if self.run.id not in patiently(lambda: self.store.record_writer.publish([report])):
            self._forget_next()
            raise ClaimLostError

    def _forget_next(self) -> None:
        self.next_file.unlink(missing_ok=True)
        patiently(partial(shared_files.remove, self.run.id, lambda name: name == self.next_file.name))

    def report(self, *, saved: bool, rate: float | None = None) -> Report:
        """What is new since the last call; the records are taken from the trainer."""
        trainer = self.trainer
        progress = Progress(trainer.step, trainer.total_steps, trainer.epoch, trainer.seconds, self._speed())
        return Report(self.run.id, progress, trainer.take_records(), saved, rate, self.run.token)

    def published(self, report: Report) -> None:
        """The store has the report: the checkpoint that goes with it counts from now on."""
        if report.checkpoint:
            self._put_in_place()

    def _put_in_place(self) -> None:
        """Put the checkpoint that counts in the place of the last one; where that cannot be done now, before the next."""
        self._unplaced = True
        try:
            with suppress(FileNotFoundError):  # another worker has the run, and has moved it
                self.next_file.replace(self.file)
            shared_files.move(self.next_file, self.file)
        except (OSError, TransientStoreError) as error:
            if isinstance(error, OSError) and passing_errno(error) is None:
                raise
            LOG.warning("the checkpoint of run %s stays where it was written: %s", self.run.id, error)
        else:
            self._unplaced = False

    def _speed(self) -> float:
        """Images per second, over about the last second."""
        seconds, step = self._measured_from
        passed = self.trainer.seconds - seconds
        if passed <= 0:
            return self.run.progress.images_per_second
        speed: float = (self.trainer.step - step) * self.run.config.batch_size / passed
        if passed > 1.0:
            self._measured_from = (self.trainer.seconds, self.trainer.step)
        return speed

    def save(self) -> bool:
        """Write a checkpoint beside the last one; False where that cannot be done."""
        try:
            if self._unplaced:
                self._put_in_place()
            if self._unplaced:
                return False  # the one that counts would be lost
            self.trainer.save(self.next_file)
            shared_files.push(self.next_file, self.run.id)
        except Exception as error:  # safetensors has an error of its own for a full disk
            LOG.warning("no checkpoint of run %s: %s", self.run.id, error)
            self._may_pass = passing_errno(error) is not None or isinstance(error, TransientStoreError)
            return False
        return True

    def save_patiently(self) -> bool:
        """`save`, again and again where the disk is full, for `SAVE_SECONDS`, or until something else is asked."""
        if self.save():
            return True
        requests = self.requests
        for _pause in pauses(SAVE_SECONDS if self._may_pass else 0.0):
            if self.save():
                return True
            self.look()
            if self.requests is None or (self.requests != requests and not self.trainer.finished):
                return False
        return False

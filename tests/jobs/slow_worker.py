"""What Dask loads into a worker first (`--preload`) so that a run lasts as long on any machine as a test needs to act in its midst:
each update takes at least `SECONDS`, most of which the processor is free for others.
"""

from __future__ import annotations

import time

from mnist_core.jobs import run_job

SECONDS = 2e-3

train_for_a_moment = run_job._Stack._go_on


def _slowly(stack: run_job._Stack) -> None:
    trainer, begun = stack.jobs[0].trainer, time.monotonic()
    before = trainer.step
    train_for_a_moment(stack)
    time.sleep(max(0.0, SECONDS * (trainer.step - before) - (time.monotonic() - begun)))


run_job._Stack._go_on = _slowly  # type: ignore[method-assign]
run_job.FIRST_SECONDS = run_job.PUBLISH_SECONDS = 0.01  # moments of a few updates

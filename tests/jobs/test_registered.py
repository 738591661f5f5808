"""The dispatcher and the watchdog know at every moment which workers a real scheduler has."""

from __future__ import annotations

import dask
import pytest
from distributed import Client

from mnist_core.jobs.private_cluster import closed_cluster
from mnist_core.jobs.registered import Registered, SchedulerLostError
from tests.conftest import wait_until


def test_no_worker_is_missing_while_dask_looks_for_itself_and_a_scheduler_that_is_gone_is_told() -> None:
    # Dask's client asks for no workers at all, each time, and keeps the answer.
    often = {"distributed.client.scheduler-info-interval": "1ms"}
    with dask.config.set(often), closed_cluster({"train": 1}, threads=1) as cluster:
        client = Client(cluster)  # type: ignore[no-untyped-call]
        registered = Registered(client)
        (worker,) = wait_until(registered, 60)
        assert {tuple(registered()) for _look in range(500)} == {(worker,)}
        assert registered()[worker]["resources"] == {"train": 1}
        client.close()
        with pytest.raises(SchedulerLostError):
            registered()

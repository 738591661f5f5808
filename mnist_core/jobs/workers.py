"""The workers as the dispatcher sees them: which are there, which can begin something, and how a task is given to one."""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from mnist_core import settings
from mnist_core.jobs import maintenance
from mnist_core.jobs.analyses import SLOT
from mnist_core.jobs.registered import Registered

LOG = logging.getLogger("mnist_lab.dispatcher")
MISSING_SECONDS = 60.0  # a worker that has not come for so long does not come any more
GIVEN_UP_SECONDS = 1.0  # before one that died while it started is started anew once more; each time twice as long


class Workers:
    """The workers of the Dask `client`. `slots`: for training, of all of them; `elsewhere`: whether they may be on other machines.

    `renew(given_up)` starts those anew that are missing, or of these those only that died while they started, and says how many;
    `hung()`: addresses of those that hang, which count as missing;
    `heard()`: of those that have given a sign of life (default: all), which alone are given something: a worker that is there
    may still import torch.
    """

    def __init__(
        self,
        client: Any,
        renew: Callable[[bool], int] | None = None,
        hung: Callable[[], Collection[str]] = frozenset,
        heard: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self.hung = hung
        self.heard = heard
        # A scheduler of one's own may have workers on other machines: as many slots as they have at the moment.
        self.elsewhere = settings.scheduler_address() is not None
        self.slots = 0 if self.elsewhere else settings.worker_count()
        self._client = client
        self._registered = Registered(client)
        self._renew = renew
        # Slots that workers have by name.
        self._slot_names: set[str] = set() if self.elsewhere else {"train", SLOT, maintenance.SLOT}
        self._worn: set[str] = set()  # addresses of workers that ran out of memory and are about to be started anew
        self._whole = time.monotonic()  # when all workers were last there …
        self._patience = MISSING_SECONDS  # … and how long the missing ones may take
        self._pause = GIVEN_UP_SECONDS  # before those that were given up are looked for again
        self._renewed = float("-inf")

    @property
    def take_analyses_beside(self) -> bool:
        """Whether a worker has a slot of its own for an analysis, so that it can take one while it trains."""
        return SLOT in self._slot_names

    def living(self) -> dict[str, int]:
        """Slots for training by the address of each registered worker that lives. Raises SchedulerLostError."""
        workers, hung = self._registered(), self.hung()
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

    def ready(self) -> dict[str, int]:
        """Slots of the workers that can begin something at once."""
        workers = self.living()
        heard = self.heard() if self.heard is not None else workers
        self._worn &= set(workers)
        return {address: slots for address, slots in workers.items() if address in heard and address not in self._worn}

    def free(self, busy: Counter[str], analyzing: Collection[str]) -> list[str]:
        """Addresses of those that could begin a run now, each as often as it has slots left; those that are `analyzing` last."""
        workers = sorted(self.ready().items(), key=lambda worker: worker[0] in analyzing)
        return [worker for worker, slots in workers for _slot in range(slots - busy[worker])]

    def send(self, name: str, slot: str, worker: str | None, function: Callable[..., None], *arguments: Any) -> Any:
        """Give a task to Dask: a key of its own, so that no result is ever taken for another's."""
        return self._client.submit(
            function,
            *arguments,
            key=f"{name}-{secrets.token_hex(8)}",
            workers=worker,
            resources={slot: 1} if slot in self._slot_names else None,
            pure=False,
            retries=0,
        )

    def leave_alone(self, worker: str) -> None:
        """Give a worker that ran out of memory nothing more: it ends itself, and is started anew."""
        if self._renew is not None:
            self._worn.add(worker)

    def replace_missing(self, there: int) -> None:
        """Start workers anew of which only so many are there: at once those that Dask has given up, others once they have stayed
        away for long, with twice the time to come each time: the machine may be slow."""
        now, missing = time.monotonic(), self.slots - there
        if missing <= 0 or self._renew is None:
            self._whole, self._patience, self._pause = now, MISSING_SECONDS, GIVEN_UP_SECONDS
        elif now - self._whole > self._patience:
            LOG.warning("%d workers are missing and are started anew", missing)
            self._renew(False)
            self._whole, self._patience = now, 2 * self._patience
        elif now - self._renewed >= self._pause and (count := self._renew(True)):
            LOG.warning("%d workers died while they started, and are started anew", count)
            self._whole, self._renewed, self._pause = now, now, 2 * self._pause

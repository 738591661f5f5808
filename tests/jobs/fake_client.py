"""A stand-in for Dask, which keeps what the dispatcher sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mnist_core.store import Store


@dataclass
class Future:
    """A task that ends when the test says so."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]
    resources: dict[str, int] | None
    worker: str | None
    status: str = "pending"
    error: Exception | None = None

    def done(self) -> bool:
        return self.status != "pending"

    def exception(self) -> Exception | None:
        return self.error

    def release(self) -> None:
        """Nothing to give back."""

    def cancel(self) -> None:
        self.status = "cancelled"

    def fail(self, error: Exception) -> None:
        self.status, self.error = "error", error


def owning(*addresses: str) -> dict[str, dict[str, Any]]:
    """Workers at these addresses, each with a slot for training, one for an analysis and one for short tasks."""
    return {address: {"resources": {"train": 1, "analysis": 1, "short": 1}} for address in addresses}


@dataclass
class Client:
    """Takes tasks and keeps them."""

    workers: dict[str, dict[str, Any]] = field(default_factory=lambda: owning("a", "b"))
    sent: list[Future] = field(default_factory=list)
    status: str = "running"

    def submit(
        self, function: Callable[..., None], *arguments: Any, resources: Any, workers: Any, **_options: Any
    ) -> Future:
        self.sent.append(Future(function, arguments, resources, workers))
        return self.sent[-1]

    @property
    def scheduler(self) -> Client:
        return self

    def identity(self, n_workers: int) -> dict[str, Any]:
        return {"workers": self.workers}

    def sync(self, function: Callable[..., Any], **options: Any) -> Any:
        return function(**options)

    def calls_of(self, name: str) -> list[Future]:
        return [future for future in self.sent if future.function.__name__ == name]

    def runs(self) -> list[str]:
        return [run_id for bunch in self.bunches() for run_id in bunch]

    def bunches(self) -> list[list[str]]:
        return [future.arguments[0] for future in self.calls_of("execute")]


def claim(store: Store, *run_ids: str) -> None:
    for run_id in run_ids:
        assert store.queue.claim(run_id, "w", 1)

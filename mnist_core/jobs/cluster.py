"""The cluster's process: one per home folder, holding Dask's scheduler, the workers' nannies and the dispatcher.

Its life hangs on its standard input; on its standard output it gives signs of life. While another cluster holds the lock
of the home folder it waits as a standby, before anything heavy is imported.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import filelock
import psutil

from mnist_core import settings
from mnist_core.errors import StoreError, TransientStoreError
from mnist_core.jobs.registered import Registered
from mnist_core.jobs.watchdog import Watchdog

if TYPE_CHECKING:
    from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.cluster")
STANDBY_SECONDS = 0.5
LOG_BYTES = 2_000_000
STORE_SECONDS = 1.0  # between two tries to reach the store
SIGN_SECONDS = 1.0
CONNECT_SECONDS = 5.0  # for a scheduler of one's own to answer
RESTART_SECONDS = 10.0  # for a worker of somebody else's scheduler to come back


def main() -> None:
    """Wait for the lock, serve until the input or something inside ends, and leave nothing behind."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # A daemon thread: it may outlast `main` and must not keep the process alive.
    threading.Thread(target=_end_with_input, daemon=True).start()
    threading.Thread(target=_give_signs, args=(_take_output(),), daemon=True).start()
    os.umask(0o077)  # what this process and its workers write is for this account alone
    settings.make_home()
    with having_the_home():
        _shorten_log()
        for place in settings.exposed():
            LOG.warning("other accounts can write to %s: keep it for this one alone", place)
        try:
            _serve()
        except BaseException:
            LOG.exception("the cluster ends")
            kill_children()
            logging.shutdown()
            os._exit(1)  # what is left to close may hang: a scheduler that is gone, for one


@contextmanager
def having_the_home() -> Iterator[None]:
    """Wait for the lock of the home folder, and hold it. It is kept here: a lock that nobody keeps is let go of."""
    lock = filelock.FileLock(settings.home() / "cluster.lock", mode=0o600)
    while True:
        try:
            lock.acquire(timeout=STANDBY_SECONDS)
            break
        except filelock.Timeout:
            continue
    try:
        yield
    finally:
        lock.release()


def _end_with_input() -> None:
    """At the end of standard input the server is gone: kill the workers, whose runs have checkpoints, and leave."""
    while os.read(0, 1):  # not sys.stdin, whose lock would be in the way of an orderly exit
        pass
    kill_children()
    os._exit(0)


def _take_output() -> int:
    """The standard output for signs of life alone; what is printed goes to the log, like errors."""
    pipe = os.dup(1)  # no child inherits it
    os.dup2(2, 1)
    if os.name != "nt":
        os.set_blocking(pipe, False)  # the server may have been stopped
    return pipe


def _give_signs(pipe: int) -> None:
    """Let the server hear once a second that this process lives."""
    while True:
        with suppress(OSError):  # the pipe is full, or nobody hears
            os.write(pipe, b".")
        time.sleep(SIGN_SECONDS)


def kill_children() -> None:
    """Kill every process below this one."""
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue


def _shorten_log() -> None:
    from mnist_core.jobs import log_file

    try:
        if log_file().stat().st_size > LOG_BYTES:
            os.truncate(log_file(), 0)
    except OSError:
        pass  # a log that cannot be shortened is no reason not to train


def _serve() -> None:
    from mnist_core.jobs.dispatcher import Dispatcher
    from mnist_core.store import open_store

    start = time.perf_counter()
    with ExitStack() as stack:
        client, cluster = _client(stack)
        watchdog = watch(client, cluster)
        store = _reached(open_store)
        LOG.info("ready after %.1f s", time.perf_counter() - start)
        renew = None if cluster is None else partial(renew_workers, cluster)
        Dispatcher(client, store, renew, lambda: watchdog.hung, lambda: watchdog.heard).serve()


def _reached(open_store: Callable[[], Store]) -> Store:
    """The store, as soon as it is in reach."""
    last_warning = ""
    while True:
        try:
            return open_store()
        except TransientStoreError as error:
            if str(error) != last_warning:
                last_warning = str(error)
                LOG.warning("%s", last_warning)
            time.sleep(STORE_SECONDS)


def _client(stack: ExitStack) -> tuple[Any, Any]:
    """A Dask client of the scheduler named in the environment, else of a local cluster of processes; and that cluster."""
    from distributed import Client

    from mnist_core.jobs.analyses import SLOT
    from mnist_core.jobs.private_cluster import closed_cluster
    from mnist_core.jobs.worker_setup import WorkerSetup

    cluster: Any = None
    if address := settings.scheduler_address():
        client = _client_of(address, stack)
    else:
        _configure_dask()
        # One trains, one looks into networks, one fetches data. The first is ready sooner alone; the others follow.
        cluster = stack.enter_context(closed_cluster({"train": 1, SLOT: 1, "short": 1}, threads=3))
        client = stack.enter_context(Client(cluster))  # type: ignore[no-untyped-call]
    client.register_plugin(WorkerSetup(settings.store_url()))
    if cluster is not None:
        cluster.scale(settings.worker_count())
    return client, cluster


def _client_of(address: str, stack: ExitStack) -> Any:
    """A client of somebody else's scheduler, as soon as that answers; meanwhile pages are told that it does not."""
    from distributed import Client

    from mnist_core.jobs.private_cluster import named_security
    from mnist_core.store import open_store

    security = named_security()
    if security is None:
        LOG.warning(
            "whoever reaches %s can run code as its workers: see MNIST_LAB_TLS_CA in docs/environment.md", address
        )
    store = _reached(open_store)
    last_warning = ""
    try:
        while True:
            try:
                client = Client(address, security=security, timeout=CONNECT_SECONDS)  # type: ignore[no-untyped-call]
                return stack.enter_context(client)
            except (OSError, ValueError) as error:
                if str(error) != last_warning:
                    last_warning = str(error)
                    LOG.warning("the scheduler %s does not answer: %s", address, error)
                _say_that_it_is_away(store)
                time.sleep(STORE_SECONDS)
    finally:
        store.close()


def _say_that_it_is_away(store: Store) -> None:
    """Let pages know, unless the cluster of another home or machine serves the store."""
    from mnist_core.jobs.dispatcher import holder_name

    with suppress(StoreError):
        if store.lease.current().holder in ("", holder_name()):
            store.facts.set("cluster", {"workers": 0, "slots": 0, "running": 0, "trouble": "scheduler"})


def _configure_dask() -> None:
    import dask

    dask.config.set(
        {
            # Training holds the GIL for long stretches; a busy worker is not a lost one.
            "distributed.scheduler.worker-ttl": None,
            "distributed.scheduler.allowed-failures": 2,
            "distributed.worker.memory.target": False,
            "distributed.worker.memory.spill": False,
            "distributed.worker.memory.pause": False,
            "distributed.worker.memory.terminate": False,
            "distributed.admin.tick.limit": "1h",
            # What Dask measures of itself for its dashboard, every few milliseconds in each process, nobody looks at.
            "distributed.worker.profile.enabled": False,
            "distributed.admin.tick.interval": "1s",
            "distributed.admin.system-monitor.interval": "10s",
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.admin.system-monitor.disk": False,
            "distributed.worker.memory.monitor-interval": "10s",
            # Each task is sent to one worker by name: there is nothing to steal and nothing to balance.
            "distributed.scheduler.work-stealing": False,
            "distributed.scheduler.active-memory-manager.start": False,
            # Dask would close a killed worker that takes longer than 15 s to start again; the dispatcher sees to that.
            "distributed.deploy.lost-worker-timeout": "24h",
            # Dask imports from here: nobody else may write to it, as all may to /tmp.
            "temporary-directory": str(settings.make_private(settings.home() / "scratch")),
            # Pages of HTTP servers that are not started.
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
        }
    )


def watch(client: Any, cluster: Any) -> Watchdog:
    """Have the workers of `client` give signs of life, and end those that hang; those of the local `cluster` at once."""
    from mnist_core.jobs.worker_heartbeat import TOPIC, Pulse

    end = partial(end_worker, cluster) if cluster is not None else partial(restart_worker, client)
    watchdog = Watchdog(end, Registered(client))
    client.subscribe_topic(TOPIC, watchdog.hear)
    client.register_plugin(Pulse())
    watchdog.start()
    return watchdog


def end_worker(cluster: Any, sign: dict[str, Any]) -> None:
    """Kill the process of a worker of a Dask `LocalCluster` that gave this sign of life last; its nanny starts it anew.

    By its process id: a nanny keeps the address of a worker that has died until the next one is there.
    """
    if sign["pid"] in [nanny.pid for nanny in cluster.workers.values()]:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(sign["pid"]).kill()


def restart_worker(client: Any, sign: dict[str, Any]) -> None:
    """Ask the nanny of a worker elsewhere to start it anew; where it has none, it is left alone until it lives again."""
    try:
        client.restart_workers([sign["worker"]], timeout=RESTART_SECONDS, raise_for_error=False)
    except Exception as error:
        LOG.warning("the worker %s cannot be restarted from here: %s", sign["worker"], error)


def renew_workers(cluster: Any, given_up: bool = False) -> int:
    """Start those workers of a Dask `LocalCluster` anew that are not registered, or of these those only that are `given_up`: one that
    dies while it starts for the first time is, by its nanny, which closes. Their names stay, so that there are never more workers
    than were asked for. Returns how many they are."""
    from distributed.core import Status

    async def close_missing() -> int:
        registered = {worker["name"] for worker in cluster.scheduler_info["workers"].values()}
        missing = set(cluster.workers) - registered
        if given_up:
            ended = (Status.closing, Status.closed, Status.failed)
            missing = {name for name in missing if cluster.workers[name].status in ended}
        for name in missing:
            await cluster.workers.pop(name).close()
        return len(missing)

    count: int = cluster.sync(close_missing)
    cluster.scale(len(cluster.worker_spec))  # opens what is specified and not there
    return count

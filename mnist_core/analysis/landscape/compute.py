"""Computes the loss on a plane around a run."""

from __future__ import annotations

from mnist_core import data
from mnist_core.analysis.context import Context
from mnist_core.analysis.landscape import loss_surface
from mnist_core.analysis.landscape.schema import Parameters, Result
from mnist_core.analysis.run_weights import finite_snapshots
from mnist_core.training.chunks import Progress


def compute(context: Context, parameters: Parameters, progress: Progress) -> Result:
    """The plane of the run's path; random directions where these are asked for, or it left no path. Raises TrainingError."""
    run = context.run(parameters.run)
    snapshots = finite_snapshots(run)
    plane = loss_surface.path_plane(snapshots) if parameters.plane == "path" else None
    if plane is None:
        step, weights = snapshots[-1]
        plane = loss_surface.random_plane(weights, step)
    dataset = data.load_dataset(run.config.dataset)
    surface = loss_surface.landscape(run.config, dataset, plane, threads=context.cores, progress=progress)
    return Result(
        plane=plane.kind,
        explained=plane.explained if plane.kind == "path" else None,
        images=surface.images,
        step=int(plane.steps[-1]),
        reached=run.checkpoint_step,
        xs=surface.xs,
        ys=surface.ys,
        losses=surface.losses,
        path=plane.path,
        steps=plane.steps,
    )

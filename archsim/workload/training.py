"""Training: what every kind of workload hands back, and which function trains which kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from archsim.components.cores import Cores
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.workload.description import WORKLOADS, WorkloadDescription

__all__ = ["Metric", "Progress", "Trainer", "TrainingResult", "register_workload", "train"]

Metric = Callable[[Mapping[str, object]], None]
"""Receives each measured value as a row: epoch, step, phase, metric, value."""
Progress = Callable[[str, float], None]
"""Receives what is going on, and how far it is at least, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """What came of a training run of any kind."""

    met: bool
    """Whether the criterion to stop was reached."""
    epochs: int
    """Epochs begun; 0 where nothing was learnt on the chip."""
    steps: int
    """Presentations."""
    pulses: int
    """Device pulses of updates."""
    reads: int
    """Array reads and settles of training."""
    most_pulses: int
    """Pulses on the device that got most, initial programming included."""
    inputs: Mapping[str, str]
    """Name → SHA-256 of data sets."""


class Trainer(Protocol):
    """Trains one kind of workload."""

    def __call__(
        self,
        workload: Any,  # noqa: ANN401 (each trainer takes its own kind)
        substrate: Any,  # noqa: ANN401 (and what that kind runs on)
        *,
        seed: int,
        on_metric: Metric | None = None,
        progress: Progress | None = None,
    ) -> TrainingResult:
        """Train `workload` on `substrate`, as `train` says."""


_TRAINERS: dict[str, Trainer] = {}


def register_workload(kind: str, description: type[WorkloadDescription], trainer: Trainer) -> None:
    """Make a kind of workload known under a name, as used in ``kind`` of a workload file.

    Parameters
    ----------
    kind : str
        Name in workload files.
    description : type
        Subclass of `WorkloadDescription`.
    trainer : callable
        Trains workloads of that description, with the signature of `train`.

    Raises
    ------
    InputError
        If `description` is no workload description, or another one has the name.
    """
    WORKLOADS.register(kind, description)
    known = _TRAINERS.setdefault(kind, trainer)
    if known is not trainer:
        message = f'workload kind "{kind}": another trainer is registered already; choose a name'
        raise InputError(message)


def train(
    workload: WorkloadDescription,
    substrate: Substrate | Cores,
    *,
    seed: int,
    on_metric: Metric | None = None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train a workload of any kind on a substrate, then test it.

    Parameters
    ----------
    workload : WorkloadDescription
        What to learn, and how.
    substrate : Substrate or Cores
        Fresh cells with the workload's shapes, or digital cores; its recorder gets every act.
    seed : int
        Seed of data, order, initial weights and random pulses.
    on_metric : callable, optional
        Receives measured values after every epoch and after the final tests.
    progress : callable, optional
        Told how far the run is.

    Returns
    -------
    TrainingResult
        What it took, and the kind's own scores.

    Raises
    ------
    InputError
        If the substrate lacks an ability that the workload's rule needs.

    Notes
    -----
    Nothing drawn for evaluation, and nothing that a recorder or the caller does, changes a learnt
    bit: evaluation has streams of its own and pulses no cell. It may decide when training ends.
    """
    trainer = _TRAINERS[workload.kind]
    return trainer(workload, substrate, seed=seed, on_metric=on_metric, progress=progress)

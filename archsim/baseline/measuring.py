"""Measuring: train this very network on a real GPU and read the card's own energy counter.

NVML's counter moves about every 100 ms ([1]_), and the sensor of A100 and H100 looks at only a
quarter of the time ([2]_). So one training, a millisecond, is repeated through a window of many
seconds, and windows begin at moments spread over the counter's period. The absolute accuracy is
that of the card's own sensor.

References
----------
.. [1] ML.ENERGY, "Thermally stable profiling for accurate GPU energy measurement", ml.energy/blog.
.. [2] Z. Yang, K. Adamek, W. Armour, "Accurate and convenient energy measurements for GPUs: a
   detailed study of NVIDIA GPU's built-in power sensor", SC24; arXiv:2312.02741.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archsim.baseline.measured import Measurement
from archsim.components.cell import FloatArray
from archsim.errors import InputError, ModelError
from archsim.seeds import stream
from archsim.spec import Constant
from archsim.workload import (
    AttractorDescription,
    BackpropResult,
    as_attractor,
    baseline,
    read_workload,
)

__all__ = ["EnergyCounter", "measure"]

EnergyCounter = Callable[[], float]
"""Gives the energy that the card has used since some moment in the past. [J]"""

Tensor = Any
"""A tensor of PyTorch, which is imported only where something is measured."""

_UPDATE = 0.1
"""About the time between two updates of NVML's counter. [s]"""
_GOLDEN = 0.6180339887498949
"""Multiples of it, modulo 1, are spread evenly."""


def measure(
    workload: str | AttractorDescription,
    *,
    row: Literal["framework_batch1", "framework_whole"] = "framework_whole",
    seed: int = 0,
    window: float = 10.0,
    trials: int = 5,
    device: str = "cuda",
    counter: EnergyCounter | None = None,
) -> Measurement:
    """Return what training this very network on a GPU takes, by its energy counter.

    Parameters
    ----------
    workload : str or AttractorDescription
        What to learn, best as ``NAME[:VARIANT]``, which is what the entry is found by.
    row : {"framework_batch1", "framework_whole"}
        One pattern a step, or all of them.
    seed : int
        Seed of weights and order.
    window : float
        Shortest time over which the counter is read, idle and in each trial. [s]
    trials : int
        Windows of training, at least 2.
    device : str
        PyTorch's name of the device.
    counter : callable, optional
        Energy counter to read instead of NVML's.

    Raises
    ------
    InputError
        If a package or the device is not there, or an argument is out of range.
    ModelError
        If the counter does not move, so that nothing was measured.

    Notes
    -----
    Steps are as many as the baseline in software takes, in a plain loop: eager, one stream, no
    graph capture. One copy of the first weights a training is included.
    """
    _check(window, trials)
    torch = _module("torch", "PyTorch")
    card = _card(torch, device, counter)
    task = as_attractor(read_workload(workload)) if isinstance(workload, str) else workload
    batch = 1 if row == "framework_batch1" else len(task.dataset.patterns)
    learnt = baseline(task, batch=batch, seed=seed)
    session = _Session.open(torch, task, learnt, seed=seed, device=device)
    sitting = _sit(session, card.counter, window=window, trials=trials)
    return Measurement(
        name=f"{row}_measured",
        workload=workload if isinstance(workload, str) else task.name,
        row=row,
        steps=learnt.steps,
        batch=batch,
        met=session.met(task),
        device=card.name,
        versions=card.versions,
        **sitting.entry(source=f"measured with {card.method}", window=window),
    )


def _check(window: float, trials: int) -> None:
    """Refuse readings of the counter that say nothing."""
    if window <= _UPDATE or trials < 2:
        message = (
            f"measure: expected a window above {_UPDATE:g} s and at least 2 trials, got "
            f"{window:g} s and {trials}"
        )
        raise InputError(message)


class _Card(NamedTuple):
    """A card and its energy counter."""

    name: str
    versions: str
    method: str
    counter: EnergyCounter


class _Sitting(NamedTuple):
    """What was read in one sitting."""

    idle: float
    """[W]"""
    energies: tuple[float, ...]
    """Of one training, trial by trial. [J]"""
    times: tuple[float, ...]
    """Of one training, trial by trial. [s]"""
    trainings: int

    def entry(self, *, source: str, window: float) -> dict[str, Any]:
        """Return what a measurement says of the sitting, by field."""
        trials = len(self.times)
        note = f"{trials} windows of at least {window:g} s; low, high: extremes of the windows"
        idle = "same sitting, context open"
        return {
            "energy": _constant(self.energies, "energy", source, note),
            "time": _constant(self.times, "time", source, note),
            "idle": Constant(value=self.idle, source=source, note=idle, dimension="power"),
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "trainings": self.trainings,
            "trials": trials,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """Tensors of one training, ready to be trained again and again."""

    torch: ModuleType
    first: list[Tensor]
    """Weights to begin with."""
    weights: list[Tensor]
    batches: list[tuple[Tensor, Tensor]]
    """Inputs and targets of every step."""
    optimizer: Any
    device: str

    @classmethod
    def open(
        cls,
        torch: ModuleType,
        workload: AttractorDescription,
        learnt: BackpropResult,
        *,
        seed: int,
        device: str,
    ) -> _Session:
        """Return a session with the weights and the order of the training in software."""
        settings, targets = workload.baseline, workload.goal.targets
        patterns = workload.dataset.patterns.astype(np.float64)
        biased = np.concatenate((patterns, np.ones((len(patterns), 1))), axis=1)

        def tensor(values: FloatArray) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=device)

        first = [
            tensor(
                settings.initial_spread
                / rows**0.5
                * stream(seed, "rule", "backprop", number).standard_normal((rows, columns))
            )
            for number, (rows, columns) in enumerate(learnt.shapes)
        ]
        weights = [matrix.clone().requires_grad_(requires_grad=True) for matrix in first]
        order = stream(seed, "input", "backprop", learnt.batch)
        parts: list[NDArray[np.intp]] = []
        while len(parts) < learnt.steps:
            shuffled = order.permutation(len(patterns))
            parts += [
                shuffled[start : start + learnt.batch]
                for start in range(0, len(patterns), learnt.batch)
            ]
        batches = [
            (tensor(biased[part]), tensor((targets[part] + 1) / 2))
            for part in parts[: learnt.steps]
        ]
        rate = settings.online_rate if learnt.batch == 1 else settings.batch_rate
        # the loss is a mean over outputs too, the rate one over patterns only
        optimizer = torch.optim.SGD(weights, lr=rate * targets.shape[1])
        return cls(
            torch=torch,
            first=first,
            weights=weights,
            batches=batches,
            optimizer=optimizer,
            device=device,
        )

    def train(self) -> None:
        """Train once, from the first weights on."""
        loss_of = self.torch.nn.functional.binary_cross_entropy_with_logits
        with self.torch.no_grad():
            for weight, first in zip(self.weights, self.first, strict=True):
                weight.copy_(first)
        for inputs, targets in self.batches:
            self.optimizer.zero_grad()
            loss = loss_of(2 * self._sums(inputs), targets)
            loss.backward()
            self.optimizer.step()

    def finish(self) -> None:
        """Wait until the device is done."""
        if self.device.startswith("cuda"):
            self.torch.cuda.synchronize(self.device)

    def met(self, workload: AttractorDescription) -> bool:
        """Return whether the network as it is now answers every clean pattern right."""
        patterns = workload.dataset.patterns.astype(np.float64)
        biased = np.concatenate((patterns, np.ones((len(patterns), 1))), axis=1)
        with self.torch.no_grad():
            inputs = self.torch.tensor(biased, dtype=self.torch.float32, device=self.device)
            outputs = self.torch.tanh(self._sums(inputs)).cpu().numpy().astype(np.float64)
        goal = workload.goal
        return goal.clean(goal.score(outputs, np.arange(len(patterns)))) >= 1.0

    def _sums(self, inputs: Tensor) -> Tensor:
        """Return the weighted sums of the outputs."""
        for weight in self.weights[:-1]:
            inputs = self.torch.tanh(inputs @ weight)
        return inputs @ self.weights[-1]


def _sit(session: _Session, counter: EnergyCounter, *, window: float, trials: int) -> _Sitting:
    """Return idle draw and cost of one training, after a warm-up of one window."""
    _run(session, counter, window)
    begin, energy = time.perf_counter(), counter()
    time.sleep(window)
    idle = (counter() - energy) / (time.perf_counter() - begin)
    energies, times, total = [], [], 0
    for trial in range(trials):
        time.sleep(_UPDATE * (1 + trial * _GOLDEN % 1))
        joules, seconds, count = _run(session, counter, window)
        energies.append(joules / count)
        times.append(seconds / count)
        total += count
    if idle <= 0 or min(energies) <= 0:
        message = (
            f"measure: expected an energy counter that rises, got {idle:g} W idle and "
            f"{min(energies):g} J a training; is the window of {window:g} s too short?"
        )
        raise ModelError(message)
    return _Sitting(idle, tuple(energies), tuple(times), total)


def _run(session: _Session, counter: EnergyCounter, window: float) -> tuple[float, float, int]:
    """Train for at least a window; return energy [J], time [s] and how many trainings it was."""
    session.finish()
    begin, energy, count = time.perf_counter(), counter(), 0
    while time.perf_counter() - begin < window:
        session.train()
        count += 1
    session.finish()
    return counter() - energy, time.perf_counter() - begin, count


def _constant(values: Sequence[float], dimension: str, source: str, note: str) -> Constant:
    return Constant(
        value=statistics.fmean(values),
        low=min(values),
        high=max(values),
        source=source,
        note=note,
        dimension=dimension,
    )


def _module(name: str, what: str) -> ModuleType:
    """Return an optional module.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"measure: needs {what}, which cannot be imported ({error}); install archsim[gpu]"
        raise InputError(message) from error


def _card(torch: ModuleType, device: str, counter: EnergyCounter | None) -> _Card:
    """Return the card behind a device, with a counter of its own or NVML's."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"measure: PyTorch finds no GPU for device {device!r} on this machine")
    framework = f"PyTorch {torch.__version__}"
    if counter is not None:
        return _Card(device, framework, "a counter of the caller", counter)
    nvml = _module("pynvml", "nvidia-ml-py")
    try:
        nvml.nvmlInit()
        handle = _handle(torch, nvml, device)
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        driver, name = nvml.nvmlSystemGetDriverVersion(), nvml.nvmlDeviceGetName(handle)
    except nvml.NVMLError as error:
        raise InputError(
            f"measure: NVML gives no energy counter for {device!r}: {error}"
        ) from error

    def joules() -> float:
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000

    method = "nvmlDeviceGetTotalEnergyConsumption"
    return _Card(_text(name), f"driver {_text(driver)}, {framework}", method, joules)


def _handle(torch: ModuleType, nvml: ModuleType, device: str) -> object:
    """Return NVML's handle of a device of PyTorch, which may number the cards differently."""
    properties = torch.cuda.get_device_properties(device)
    uuid = getattr(properties, "uuid", None)
    if uuid is not None:
        return nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    if os.environ.get("CUDA_VISIBLE_DEVICES"):
        message = (
            "measure: this PyTorch does not tell which card a device is; unset "
            "CUDA_VISIBLE_DEVICES, or use a newer one"
        )
        raise InputError(message)
    return nvml.nvmlDeviceGetHandleByIndex(torch.device(device).index or 0)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value

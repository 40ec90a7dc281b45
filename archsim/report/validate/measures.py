"""Measures: from trainings to the numbers that published figures are held against."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from archsim.analysis import Interval, energy, interval
from archsim.analysis.gains import algorithm_gain, device_gain, total_gain
from archsim.analysis.scaling import fitted, scaled_energy_ratio
from archsim.chip import CrossbarDescription, read_chip
from archsim.errors import InputError
from archsim.report.breakdown import acts_done
from archsim.report.claims import Finding
from archsim.report.figures import Figures, figures
from archsim.report.gpu import gpu_rows, read_gpu
from archsim.report.validate.recipe import Measure, Take
from archsim.report.validate.training import Trained
from archsim.runs import Run
from archsim.workload import AttractorDescription

__all__ = ["Measures"]


class Measures:
    """Takes numbers of the trainings of one validation.

    Parameters
    ----------
    results : mapping
        Name of a case → its trainings.
    """

    def __init__(self, results: Mapping[str, Trained]) -> None:
        self._results = results
        self._figures: dict[str, Figures] = {}

    def finding(self, measure: Measure) -> Finding:
        """Return the number that a measure asks for, with its range.

        Raises
        ------
        InputError
            If the cases do not have what it takes.
        """
        return _TAKES[measure.take](self, measure)

    def metric(self, measure: Measure) -> Finding:
        """Return a metric over seeds: nominal is what is asked for, low and high its extremes."""
        cases = [
            [factor * value for value in self._results[name].last(measure.item)]
            for name, factor in measure.of.items()
        ]
        if measure.cases == "largest":
            values = max(cases, key=statistics.fmean)
        else:
            values = [sum(several) for several in zip(*cases, strict=False)]
        nominal = {"mean": statistics.fmean(values), "least": min(values), "most": max(values)}
        text = f"{measure.seeds} of {_seeds(len(values))}"
        found = _over_seeds(nominal[measure.seeds], values)
        return Finding(f"{_names(measure)}, {text}", found)

    def course_gap(self, measure: Measure) -> Finding:
        """Return the largest distance of mean curves of a metric, from an epoch on."""
        curves = []
        for name, factor in measure.of.items():
            courses = self._results[name].course(measure.item)
            curves.append([factor * statistics.fmean(each) for each in zip(*courses, strict=True)])
        gaps = [abs(sum(each)) for each in zip(*curves, strict=True)]
        if measure.begin >= len(gaps):
            raise InputError(
                f"measures: {measure.quantity}: begin: expected less than {len(gaps)}, the values "
                f"of a course, got {measure.begin}"
            )
        count = _seeds(min(len(self._results[name].metrics) for name in measure.of))
        of = f"{_names(measure)}, mean curves of {count} from epoch {measure.begin + 1}"
        return Finding(of, max(gaps[measure.begin :]))

    def weights(self, measure: Measure) -> Finding:
        """Return how many weights a network has."""
        total = sum(
            factor * sum(rows * columns for rows, columns in self._shapes(name))
            for name, factor in measure.of.items()
        )
        return Finding(_names(measure), total)

    def acts(self, measure: Measure) -> Finding:
        """Return how often a component did something in training, for each presentation."""
        component, _, action = measure.item.partition(".")
        total = 0.0
        for name, factor in measure.of.items():
            run = self._run(name)
            steps = run.learnt.steps if run.learnt is not None else 0
            total += factor * acts_done(run, component, action) / max(steps, 1)
        return Finding(f"{_names(measure)}, {measure.item} for each presentation", total)

    def training_energy(self, measure: Measure) -> Finding:
        """Return the training energy of a run, over the ranges of its constants. [J]."""
        name = _only(measure)
        run = self._run(name)
        return Finding(f"{name}, seed {run.seed}", interval(energy(run)))

    def training_time(self, measure: Measure) -> Finding:
        """Return the training time of a run, sampled over the ranges of its constants. [s]."""
        name = _only(measure)
        return Finding(f"{name}, seed {self._run(name).seed}", self._figured(name).time)

    def gpu_ratio(self, measure: Measure) -> Finding:
        """Return one GPU row over the run on the chip, and how many other rows there are."""
        name = _only(measure)
        gpu, _, wanted = measure.item.partition(" ")
        run = self._run(name)
        if not isinstance(run.task, AttractorDescription):
            raise InputError(f"{name}: expected a workload that a GPU can learn too")
        which = measure.take.removeprefix("gpu_")
        rows = gpu_rows(self._figured(name), run.task, [gpu], case=name)
        ratios: dict[str, Interval] = {row.row: getattr(row, which) for row in rows}
        if wanted not in ratios:
            known = ", ".join(f"{gpu} {one}" for one in ratios)
            message = f"measures: {measure.quantity}: item: expected one of {known}, got "
            raise InputError(f"{message}{measure.item!r}")
        return Finding(f"{name}, {wanted} on {gpu}", ratios[wanted])

    def scaled_ratio(self, measure: Measure) -> Finding:
        """Return the energy of a sample on a GPU over that on the chip, for a larger network."""
        name = _only(measure)
        gpu, _, size = measure.item.partition(" ")
        if not size.isdecimal():
            message = f"measures: {measure.quantity}: item: expected a GPU and a number of weights"
            raise InputError(f"{message}, got {measure.item!r}")
        point = scaled_energy_ratio(fitted(self._run(name)), read_gpu(gpu), int(size))
        of = f"{name}, scaled to {point.weights:,} weights, {gpu} at a batch of {point.batch:,}"
        return Finding(of, point.ratio)

    def device_gain(self, measure: Measure) -> Finding:
        """Return the programming energy at another chip's prices over that of a run."""
        name = _only(measure)
        gain = device_gain(self._run(name), _memory(measure.item), name=measure.item)
        return Finding(f"{name}, pulses at the prices of {measure.item} over its own", gain)

    def algorithm_gain(self, measure: Measure) -> Finding:
        """Return the energy of clocked, unpruned training over that of a pruned run."""
        whole, pruned = _pair(measure)
        gain = algorithm_gain(self._run(whole), self._run(pruned))
        return Finding(f"{whole}, clocked, over {pruned}", gain)

    def total_gain(self, measure: Measure) -> Finding:
        """Return the same, the first at another chip's prices."""
        whole, pruned = _pair(measure)
        memory = _memory(measure.item)
        gain = total_gain(self._run(whole), self._run(pruned), memory, name=measure.item)
        return Finding(f"{whole}, clocked, at the prices of {measure.item}, over {pruned}", gain)

    def _figured(self, name: str) -> Figures:
        if name not in self._figures:
            self._figures[name] = figures(self._run(name))
        return self._figures[name]

    def _run(self, name: str) -> Run:
        run = self._results[name].run
        if run is None:
            raise InputError(f"{name}: expected a priced run, found none")
        return run

    def _shapes(self, name: str) -> Sequence[tuple[int, int]]:
        return list(self._results[name].ready.task.shapes.values())


_TAKES: Mapping[Take, Callable[[Measures, Measure], Finding]] = MappingProxyType(
    {
        "metric": Measures.metric,
        "course_gap": Measures.course_gap,
        "weights": Measures.weights,
        "acts": Measures.acts,
        "training_energy": Measures.training_energy,
        "training_time": Measures.training_time,
        "gpu_energy_ratio": Measures.gpu_ratio,
        "gpu_time_ratio": Measures.gpu_ratio,
        "scaled_energy_ratio": Measures.scaled_ratio,
        "device_gain": Measures.device_gain,
        "algorithm_gain": Measures.algorithm_gain,
        "total_gain": Measures.total_gain,
    }
)


def _over_seeds(nominal: float, values: Sequence[float]) -> Interval | float:
    """Return a number with the least and the most of the seeds behind it."""
    if len(values) == 1:
        return nominal
    return Interval(low=min(values), nominal=nominal, high=max(values), kind="sampled")


def _seeds(count: int) -> str:
    return f"{count} seed{'s' * (count > 1)}"


def _names(measure: Measure) -> str:
    """Return the cases as a sum in words, such as ``a - b``."""
    if measure.cases == "largest":
        return f"the best of {', '.join(measure.of)}"
    text = ""
    for name, factor in measure.of.items():
        size = "" if abs(factor) == 1 else f"{abs(factor):g} "
        text += f"{' - ' if factor < 0 else ' + ' if text else ''}{size}{name}"
    return text.strip()


def _only(measure: Measure) -> str:
    """Return the one case of a measure that takes one."""
    if list(measure.of.values()) != [1.0]:
        message = f"measures: {measure.quantity}: of: expected one case with factor 1"
        raise InputError(f"{message}, got {_names(measure)}")
    return next(iter(measure.of))


def _pair(measure: Measure) -> tuple[str, str]:
    """Return the case whose energy is above the line, and the one below."""
    if list(measure.of.values()) != [1.0, -1.0]:
        message = f"measures: {measure.quantity}: of: expected two cases with factors 1 and -1"
        raise InputError(f"{message}, got {_names(measure)}")
    above, below = measure.of
    return above, below


def _memory(reference: str) -> CrossbarDescription:
    """Return the chip whose prices are taken."""
    machine = read_chip(reference)
    if not isinstance(machine, CrossbarDescription):
        raise InputError(f"{reference}: expected a chip of kind crossbar, got {machine.kind}")
    return machine

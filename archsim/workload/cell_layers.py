"""Feed-forward layers whose weights lie on the cells of a substrate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.components.behaviour import Behaviour
from archsim.components.cell import FloatArray
from archsim.components.pulse_train import LineTrain
from archsim.components.substrate import Substrate
from archsim.errors import InputError
from archsim.workload.layered import LayeredDescription
from archsim.workload.layered_pulses import Lines, counts_of, lines_of
from archsim.workload.layers import Change, Layers, hidden_of, output_of

__all__ = ["CellLayers", "Tables", "check_abilities", "exponent_of", "update_acts"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What digital neurons look up: activities for every sum of converter codes that can occur."""

    step: float
    """Weighted sum that one code stands for."""
    zero: tuple[int, ...]
    """Place of code 0 in each layer's table."""
    hidden: tuple[IntArray, ...]
    """DAC codes of activities, by code, for each layer but the last."""
    outputs: FloatArray
    """Activities of the outputs, by code."""

    @classmethod
    def of(cls, workload: LayeredDescription, behaviour: Behaviour, substrate: Substrate) -> Tables:
        """Return the tables of a workload on a substrate.

        A code is one unit of a converter; block rows are converted apart and their codes added, so
        that a layer's table has as many full scales as block rows.
        """
        top = max(1, (1 << (behaviour.adc.bits - 1)) - 1)
        drive = max(1, (1 << (behaviour.dac.bits - 1)) - 1)
        step = behaviour.adc.range.value / top
        passes = 2 if behaviour.input_drive == "two_pass" else 1
        zero, hidden = [], []
        for rows, _ in substrate.shapes.values():
            zero.append(-(-rows // behaviour.block_rows) * top * passes)
        for place in zero[:-1]:
            values = hidden_of(workload.network, _sums(place, step))
            hidden.append(np.rint(np.clip(values, -1.0, 1.0) * drive).astype(np.int64))
        return cls(
            step=step,
            zero=tuple(zero),
            hidden=tuple(hidden),
            outputs=output_of(workload.network, _sums(zero[-1], step)),
        )


def _sums(most: int, step: float) -> FloatArray:
    """Return the weighted sums that codes from −most to most stand for."""
    return np.arange(-most, most + 1).astype(np.float64) * step


def exponent_of(errors: FloatArray) -> int:
    """Return e with 2^e > max |δ| ≥ 2^(e−1); 0 if all are 0."""
    return int(np.frexp(np.abs(errors).max())[1])


def check_abilities(workload: LayeredDescription, behaviour: Behaviour) -> None:
    """Refuse a chip that cannot do what the workload's training asks of it.

    Raises
    ------
    InputError
        If the cell, or the way it is written, lacks an ability; the text says which.
    """
    if workload.training != "on_chip":
        return
    cell, rule = behaviour.cell, workload.rule.name
    if cell.binary or not cell.gradual:
        raise InputError(
            f"rule {rule}: cell model {cell.model} lacks gradual pulses, by which a weight changes "
            "a little from wherever it is"
        )
    if cell.needs_verify:
        raise InputError(
            f"rule {rule}: cell model {cell.model} lacks pulses that need no check read; "
            "take training: verified"
        )
    if workload.pulses.rounding == "coincidence" and behaviour.write_scheme != "parallel":
        lacking = "" if cell.parallel_pulses else f", as cell model {cell.model} lacks them"
        raise InputError(
            f"pulses.rounding coincidence: expected write_scheme parallel, got "
            f"{behaviour.write_scheme}{lacking}; take rounding stochastic or nearest"
        )


def update_acts(changes: Sequence[Change], draws: int) -> dict[str, int]:
    """Return the digital acts of an update that drew so many random numbers."""
    columns = sum(len(change.errors) for change in changes)
    kept = sum(len(change.rows) - 1 for change in changes)
    return {"alu.operate": columns, "buffer.read": columns + kept, "random.draw": draws}


class CellLayers(Layers):
    """Layers on real cells: reads pass DACs and ADCs, updates are pulses.

    Parameters
    ----------
    workload : LayeredDescription
        Sizes, scales, rate and pulses.
    substrate : Substrate
        Holds the matrices that the workload names.
    generator : numpy.random.Generator
        Stream of purpose ``rule``, for random pulses.

    Notes
    -----
    A conductance w in [−1, 1] is a weight of s w, with s the workload's scale of its matrix. Sums
    are z = s Σ w a by an amplifier of gain s, converted; digital neurons look up f(z). Errors are
    scaled by a power of two into (½, 1] before they drive the columns, and back after conversion
    (noise management of [1]_, with powers of two). A weight wants q = η a δ / (s d) pulses, d being
    the nominal step of w.

    References
    ----------
    .. [1] T. Gokmen, O. M. Onen, W. Haensch, "Training deep convolutional neural networks with
       resistive cross-point devices", Frontiers in Neuroscience 11 (2017) 538,
       doi:10.3389/fnins.2017.00538.
    """

    def __init__(
        self, workload: LayeredDescription, substrate: Substrate, generator: np.random.Generator
    ) -> None:
        super().__init__(workload.network, tuple(substrate.shapes))
        self.substrate = substrate
        self.tables = Tables.of(workload, substrate.behaviour, substrate)
        self.scales = workload.scales
        step = 2.0 * substrate.behaviour.cell.step()
        self.rates = tuple(workload.rate / (scale * step) for scale in self.scales)
        """Wanted pulses for an activity and an error of 1, by layer."""
        self.generator = generator
        self._pulses = workload.pulses
        self.drive = max(1, (1 << (substrate.behaviour.dac.bits - 1)) - 1)

    def driven(self, values: FloatArray) -> FloatArray:
        """Return values as the DACs put them on the lines."""
        return self.substrate.driven(values)

    def sums(self, layer: int, values: FloatArray, *, evaluate: bool) -> FloatArray:
        """Read a matrix, and return the sums of codes."""
        result = self.substrate.read(
            self.matrices[layer], values, gain=self.scales[layer], evaluate=evaluate
        )
        return self._codes(result)

    def activated(self, layer: int, sums: FloatArray) -> FloatArray:
        """Look up the activities of sums of codes."""
        self.substrate.operate({"neuron.operate": sums.size})
        place = sums.astype(np.int64) + self.tables.zero[layer]
        if layer == self.last:
            return self.tables.outputs[place]
        values: FloatArray = self.tables.hidden[layer][place] / self.drive
        return values

    def sums_back(self, layer: int, errors: FloatArray) -> FloatArray:
        """Read a matrix transposed, with errors scaled to the converters."""
        factor = 2.0 ** exponent_of(errors)
        gain = self.description.error_gain
        result = self.substrate.read(
            self.matrices[layer],
            (errors / factor)[None],
            gain=self.scales[layer] * gain,
            transposed=True,
        )
        below: FloatArray = self._codes(result[0]) * (self.tables.step / gain * factor)
        return below

    def update(self, changes: Sequence[Change]) -> None:
        """Turn changes into pulses and write them, all matrices beside each other."""
        draws = 0
        writes: list[tuple[Change, FloatArray, Lines | IntArray]] = []
        for change in changes:
            columns = change.errors * self.rates[change.layer]
            if self._pulses.rounding == "coincidence":
                lines = lines_of(self._pulses, change.rows, columns, self.generator)
                draws += lines.draws
                writes.append((change, columns, lines))
            else:
                counts, drawn = counts_of(self._pulses, change.rows, columns, self.generator)
                draws += drawn
                writes.append((change, columns, counts))
        self.record(update_acts(changes, draws))
        with self.substrate.together():
            for change, columns, write in writes:
                matrix = self.matrices[change.layer]
                if isinstance(write, np.ndarray):
                    self.substrate.pulse_trains(matrix, write, most=self._pulses.most)
                else:
                    train = LineTrain(change.rows, columns)
                    self.substrate.pulse_lines(matrix, write.rows, write.columns, train)

    def record(self, acts: Mapping[str, int]) -> None:
        """Record digital acts."""
        self.substrate.operate(acts)

    def _codes(self, values: FloatArray) -> FloatArray:
        """Return converted values, summed over block rows, as whole codes."""
        codes: FloatArray = np.rint(values / self.tables.step)
        return codes

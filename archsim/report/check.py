"""Check of descriptions: all faults of a chip, of a workload, and of both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archsim.chip import ChipDescription, CrossbarDescription, TiledDescription, build, read_chip
from archsim.components.substrate import Substrate
from archsim.errors import Fault, InputError, SpecError
from archsim.mapping.lower_steps import cores_of
from archsim.mapping.place import Placement, place
from archsim.report.references import Part, kind_of
from archsim.runs.placed import blocks_of, ground_of, known_traffic
from archsim.spec import parted
from archsim.workload import LifDescription, WorkloadDescription, read_workload

__all__ = ["Checked", "check"]


class Checked(NamedTuple):
    """What a check found to be sound."""

    chip: ChipDescription | None
    workload: WorkloadDescription | None
    placement: Placement | None
    """Where the blocks of the workload would stand, if both were given."""
    cores: int = 0
    """Cores that its neurons would take, if it has such."""

    def summary(self) -> list[str]:
        """Return a line about each description, and one about how they fit."""
        lines = []
        if self.chip is not None:
            gaps = len(self.chip.unpriced)
            lines.append(f"chip {self.chip.name}: no faults; {gaps} parts or acts unpriced")
        if self.workload is not None:
            shapes = ", ".join(f"{n} {r}×{c}" for n, (r, c) in self.workload.shapes.items())
            weights = f"; weights {shapes}" if shapes else ""
            lines.append(f"workload {self.workload.name}: no faults{weights}")
        if self.cores:
            lines.append(f"the workload fits: it takes {self.cores} cores of the chip")
        if self.placement is not None:
            used = self.placement.numbers.size
            lines.append(f"the workload fits: it takes {used} arrays of the chip")
        return lines


def check(
    references: Sequence[str],
    *,
    parts: Sequence[Part] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Checked:
    """Read a chip, a workload, or both, and see whether they fit.

    Parameters
    ----------
    references : sequence of str
        One or two names or paths.
    parts : sequence of str, optional
        What each of them is; found out if not given.
    settings : mapping, optional
        ``chip.PATH`` or ``workload.PATH`` → YAML text.

    Raises
    ------
    SpecError
        All faults of all files in one go.
    InputError
        If a reference means nothing, two mean the same kind, or the workload does not fit the chip.
    """
    given = list(zip(parts or map(kind_of, references), references, strict=True))
    if len({part for part, _ in given}) < len(given):
        message = f"expected one chip and one workload, got two descriptions of a {given[0][0]}"
        raise InputError(message)
    faults: list[Fault] = []
    chip: ChipDescription | None = None
    workload: WorkloadDescription | None = None
    apart = parted(settings or {})
    for part, reference in given:
        chosen = apart[part]
        try:
            if part == "chip":
                chip = read_chip(reference, settings=chosen)
            else:
                workload = read_workload(reference, settings=chosen)
        except SpecError as error:
            faults += error.faults
    if faults:
        raise SpecError(faults)
    placement, cores = None, 0
    if isinstance(chip, TiledDescription):
        machine = build(chip)
        if workload is not None:
            ground = ground_of(workload, chip, seed=0)
            if isinstance(chip, CrossbarDescription) and isinstance(ground, Substrate):
                placement = place(
                    blocks_of(workload, ground),
                    planes=chip.behaviour.planes,
                    chip=machine,
                    note=ground.room,
                    traffic=known_traffic(workload, chip),
                )
        if isinstance(workload, LifDescription):
            cores = len(cores_of(machine, workload.load(seed=0).wiring))
    return Checked(chip, workload, None if cores else placement, cores)

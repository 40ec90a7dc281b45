"""Subjects: what a question is about, a stored run or a workload on a chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archsim.analysis.critical_path import CriticalPath, critical_path
from archsim.chip import ChipDescription, TiledDescription, read_chip
from archsim.errors import InputError, ModelError
from archsim.report.stored import StoredRun, descriptions, read_run
from archsim.runs import Run
from archsim.spec import parted
from archsim.workload import WorkloadDescription, read_workload

__all__ = ["Subject", "subjects"]

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A workload on a chip with a seed, done before or not."""

    name: str
    workload: WorkloadDescription
    chip: TiledDescription
    seed: int
    policies: Mapping[str, str] = field(default_factory=dict)
    """Station or pattern → registered policy."""
    stored: StoredRun | None = None
    """What its folder tells, if it was run before."""

    def walked(self, progress: Progress | None = None) -> tuple[CriticalPath, Run]:
        """Return its critical path beside the run, simulated now.

        Raises
        ------
        ModelError
            If it was run before and took another time then.
        """
        path, done = critical_path(
            self.workload,
            self.chip,
            seed=self.seed,
            policies=self.policies or None,
            progress=progress,
        )
        if self.stored is not None:
            then = self.stored.totals.grand_time
            now = done.totals.grand_time
            if then != now:
                raise ModelError(
                    f"{self.stored.path}: expected the time that it took then, {float(then):.9g} "
                    f"s, got {float(now):.9g} s when simulated again; run it anew with this version"
                )
        return path, done


def subjects(
    references: Sequence[str],
    *,
    number: int,
    seed: int = 0,
    settings: Mapping[str, str] | None = None,
) -> tuple[Subject, ...]:
    """Return what references stand for.

    Parameters
    ----------
    references : sequence of str
        A folder of a run for each subject, or a workload and a chip for each.
    number : int
        How many subjects there have to be.
    seed : int
        Seed of those that are no stored runs.
    settings : mapping, optional
        ``chip.PATH`` or ``workload.PATH`` → YAML text, for those that are no stored runs.

    Raises
    ------
    InputError
        If there are more or fewer, or one is no such thing.
    StorageError
        If a folder cannot be read.
    """
    if len(references) == number:
        if settings:
            raise InputError(
                "--set: expected a workload and a chip, got the folder of a run, whose "
                "descriptions are fixed"
            )
        return tuple(_stored(read_run(one)) for one in references)
    if len(references) == 2 * number:
        pairs = zip(references[::2], references[1::2], strict=True)
        return tuple(_described(*pair, seed=seed, settings=settings or {}) for pair in pairs)
    raise InputError(
        f"expected {number} folder{'s' * (number > 1)} of runs, or a workload and a chip for each, "
        f"got {len(references)} references"
    )


def _stored(stored: StoredRun) -> Subject:
    chip, workload = descriptions(stored)
    pairs = (str(text).partition("=") for text in stored.manifest.get("policies", ()))
    return Subject(
        name=f"{stored.workload} on {stored.chip}, seed {stored.seed} ({Path(stored.path).name})",
        workload=workload,
        chip=_tiled(chip),
        seed=stored.seed,
        policies={station: name for station, _, name in pairs},
        stored=stored,
    )


def _described(workload: str, chip: str, *, seed: int, settings: Mapping[str, str]) -> Subject:
    parts = parted(settings)
    return Subject(
        name=f"{workload} on {chip}, seed {seed}",
        workload=read_workload(workload, settings=parts["workload"]),
        chip=_tiled(read_chip(chip, settings=parts["chip"])),
        seed=seed,
    )


def _tiled(chip: ChipDescription) -> TiledDescription:
    if not isinstance(chip, TiledDescription):
        raise InputError(f"chip {chip.name}: expected a chip of tiles, got kind {chip.kind}")
    return chip

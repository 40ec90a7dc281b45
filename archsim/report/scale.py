"""The scaling report: more tiles, larger arrays, and networks far beyond what is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from archsim.analysis.scaling import ScaledPoint, Seam, madem_seam, scaled_energy_ratio
from archsim.analysis.tile_scaling import TilePoint, knee, tile_points
from archsim.report.encode import csv_text, records
from archsim.report.folder import Claim
from archsim.report.gpu import catalog_gpus, read_gpu
from archsim.report.page import Page, Section, page_markdown
from archsim.report.plots import line_plot
from archsim.report.tables import Column, Table

__all__ = ["SIZES", "Scale", "scale", "write_scale"]

Progress = Callable[[str, float], None]

SIZES = tuple(10**power for power in range(4, 12))
"""Weights of the networks that are set beside GPUs."""
_CLAIMED = 1e4
_TITLES = {
    "strong": "Strong scaling: the same samples on more copies of two layers",
    "weak": "Weak scaling: as many samples for each copy of two layers",
    "scattered": "Weak scaling with the layers of a copy far apart",
    "wide": "One matrix that grows with the chip, one sample",
    "array": "One matrix of 1024 x 1024 on larger arrays, one sample",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Everything that the report shows."""

    points: tuple[TilePoint, ...]
    seam: Seam
    best: tuple[ScaledPoint, ...]
    """Beside each GPU at its best batch."""
    single: tuple[ScaledPoint, ...]
    """Beside each GPU at batch 1, as the chip learns."""

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return all tables in SI: file name → frame."""
        ratios = [
            (*one[:-1], one.ratio.nominal, one.ratio.low, one.ratio.high)
            for one in (*self.best, *self.single)
        ]
        names = ["weights", "tiles", "gpu", "batch", "chip_energy_j", "gpu_energy_j"]
        return {
            "tiles": pd.DataFrame.from_records(list(self.points), columns=TilePoint._fields),
            "seam": pd.DataFrame.from_records(
                list(self.seam.points),
                columns=["weights", "arrays", "trained_energy_j", "computed_energy_j"],
            ),
            "gpu_ratio": pd.DataFrame.from_records(
                ratios, columns=[*names, "ratio", "ratio_low", "ratio_high"]
            ),
        }

    def records(self) -> dict[str, list[dict[str, object]]]:
        """Return all tables for programs, in SI: name → one mapping a row."""
        return {name: records(table) for name, table in self.frames().items()}

    def series(self, name: str) -> list[TilePoint]:
        """Return the points of one series, smallest chip first but for arrays."""
        return [one for one in self.points if one.series == name]

    def page(self) -> Page:
        """Return the report."""
        tables = [_tile_table(name, self.series(name)) for name in _TITLES if self.series(name)]
        return Page(
            title="Scaling",
            lead=(
                "Tiles carry synthetic layers of declared shape and activity: costs only.",
                "Constants are those of the catalog, whatever the size.",
            ),
            sections=(
                Section(title="Tiles and arrays", items=(*tables, *self._knees())),
                Section(
                    title="Learning beside GPUs",
                    items=(
                        _seam_table(self.seam),
                        _ratio_table("At the GPU's best batch", self.best),
                        _ratio_table("One sample at a time on both sides", self.single),
                        self.verdict(),
                    ),
                ),
            ),
        )

    def verdict(self) -> str:
        """Say where the claimed four orders of magnitude hold."""
        texts = []
        for what, points in (("at its best batch", self.best), ("at batch 1", self.single)):
            for gpu in dict.fromkeys(one.gpu for one in points):
                mine = [one for one in points if one.gpu == gpu]
                held = [one.weights for one in mine if one.ratio.nominal >= _CLAIMED]
                last = mine[-1]
                texts.append(
                    f"Beside {gpu} {what}, four orders of magnitude hold "
                    + (f"up to {max(held):.1e} weights" if held else "at no size")
                    + f"; at {last.weights:.1e} weights the ratio is {last.ratio.nominal:.3g} "
                    f"({last.ratio.low:.3g} to {last.ratio.high:.3g})."
                )
        return " ".join(texts)

    def _knees(self) -> list[str]:
        texts = []
        for name in ("strong", "weak", "scattered"):
            points = self.series(name)
            if len(points) > 1:
                first, last = points[0], points[-1]
                texts.append(
                    f"{name}: throughput follows the tiles up to {knee(points):,}; "
                    f"largest part of the energy: {_bound(first)} at {first.tiles:,} tiles, "
                    f"{_bound(last)} at {last.tiles:,}."
                )
        return texts


def scale(*, tiles: int = 1_000_000, progress: Progress | None = None) -> Scale:
    """Simulate and compute everything that the scaling report shows.

    Parameters
    ----------
    tiles : int
        Largest chip that is simulated.
    progress : callable, optional
        Told how far it is.
    """
    points = tuple(tile_points(tiles=tiles, progress=progress))
    seam = madem_seam(progress=progress)
    gpus = [read_gpu(name) for name in catalog_gpus()]
    best = [scaled_energy_ratio(seam.fit, gpu, size) for gpu in gpus for size in SIZES]
    single = [scaled_energy_ratio(seam.fit, gpu, size, batch=1) for gpu in gpus for size in SIZES]
    return Scale(points=points, seam=seam, best=tuple(best), single=tuple(single))


def write_scale(folder: Claim, found: Scale, *, plots: bool) -> None:
    """Fill a folder with tables, the page and, on request, plots.

    Parameters
    ----------
    folder : Claim
        The folder, claimed.
    found : Scale
        What was found.
    plots : bool
        Whether to draw the curves.

    Raises
    ------
    StorageError
        If it cannot be written.
    InputError
        If plots are asked for and matplotlib is not installed.
    """
    for name, table in found.frames().items():
        folder.write(f"{name}.csv", csv_text(table))
    folder.write("report.md", page_markdown(found.page()))
    if plots:
        _write_plots(folder, found)
    folder.commit()


def _write_plots(folder: Claim, found: Scale) -> None:
    curves = {
        name: [(one.tiles, one.throughput_hz) for one in found.series(name)]
        for name in ("strong", "weak", "scattered", "wide")
    }
    line_plot(folder, "throughput.png", curves, axes=("tiles", "throughput [1/s]"))
    energy = {
        name: [(one.tiles, one.energy_per_sample_j) for one in found.series(name)]
        for name in ("strong", "weak", "scattered", "wide")
    }
    line_plot(folder, "energy.png", energy, axes=("tiles", "energy per sample [J]"))
    ratios = {
        f"{one.gpu}, {what}": [
            (point.weights, point.ratio.nominal) for point in points if point.gpu == one.gpu
        ]
        for what, points in (("best batch", found.best), ("batch 1", found.single))
        for one in points
    }
    line_plot(folder, "gpu_ratio.png", ratios, axes=("weights", "energy of GPU over chip"))


def _bound(point: TilePoint) -> str:
    """Return what takes most energy, in words."""
    shares = {
        "the network": point.network_share,
        "converters": point.converter_share,
        "leakage": point.leakage_share,
    }
    shares["arrays and the rest"] = 1 - sum(shares.values())
    name = max(shares, key=lambda one: shares[one])
    return f"{name} ({shares[name]:.0%})"


def _tile_table(name: str, points: Sequence[TilePoint]) -> Table:
    return Table(
        title=_TITLES[name],
        columns=(
            Column(name="tiles", style="number"),
            Column(name="array", style="number"),
            Column(name="time", unit="s", style="quantity"),
            Column(name="throughput [1/s]", style="number"),
            Column(name="energy per sample", unit="J", style="quantity"),
            Column(name="array busy", style="share"),
            Column(name="network", style="share"),
            Column(name="converters", style="share"),
            Column(name="leakage", style="share"),
            Column(name="area [mm²]", style="number"),
        ),
        rows=tuple(
            (
                one.tiles,
                one.array_side,
                one.time_s,
                one.throughput_hz,
                one.energy_per_sample_j,
                one.utilisation,
                one.network_share,
                one.converter_share,
                one.leakage_share,
                one.area_m2 * 1e6,
            )
            for one in points
        ),
        note="Network, converters and leakage are shares of the energy.",
    )


def _seam_table(seam: Seam) -> Table:
    return Table(
        title="The seam: what a presentation costs as trained and simulated, and by the laws",
        columns=(
            Column(name="weights", style="number"),
            Column(name="arrays", style="number"),
            Column(name="simulated", unit="J", style="quantity"),
            Column(name="computed", unit="J", style="quantity"),
            Column(name="apart", style="share"),
        ),
        rows=tuple(
            (one.weights, one.arrays, one.trained, one.computed, one.computed / one.trained - 1)
            for one in seam.points
        ),
        note="Fitted to the largest; beyond it everything is computed.",
    )


def _ratio_table(title: str, points: Sequence[ScaledPoint]) -> Table:
    return Table(
        title=title,
        columns=(
            Column(name="weights", style="number"),
            Column(name="GPU"),
            Column(name="batch", style="number"),
            Column(name="chip, a sample", unit="J", style="quantity"),
            Column(name="GPU, a sample", unit="J", style="quantity"),
            Column(name="GPU over chip", style="number"),
        ),
        rows=tuple(
            (one.weights, one.gpu, one.batch, one.chip_energy, one.gpu_energy, one.ratio)
            for one in points
        ),
        note="In parentheses the 5 % and 95 % points. Samples are compared one for one: how many "
        "each side needs at that size nobody knows.",
    )

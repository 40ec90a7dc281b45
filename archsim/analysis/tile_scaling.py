"""Tile scaling: what a chip of more tiles, or of larger arrays, gives and costs, by simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

from archsim.chip.build import build
from archsim.chip.description import CrossbarDescription
from archsim.ledger import STATE_SCALE
from archsim.runs import Run, run

__all__ = ["ARRAY_SIDES", "Series", "TilePoint", "knee", "tile_points"]

Series = Literal["strong", "weak", "scattered", "wide", "array"]
"""``strong``: as many samples on more copies of a network of two layers; ``weak``: as many samples
for each copy; ``scattered``: the same with the layers of a copy far apart; ``wide``: one matrix
that grows with the chip; ``array``: one matrix on larger arrays."""
CHIP = "mesh_256"
WORKLOAD = "synthetic_layers"
SIDE = 64
"""Rows and columns of the catalog chip's arrays."""
ARRAY_SIDES = (32, 64, 128, 256, 512, 1024)
STRONG_SAMPLES = 1 << 18
WEAK_SAMPLES = 4
"""Samples of each copy."""
FAR_LIMIT = 80_000
"""Largest chip, in tiles, where packets go far: hops grow as tiles^1.5."""
_TOGETHER = ("strong", "weak")
_TWO_LAYERS = (*_TOGETHER, "scattered")
_NETWORK = ("link", "router")
_CONVERTERS = ("adc", "dac", "sample_hold", "tia")
_COUNTED = ("dac", "tia", "sample_hold", "write_driver")
"""Parts of an array of which there is one for each row and column."""


class TilePoint(NamedTuple):
    """One chip with one network."""

    series: Series
    tiles: int
    """Tiles with an array; every block has two."""
    array_side: int
    """Rows and columns of an array."""
    weights: int
    samples: int
    time_s: float
    """From the first read to the last result. [s]"""
    throughput_hz: float
    """Samples in a second. [Hz]"""
    energy_per_sample_j: float
    """Static energy included. [J]"""
    utilisation: float
    """Share of the time in which an array works, on average."""
    network_share: float
    """Share of the energy that links and routers take."""
    converter_share: float
    leakage_share: float
    area_m2: float
    """Of what has a known area. [m²]"""


def tile_points(
    *, tiles: int = 1_000_000, progress: Callable[[str, float], None] | None = None
) -> Iterator[TilePoint]:
    """Give the points of all series, each simulated, up to a number of tiles.

    Parameters
    ----------
    tiles : int
        Largest chip.
    progress : callable, optional
        Told how far it is.

    Notes
    -----
    Layers have declared shapes and activities; nothing is trained, so there is no accuracy. Inputs
    stand in the tiles. A copy has four tiles: two layers of one block each. Constants are those
    of the catalog chip whatever the size: wires of an array have no resistance. A layer begins when
    all results of the one before are there. Copies stand together along a Hilbert curve, but in the
    scattered series.
    """
    plans = list(_plans(tiles))
    for number, (series, blocks, side, samples, copies) in enumerate(plans):
        if progress is not None:
            progress(f"{series} scaling", number / len(plans))
        yield _measured(series, blocks=blocks, side=side, samples=samples, copies=copies)


def knee(points: list[TilePoint]) -> int:
    """Return the tiles up to which throughput grows at least half as fast as the tiles do."""
    best = points[0].tiles
    for before, after in itertools.pairwise(points):
        grown = math.log(after.throughput_hz / before.throughput_hz)
        if grown < 0.5 * math.log(after.tiles / before.tiles):
            break
        best = after.tiles
    return best


def _plans(tiles: int) -> Iterator[tuple[Series, int, int, int, int]]:
    """Give series, block rows (and columns), array side, samples and copies."""
    far = min(tiles, FAR_LIMIT)
    copies = [*(4**power for power in range(9)), 250_000]
    for number in copies:
        if 4 * number <= tiles:
            yield "strong", 1, SIDE, STRONG_SAMPLES, number
    for number in copies:
        if 4 * number <= tiles:
            yield "weak", 1, SIDE, WEAK_SAMPLES * number, number
    for number in copies:
        if 4 * number <= far:
            yield "scattered", 1, SIDE, WEAK_SAMPLES * number, number
    for blocks in (1, 2, 4, 8, 16, 32, 64, 128, 192):
        if 2 * blocks**2 <= far:
            yield "wide", blocks, SIDE, 1, 1
    for side in ARRAY_SIDES:
        if 2 * (ARRAY_SIDES[-1] // side) ** 2 <= tiles:
            yield "array", ARRAY_SIDES[-1] // side, side, 1, 1


def _measured(series: Series, *, blocks: int, side: int, samples: int, copies: int) -> TilePoint:
    size = blocks * side
    layers = ["first", "second"] if series in _TWO_LAYERS else ["first"]
    tiles = 2 * blocks**2 * copies * len(layers)
    texts = [
        f"{{name: {name}, inputs: {size}, outputs: {size}, activity: 0.5, level: 0.33, "
        f"replicas: {copies}}}"
        for name in layers
    ]
    settings = _chip_settings(tiles, side) | {
        "workload.layers": f"[{', '.join(texts)}]",
        "workload.dataset.samples": str(samples),
    }
    if series in _TOGETHER:
        settings["chip.mapping"] = "{placement: hilbert, order: copies}"
    done = run(WORKLOAD, CHIP, settings=settings)
    return _point(
        done, series, tiles=tiles, side=side, weights=tiles // 2 * side**2, samples=samples
    )


def _chip_settings(tiles: int, side: int) -> dict[str, str]:
    """Return the settings of a chip of so many tiles, as near to a square as they go."""
    wide = math.ceil(math.sqrt(tiles))
    wide += wide % 2
    high = -(-tiles // wide)
    settings = {
        "chip.layout": f'["array[0..{high - 1}][0..{wide - 1}]", control]',
        "chip.network.shape": f"[{high + 1}, {wide}]",
    }
    if side != SIDE:
        settings |= {"chip.behaviour.rows": str(side), "chip.behaviour.columns": str(side)}
        settings |= {f"chip.tiles.array.{part}.count": str(2 * side) for part in _COUNTED}
        settings["chip.tiles.array.analog_neuron.count"] = str(side)
    return settings


def _point(
    done: Run, series: Series, *, tiles: int, side: int, weights: int, samples: int
) -> TilePoint:
    parts: dict[str, Fraction] = {}
    busy = 0
    for _, account, tally in done.book.actions():
        price, scale = done.prices.actions[account[1:]]
        spent = Fraction(tally.count * price, scale * 10**24)
        parts[account.component] = parts.get(account.component, Fraction(0)) + spent
        busy += tally.busy_ticks if account.component == "array" else 0
    static = Fraction(0)
    for row in done.book.states(done.prices):
        power = done.prices.leakage_aw[row.tile, row.component, row.state]
        static += Fraction(row.ticks * power, STATE_SCALE * 10**24)
    whole = sum(parts.values(), static)
    ticks = done.book.duration_ticks()
    machine = done.machine
    assert isinstance(machine, CrossbarDescription)  # noqa: S101  (the catalog chip is one)

    def share(names: tuple[str, ...]) -> float:
        return float(sum((parts.get(name, Fraction(0)) for name in names), Fraction(0)) / whole)

    return TilePoint(
        series=series,
        tiles=tiles,
        array_side=side,
        weights=weights,
        samples=samples,
        time_s=ticks / 10**15,
        throughput_hz=samples * 10**15 / ticks,
        energy_per_sample_j=float(whole / samples),
        utilisation=busy / (ticks * tiles // 2),
        network_share=share(_NETWORK),
        converter_share=share(_CONVERTERS),
        leakage_share=float(static / whole),
        area_m2=build(machine).area,
    )

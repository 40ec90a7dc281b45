"""Random spiking networks, neurons and synapses included, beside SANA-FE on the same machine.

Both simulate the same leaky integrate-and-fire network on the same mesh of cores, with the same
round costs, step by step from the same state; spikes, packets, hops and energy of some steps are
printed as a check. All contestants take turns, each round gives one ratio, and the median counts.
A contestant's time contains all of it: membranes, synapses, packets, timing and accounts; what is
done once (drawing, placing, compiling) is left out on both sides.

SANA-FE is not part of archsim and never needed: pip install sanafe==2.2.9

Run it from the checkout: python benchmarks/spiking_networks.py [--cores 16|64]
"""

from __future__ import annotations

import argparse
import functools
import io
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from engines import ratio, report

from archsim.chip import build, read_chip
from archsim.engine import choose
from archsim.mapping.lower import Lowering
from archsim.mapping.place import place
from archsim.runs.fold import Fold
from archsim.runs.price import prices
from archsim.trace import Wiring
from archsim.workload.lif.membrane import IntArray, Membranes
from archsim.workload.lif.network import LifNetwork
from archsim.workload.lif.running import steps_of

THRESHOLD = 64.0
"""Potentials, currents and weights are multiples of 1/4, so that sums are exact in any order."""
UPDATE, EVENT, HOP = (10, 50), (5, 20), (5, 3)
"""What a neuron's update, a synaptic event and a hop take [ns] and cost [pJ]: round numbers of the
order of published ones, the same on both sides."""
SETTLE = 24
"""Steps before the first measured one, after which neurons do not fire in step any more."""

CHIP = """
name: neutral
kind: neuron_cores
spike_bits: 32
barrier: {{value: 1 ns, source: assumption, note: round}}
layout: ["core[0..{last}]"]
tiles:
  core:
    soma:
      kind: soma
      neurons: 4096
      active_energy: {{value: {update[1]} pJ, source: assumption, note: round}}
      inactive_energy: {{value: {update[1]} pJ, source: assumption, note: round}}
      active_time: {{value: {update[0]} ns, source: assumption, note: round}}
      inactive_time: {{value: {update[0]} ns, source: assumption, note: round}}
    synapses:
      kind: synapses
      energy: {{value: {event[1]} pJ, source: assumption, note: round}}
      interval: {{value: {event[0]} ns, source: assumption, note: round}}
network:
  topology: mesh
  shape: [{side}, {side}]
  link:
    kind: link
    width: 32
    energy: {{value: {bit} pJ/bit, source: assumption, note: round}}
    cycle: {{value: {hop[0]} ns, source: assumption, note: round}}
  router: {{kind: router}}
unpriced:
  - {{component: network.router, reason: in the hop}}
"""

PEER = """
architecture:
  name: neutral
  attributes:
    topology: mesh
    width: {side}
    height: {side}
    link_buffer_size: 16
    sync_model: fixed
    latency_sync: 1.0e-9
  tile:
    - name: tile[0..{last}]
      attributes:
{hops}
      core:
        - name: core[0]
          attributes: {{buffer_position: soma, max_neurons_supported: 4096}}
          axon_in:
            - name: arrivals
              attributes: {{energy_message_in: 0.0, latency_message_in: 0.0}}
          synapse:
            - name: synapses
              attributes:
                model: current_based
                energy_process_spike: {event[1]}.0e-12
                latency_process_spike: {event[0]}.0e-9
          dendrite:
            - name: sums
              attributes: {{model: accumulator, energy_update: 0.0, latency_update: 0.0}}
          soma:
            - name: somas
              attributes:
                model: leaky_integrate_fire
                energy_access_neuron: 0.0
                latency_access_neuron: 0.0
                energy_update_neuron: {update[1]}.0e-12
                latency_update_neuron: {update[0]}.0e-9
                energy_spike_out: 0.0
                latency_spike_out: 0.0
          axon_out:
            - name: departures
              attributes: {{energy_message_out: 0.0, latency_message_out: 0.0}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """A random network on a square mesh of cores."""

    side: int
    neurons: int
    fan_out: int = 100

    @property
    def cores(self) -> int:
        """Number of cores."""
        return self.side**2

    def part(self) -> IntArray:
        """Return the core of each neuron."""
        return np.arange(self.neurons) * self.cores // self.neurons

    def targets(self) -> IntArray:
        """Return where synapses lead to, shape (neurons, fan_out)."""
        return np.random.default_rng(1).integers(0, self.neurons, (self.neurons, self.fan_out))

    def weights(self) -> IntArray:
        """Return as many weights, in quarters."""
        return np.random.default_rng(2).integers(-1, 2, (self.neurons, self.fan_out))

    def currents(self) -> IntArray:
        """Return what drives each neuron, in quarters; a tenth of them fires in a step."""
        return np.random.default_rng(3).integers(20, 36, self.neurons)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was simulated."""

    spikes: int
    packets: int
    hops: int
    energy: float
    """[J]"""

    def __str__(self) -> str:
        """Return the numbers in words."""
        return (
            f"{self.spikes} spikes, {self.packets} packets, {self.hops} hops, "
            f"{self.energy * 1e6:.6f} µJ"
        )


class Ours:
    """The network on the fast engine, with ledger."""

    def __init__(self, net: Net, folder: Path) -> None:
        size = net.neurons * net.fan_out
        self._wiring = Wiring(
            offsets=np.arange(0, size + 1, net.fan_out),
            targets=net.targets().ravel(),
            part=net.part(),
        )
        membranes = Membranes.alike(net.currents() / 4, decay=1.0, gain=1.0, threshold=THRESHOLD)
        network = LifNetwork(
            wiring=self._wiring,
            weights=net.weights().ravel() / 4,
            membranes=membranes,
            sources=np.zeros(0, dtype=np.int64),
            inputs={},
        )
        nobody: Iterator[IntArray] = itertools.repeat(np.zeros(0, dtype=np.int64))
        self._steps = steps_of(network, nobody)
        file = folder / "chip.yaml"
        bit = Fraction(HOP[1], 32)
        costs = {"update": UPDATE, "event": EVENT, "hop": HOP, "bit": float(bit)}
        file.write_text(CHIP.format(side=net.side, last=net.cores - 1, **costs))
        self._chip = build(read_chip(str(file)))
        parts = np.sort(self._wiring.part[net.targets()], axis=1)
        self._packets = 1 + np.count_nonzero(np.diff(parts, axis=1), axis=1)
        """Cores with targets of each neuron."""
        self._fold = self._fresh()
        self.run(SETTLE)

    def _fresh(self) -> Fold:
        nothing = place((), planes=1, chip=self._chip)
        lowering = Lowering(chip=self._chip, placement=nothing, joined=False)
        return Fold(lowering=lowering, engine=choose("fast", lowering.stations))

    def run(self, steps: int) -> int:
        """Go on by so many steps and return how many packets were sent."""
        packets = 0
        for segment in itertools.islice(self._steps, steps):
            self._fold(segment)
            packets += int(self._packets[segment.fired].sum())
        return packets

    def counts(self, steps: int) -> Counts:
        """Go on by so many steps and count, on a fresh ledger, what was done in them."""
        before, self._fold = self._fold, self._fresh()
        spikes = packets = 0
        for segment in itertools.islice(self._steps, steps):
            spikes += len(segment.fired)
            packets += int(self._packets[segment.fired].sum())
            self._fold(segment)
        ledger = self._fold.ledger
        known = prices(self._chip, ledger.accounts).actions
        rows = [(row.account, row.tally.count) for row in ledger.actions()]
        energy = sum(count * known[account[1:]].price_yj for account, count in rows)
        bits = sum(count for account, count in rows if account.action == "transfer")
        self._fold = before
        return Counts(spikes, packets, bits // 32, energy / 1e24)


class Peer:
    """The network on SANA-FE, by its public interface."""

    def __init__(self, net: Net, folder: Path) -> None:
        import sanafe  # noqa: PLC0415 (optional, and no part of archsim)

        hops = "\n".join(
            f"        energy_{way}_hop: {HOP[1]}.0e-12\n        latency_{way}_hop: {HOP[0]}.0e-9"
            for way in ("north", "east", "south", "west")
        )
        file = folder / "peer.yaml"
        costs = {"update": UPDATE, "event": EVENT, "hops": hops}
        file.write_text(PEER.format(side=net.side, last=net.cores - 1, **costs))
        machine = sanafe.load_arch(str(file))
        network = sanafe.Network()
        constants = {"threshold": THRESHOLD, "leak_decay": 1.0, "force_update": True}
        group = network.create_neuron_group("all", net.neurons, model_attributes=constants)
        cores = [core for tile in machine.tiles for core in tile.cores]
        currents, parts = net.currents().tolist(), net.part().tolist()
        for number, (current, part) in enumerate(zip(currents, parts, strict=True)):
            group[number].set_attributes(model_attributes={"bias": current / 4})
            group[number].map_to_core(cores[part])
        sources = np.repeat(np.arange(net.neurons), net.fan_out).tolist()
        pairs = list(zip(sources, net.targets().ravel().tolist(), strict=True))
        weights = (net.weights().ravel() / 4).tolist()
        group.connect_neurons_sparse(group, {"weight": weights}, pairs)
        self._chip = sanafe.SpikingChip(machine)
        self._chip.load(network)
        self._go(SETTLE, "simple")

    def _go(self, steps: int, model: str, **options: object) -> dict[str, Any]:
        with redirect_stdout(io.StringIO()):
            found: dict[str, Any] = self._chip.sim(steps, timing_model=model, **options)
        return found

    def run(self, steps: int, model: str) -> int:
        """Go on by so many steps, with its own choice of threads; return packets sent."""
        return int(self._go(steps, model)["packets_sent"])

    def counts(self, steps: int) -> Counts:
        """Go on by so many steps and say what was done in them."""
        found = self._go(steps, "simple", perf_trace=True)
        hops = sum(found["perf_trace"]["hops"])
        energy = found["energy"]["total"]
        return Counts(found["neurons_fired"], found["packets_sent"], hops, energy)


def compare(net: Net, *, steps: int, rounds: int, targets: dict[str, float]) -> None:
    """Let all take turns at so many steps, and print packets per second and ratios."""
    with tempfile.TemporaryDirectory() as name:
        ours, peer = Ours(net, Path(name)), Peer(net, Path(name))
    checks = {"archsim": ours.counts(steps), "SANA-FE": peer.counts(steps)}
    size = f"{net.cores} cores, {net.neurons} neurons, fan-out {net.fan_out}"
    print(f"\n{size}; {steps} steps a turn")
    for who, found in checks.items():
        print(f"  {who}: {found}")
    same = len({str(found) for found in checks.values()}) == 1
    print(f"  {'the same traffic' if same else 'DIFFERENT TRAFFIC'} on both sides", flush=True)
    runners: dict[str, Callable[[], int]] = {"archsim": lambda: ours.run(steps)}
    for model in targets:
        runners[model] = functools.partial(peer.run, steps, model)
    rates: dict[str, list[float]] = {who: [] for who in runners}
    for _ in range(rounds):
        for who, run in runners.items():
            begin = time.perf_counter()
            packets = run()
            rates[who].append(packets / (time.perf_counter() - begin))
    for who, found in rates.items():
        name = who if who == "archsim" else f"SANA-FE, {who}"
        report(name, median(found) / 1e6, "million packets/s")
    for model, target in targets.items():
        times = ratio(rates["archsim"], rates[model])
        wanted = f">= {target:g}" if target else ""
        report(f"archsim by SANA-FE, {model}", times, "×", wanted, met=times >= target)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, choices=(16, 64), help="one of the networks only")
    only = parser.parse_args().cores
    if find_spec("sanafe") is None:
        print("spiking networks: skipped, sanafe is not installed (pip install sanafe==2.2.9)")
        return
    if only != 64:
        small = Net(side=4, neurons=1_000)
        compare(small, steps=50, rounds=7, targets={"detailed": 5.0, "simple": 0.0})
    if only != 16:
        large = Net(side=8, neurons=10_000)
        compare(large, steps=1, rounds=3, targets={"detailed": 10.0, "simple": 1.0})


if __name__ == "__main__":
    main()

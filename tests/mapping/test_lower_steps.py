"""Time steps of networks become packets between cores, as counted and timed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.chip import build, read_chip
from archsim.engine import choose
from archsim.errors import InputError, SpecError
from archsim.mapping.lower import Lowering
from archsim.mapping.lower_steps import StepLowering
from archsim.mapping.place import place
from archsim.trace import Phase, StepSegment, Wiring

CHIP = """
name: pair
kind: neuron_cores
spike_bits: 16
barrier: {value: 100 ns, source: assumption, note: round}
layout: ["core[0..%d]"]
tiles:
  core:
    soma:
      kind: soma
      neurons: %d
      active_energy: {value: 1 pJ, source: assumption, note: round}
      inactive_energy: {value: 1 pJ, source: assumption, note: round}
      active_time: {value: 3 ns, source: assumption, note: round}
      inactive_time: {value: 2 ns, source: assumption, note: round}
    synapses:
      kind: synapses
      energy: {value: 1 pJ, source: assumption, note: round}
      interval: {value: 5 ns, source: assumption, note: round}
network:
  topology: %s
  link:
    kind: link
    width: 8
    channels: %d
    depth: %d
    energy: {value: 1 pJ/bit, source: assumption, note: round}
    cycle: {value: 1 ns, source: assumption, note: round}
    latency: {value: 4 ns, source: assumption, note: round}
  router:
    kind: router
    energy: {value: 1 pJ, source: assumption, note: round}
    latency: {value: 2 ns, source: assumption, note: round}
"""
NANOSECOND = 10**6


def chip_of(
    folder: Path,
    *,
    cores=3,
    neurons=4,
    shape="mesh\n  shape: [1, 3]",
    channels=0,
    depth=0,
    multicast=False,
):
    file = folder / "chip.yaml"
    text = CHIP % (cores - 1, neurons, shape, channels, depth)
    file.write_text(text + f"multicast: {str(multicast).lower()}\n")
    return build(read_chip(str(file)))


def lowering_of(chip):
    return Lowering(chip=chip, placement=place((), planes=1, chip=chip), joined=False)


def wiring_of(targets, part):
    """Return a wiring from the targets of each neuron."""
    lengths = [len(one) for one in targets]
    return Wiring(
        offsets=np.concatenate(([0], np.cumsum(lengths))),
        targets=np.array([one for row in targets for one in row], dtype=np.int64),
        part=np.array(part),
    )


def step_of(wiring, fired, active=()):
    mask = np.zeros(wiring.neurons, dtype=np.bool_)
    mask[[*fired, *active]] = True
    return StepSegment(
        epoch=-1,
        step=0,
        phase=Phase.INFERENCE,
        wiring=wiring,
        fired=np.array(fired, dtype=np.int64),
        active=mask,
    )


TINY = wiring_of([[], [4, 5, 0], [], [], [0], []], [0, 0, 1, 1, 2, 2])
"""Neuron 1, on core 0, leads to both neurons of core 2 and to one of its own; neuron 4 to core 0."""


def by_hand(chip):
    """Return accounts with counts, and all visits as (station, start [ns], occupancy [ns])."""
    lowering = lowering_of(chip)
    segment = StepLowering(lowering).segment(step_of(TINY, [1, 4], active=[3]))
    timing = choose("fast", lowering.stations).run(segment)
    names = [lowering.stations[int(number)].name for number in segment.station]
    visits = [
        (name, start // NANOSECOND, held // NANOSECOND)
        for name, start, held in zip(
            names, timing.start_ticks.tolist(), segment.occupancy_ticks.tolist(), strict=True
        )
    ]
    counts: dict[tuple[str, str], int] = {}
    columns = ((segment.account, segment.count), (segment.side_account, segment.side_count))
    for accounts, numbers in columns:
        for account, number in zip(accounts.tolist(), numbers.tolist(), strict=True):
            _, tile, _, action = lowering.accounts[account]
            counts[tile, action] = counts.get((tile, action), 0) + number
    return segment, timing, visits, counts


def test_a_tiny_network_sends_the_packets_and_takes_the_time_that_were_counted_by_hand(tmp_path):
    segment, timing, visits, counts = by_hand(chip_of(tmp_path))
    # Two flits of 1 ns each; a head needs 4 ns on a link and 2 ns in the router behind it; the tail
    # comes 1 ns after the head. Neuron 1 fires at 2 + 3 = 5 ns, neuron 4 at 3 ns.
    assert visits == [
        ("core[0].soma", 0, 5),
        ("core[1].soma", 0, 5),
        ("core[2].soma", 0, 3),
        ("core[2].soma", 3, 2),
        ("core[0].synapses", 5, 5),
        ("core[0]->core[1]", 5, 2),
        ("core[1]->core[2]", 11, 2),
        ("core[2].synapses", 18, 10),
        ("core[2]->core[1]", 3, 2),
        ("core[1]->core[0]", 9, 2),
        ("core[0].synapses", 16, 5),
    ]
    assert timing.end_tick == 28 * NANOSECOND
    assert segment.gap_ticks == 100 * NANOSECOND
    assert counts == {
        ("core[0]", "update_active"): 1,
        ("core[0]", "update_inactive"): 1,
        ("core[1]", "update_active"): 1,
        ("core[1]", "update_inactive"): 1,
        ("core[2]", "update_active"): 1,
        ("core[2]", "update_inactive"): 1,
        ("core[0]", "event"): 2,
        ("core[2]", "event"): 2,
        ("core[0]->core[1]", "transfer"): 16,
        ("core[1]->core[2]", "transfer"): 16,
        ("core[2]->core[1]", "transfer"): 16,
        ("core[1]->core[0]", "transfer"): 16,
        ("core[1]", "route"): 4,
        ("core[2]", "route"): 2,
        ("core[0]", "route"): 2,
    }


def test_multicast_passes_every_link_once_and_brings_the_same_events(tmp_path):
    chip = chip_of(tmp_path, multicast=True)
    wiring = wiring_of([[2, 4, 5, 0], [], [], [], [], []], [0, 0, 1, 1, 2, 2])
    lowering = lowering_of(chip)
    segment = StepLowering(lowering).segment(step_of(wiring, [0]))
    timing = choose("fast", lowering.stations).run(segment)
    names = [lowering.stations[int(number)].name for number in segment.station]
    starts = (timing.start_ticks // NANOSECOND).tolist()
    # Neuron 0 fires at 3 ns. The head reaches core 1 at 9 ns and branches; the tail comes 1 ns later.
    assert list(zip(names, starts, strict=True))[4:] == [
        ("core[0]->core[1]", 3),
        ("core[1]->core[2]", 9),
        ("core[2].synapses", 16),
        ("core[1].synapses", 9),
        ("core[0].synapses", 3),
    ]
    assert segment.count[4:].tolist() == [16, 16, 2, 1, 1]
    assert segment.latency_ticks[4:].tolist() == [n * NANOSECOND for n in (6, 7, 10, 6, 5)]
    assert segment.fork_of.max() == -1


@pytest.mark.parametrize(
    ("shape", "channels", "depth"),
    [
        ("mesh\n  shape: [4, 4]", 0, 0),
        ("mesh\n  shape: [4, 4]", 4, 8),
        ("ring", 0, 0),
        ("tree\n  arity: 4", 0, 0),
    ],
)
def test_multicast_and_unicast_bring_about_the_same_events_and_engines_agree(
    tmp_path, shape, channels, depth
):
    rng = np.random.default_rng(5)
    wiring = wiring_of(rng.integers(0, 128, (128, 10)).tolist(), np.arange(128) // 8)
    fired = np.flatnonzero(rng.random(128) < 0.1).tolist()
    found, hops = [], []
    for multicast in (False, True):
        chip = chip_of(
            tmp_path,
            cores=16,
            neurons=8,
            shape=shape,
            channels=channels,
            depth=depth,
            multicast=multicast,
        )
        lowering = lowering_of(chip)
        segment = StepLowering(lowering).segment(step_of(wiring, fired))
        fast, slow = (
            choose(name, lowering.stations).run(segment) for name in ("fast", "reference")
        )
        assert (fast.start_ticks == slow.start_ticks).all()
        events: dict[str, int] = {}
        for account, count in zip(segment.account.tolist(), segment.count.tolist(), strict=True):
            _, tile, _, action = lowering.accounts[account]
            if action == "event":
                events[tile] = events.get(tile, 0) + count
        found.append(events)
        hops.append(int((segment.station >= lowering.fabric.first_link).sum()))
    assert found[0] == found[1]
    assert sum(found[0].values()) == 10 * len(fired)
    assert hops[1] < 0.7 * hops[0]


def test_runs_of_updates_take_as_long_as_updates_one_by_one(tmp_path):
    _, _, visits, _ = by_hand(chip_of(tmp_path))
    busy = sum(held for name, _, held in visits if name.endswith("soma"))
    assert busy == 3 * 3 + 3 * 2


@pytest.mark.parametrize(
    ("shape", "channels", "depth"),
    [
        ("mesh\n  shape: [4, 4]", 0, 0),
        ("mesh\n  shape: [4, 4]", 2, 4),
        ("ring", 0, 0),
        ("ring", 2, 2),
        ("torus\n  shape: [4, 4]", 4, 2),
        ("tree\n  arity: 4", 0, 0),
    ],
)
def test_engines_agree_on_random_networks(tmp_path, shape, channels, depth):
    chip = chip_of(tmp_path, cores=16, neurons=8, shape=shape, channels=channels, depth=depth)
    rng = np.random.default_rng(4)
    wiring = wiring_of(rng.integers(0, 128, (128, 10)).tolist(), np.arange(128) // 8)
    lowering = lowering_of(chip)
    steps = StepLowering(lowering)
    fast, slow = (choose(name, lowering.stations) for name in ("fast", "reference"))
    for _ in range(3):
        fired = np.flatnonzero(rng.random(128) < 0.2).tolist()
        segment = steps.segment(step_of(wiring, fired))
        one, two = fast.run(segment), slow.run(segment)
        assert (one.start_ticks == two.start_ticks).all()
        assert (one.arrival_ticks == two.arrival_ticks).all()
        assert one.end_tick == two.end_tick


def test_a_step_without_spikes_updates_all_neurons_and_sends_nothing(tmp_path):
    lowering = lowering_of(chip_of(tmp_path))
    segment = StepLowering(lowering).segment(step_of(TINY, []))
    assert segment.task_count == 3
    assert segment.side_count.tolist() == [2, 2, 2]
    assert choose("fast", lowering.stations).run(segment).end_tick == 4 * NANOSECOND


def test_a_network_without_synapses_sends_nothing(tmp_path):
    lowering = lowering_of(chip_of(tmp_path))
    wiring = wiring_of([[], [], []], [0, 1, 2])
    assert StepLowering(lowering).segment(step_of(wiring, [0, 2])).task_count == 3


@pytest.mark.parametrize(
    ("neurons", "parts", "message"),
    [
        (20, 3, "has 20 neurons and needs 5 cores of 4; chip pair has 3; take a larger chip"),
        (
            12,
            2,
            "12 neurons, cut into 2 parts of at most 6, each for a core; chip pair has 3 cores",
        ),
        (
            8,
            4,
            "8 neurons, cut into 4 parts of at most 2.*at least 2 of them: choose cores from 2 to 3",
        ),
    ],
)
def test_a_network_that_is_too_large_is_refused_with_the_cores_it_needs(
    tmp_path, neurons, parts, message
):
    lowering = lowering_of(chip_of(tmp_path))
    wiring = wiring_of([[]] * neurons, np.arange(neurons) * parts // neurons)
    with pytest.raises(InputError, match=message):
        StepLowering(lowering).segment(step_of(wiring, []))


def test_a_packet_that_no_buffer_holds_is_refused(tmp_path):
    chip = chip_of(tmp_path, channels=2, depth=1)
    with pytest.raises(InputError, match="expected room for 2 flits, the packet of 16 bits that"):
        StepLowering(lowering_of(chip)).segment(step_of(TINY, [1]))


def test_a_chip_without_somas_is_refused():
    chip = build(read_chip("cbram_512k"))
    with pytest.raises(InputError, match="cbram_512k: no tile has a component 'soma', which the"):
        StepLowering(lowering_of(chip)).segment(step_of(TINY, []))


def test_a_chip_of_cores_needs_synapses_beside_its_somas(tmp_path):
    file = tmp_path / "chip.yaml"
    text = CHIP % (2, 4, "mesh\n  shape: [1, 3]", 0, 0)
    file.write_text(text.replace("    synapses:\n", "    other:\n"))
    with pytest.raises(SpecError, match='missing role "synapses": expected a component that takes'):
        read_chip(str(file))
    file.write_text(text.replace("    soma:\n", "    other:\n"))
    with pytest.raises(SpecError, match='missing role "soma": expected a tile that updates the'):
        read_chip(str(file))

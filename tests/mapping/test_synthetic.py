"""Synthetic layers: what they count, how their sums are added up, where their blocks stand."""

from __future__ import annotations

import numpy as np
import pytest

from archsim import run
from archsim.chip.read import read_chip
from archsim.chip.topology import Grid
from archsim.engine import ReferenceEngine
from archsim.engine.fast import FastEngine
from archsim.errors import InputError
from archsim.ledger import ExactSums, Ledger
from archsim.mapping import lower_batches
from archsim.mapping.curve import hilbert_distance
from archsim.mapping.lower import Lowering
from archsim.mapping.lower_batches import batch_segment
from archsim.mapping.place import place
from archsim.mapping.traffic import annealed, bit_hops, traffic_of
from archsim.runs.group import group_prices, grouped, groups_frame
from archsim.runs.price import prices
from archsim.trace import COUNT_SCALE
from archsim.workload import SyntheticDescription
from tests.mapping.chips import made

MESH = {"topology": "mesh", "shape": [5, 5]}
SHAPES = ("mesh", "torus", "tree")


def workload(*layers, **fields):
    table = {"kind": "synthetic", "name": "w", "layers": list(layers)} | fields
    return SyntheticDescription.model_validate(table)


TWO = workload(
    {"name": "a", "inputs": 200, "outputs": 100, "activity": 0.5, "level": 0.25},
    {"name": "b", "inputs": 100, "outputs": 70, "replicas": 2},
    dataset={"samples": 3},
)


def lowered(task, chip):
    behaviour = chip.description.behaviour
    placement = place(task.blocks(behaviour), planes=behaviour.planes, chip=chip)
    low = Lowering(chip=chip, placement=placement, joined=False)
    trace = task.segment(behaviour)
    return low, trace, batch_segment(low, trace)


def booked(low, segment):
    totals = {}
    for accounts, counts in (
        (segment.account, segment.count),
        (segment.side_account, segment.side_count),
    ):
        for number, count in zip(accounts.tolist(), counts.tolist(), strict=True):
            if number >= 0:
                account = low.accounts[number]
                name = f"{account.component}.{account.action}"
                totals[account.phase, name] = totals.get((account.phase, name), 0) + count
    return totals


@pytest.mark.parametrize("topology", SHAPES)
def test_counts_of_visits_are_the_totals_of_the_trace_and_both_engines_agree(topology):
    network = {
        "mesh": MESH | {"link": {"channels": 2, "depth": 64}},
        "torus": {"topology": "torus", "shape": [5, 5], "link": {"channels": 2, "depth": 64}},
        "tree": {"topology": "tree", "arity": 4, "link": {"channels": 2, "depth": 64}},
    }[topology]
    chip = made(network, arrays=24)
    low, trace, segment = lowered(TWO, chip)
    found = booked(low, segment)
    for name, count in trace.counts().items():
        assert found[name] == count
    fast = FastEngine(low.stations, tell=lambda _: None).run(segment)
    assert (fast.start_ticks == ReferenceEngine(low.stations).run(segment).start_ticks).all()


def test_reads_count_what_shapes_activity_and_samples_say():
    chip = made(MESH, arrays=24)
    counts = TWO.segment(chip.description.behaviour).counts()
    cells_a = 3 * 200 * 100 * 0.5 * 0.25 * 0.5
    cells_b = 3 * 100 * 70 * 0.5
    wanted = round((cells_a + cells_b) * COUNT_SCALE)
    assert counts["inference", "array.cell_read"] == wanted
    blocks_a, blocks_b = 4, 2  # block rows of 63 each
    assert counts["inference", "adc.convert"] == 3 * (100 * blocks_a + 70 * blocks_b)
    assert counts["inference", "neuron.operate"] == 3 * (100 + 70)


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 13])
def test_a_tree_adds_every_part_of_a_sum_once(rows):
    chip = made({"topology": "mesh", "shape": [5, 5]}, arrays=24)
    task = workload({"name": "a", "inputs": 63 * rows, "outputs": 40})
    trace = task.segment(chip.description.behaviour)
    assert trace.counts()["inference", "shift_add.add"] == 40 * (rows - 1)
    parts = {}  # op → block rows whose sums it holds
    number, into = 0, {}
    messages = trace.messages
    for place_, producer in enumerate(messages.producer.tolist()):
        for consumer in messages.consumers[
            messages.offsets[place_] : messages.offsets[place_ + 1]
        ].tolist():
            into.setdefault(consumer, []).append(producer)
    for batch in trace.batches:
        for block in batch.blocks.tolist():
            if number in into:
                parts[number] = [row for one in into[number] for row in parts[one]]
            else:
                parts[number] = [block]
            number += 1
    assert sorted(parts[number - 1]) == list(range(rows))


def test_copies_share_vectors_and_take_their_part_of_what_comes():
    chip = made(MESH, arrays=24)
    single = workload({"name": "a", "inputs": 60, "outputs": 60}, dataset={"samples": 5})
    double = workload(
        {"name": "a", "inputs": 60, "outputs": 60, "replicas": 2}, dataset={"samples": 5}
    )
    behaviour = chip.description.behaviour
    one, two = single.segment(behaviour), double.segment(behaviour)
    same = ("array.cell_read", "adc.convert", "neuron.operate")
    for name in same:
        assert one.counts()["inference", name] == two.counts()["inference", name]
    assert sorted(two.batches[0].slots.tolist()) == [2, 3]


def test_more_copies_than_vectors_are_refused():
    with pytest.raises(ValueError, match=r"at most as many replicas as vectors \(1\), got 2"):
        workload({"name": "a", "inputs": 6, "outputs": 6, "replicas": 2})


def test_a_network_without_weights_needs_a_cell_at_every_crossing():
    sparse = made({"topology": "ring"}).description.behaviour.model_copy(update={"density": 0.5})
    with pytest.raises(InputError, match=r"expected behaviour\.density of 1, got 0\.5"):
        workload({"name": "a", "inputs": 6, "outputs": 6}).segment(sparse)


def test_a_layer_after_an_unknown_one_is_refused():
    with pytest.raises(ValueError, match=r'expected after to name earlier layers, got "z"'):
        workload({"name": "a", "inputs": 6, "outputs": 6, "after": ["z"]})


def test_the_curve_goes_from_neighbour_to_neighbour_through_all_points():
    rows, columns = (grid.ravel() for grid in np.meshgrid(np.arange(16), np.arange(16)))
    order = np.argsort(hilbert_distance(rows, columns, bits=4))
    steps = np.abs(np.diff(rows[order])) + np.abs(np.diff(columns[order]))
    assert (steps == 1).all()
    assert sorted(hilbert_distance(rows, columns, bits=4).tolist()) == list(range(256))


def test_a_search_by_traffic_shortens_ways_and_repeats_to_the_byte():
    chip = made({"topology": "mesh", "shape": [9, 8]}, arrays=64)
    task = workload(
        {"name": "a", "inputs": 63 * 5, "outputs": 63 * 6},
        {"name": "b", "inputs": 63 * 6, "outputs": 63 * 4},
    )
    traffic = traffic_of(task.segment(chip.description.behaviour))
    tiles = np.arange(64)
    found = annealed(traffic, tiles, chip.topology, seed=1)
    assert sorted(found.tolist()) == list(range(64))
    before, after = (bit_hops(traffic, one, chip.topology) for one in (tiles, found))
    assert after < 0.8 * before
    assert (found == annealed(traffic, tiles, chip.topology, seed=1)).all()


@pytest.mark.parametrize("placement", ["tile_order", "hilbert", "traffic"])
def test_every_placement_gives_each_block_tiles_of_its_own(placement):
    settings = {"chip.mapping.placement": placement}
    done = run("synthetic_layers", "mesh_256", settings=settings)
    assert done.placement is not None
    numbers = done.placement.numbers
    assert len(set(numbers.ravel().tolist())) == numbers.size


def test_copy_by_copy_what_works_on_the_same_samples_stands_side_by_side():
    task = workload(
        {"name": "a", "inputs": 100, "outputs": 5, "replicas": 2},  # two blocks a copy
        {"name": "b", "inputs": 5, "outputs": 6, "replicas": 4},
        dataset={"samples": 4},
    )
    blocks = task.blocks(made(MESH).description.behaviour)
    order = [blocks[number].matrix for number in blocks.copy_by_copy().tolist()]
    assert order == ["a#0", "a#0", "b#0", "b#1", "a#1", "a#1", "b#2", "b#3"]


def test_copies_that_stand_together_have_shorter_ways():
    task = workload(
        {"name": "a", "inputs": 5, "outputs": 5, "replicas": 16},
        {"name": "b", "inputs": 5, "outputs": 5, "replicas": 16},
        dataset={"samples": 16},
    )
    found = []
    for order in ("layers", "copies"):
        mapping = {"placement": "hilbert", "order": order}
        chip = made({"topology": "mesh", "shape": [9, 8]}, arrays=64, mapping=mapping)
        behaviour = chip.description.behaviour
        numbers = place(task.blocks(behaviour), planes=2, chip=chip).numbers
        assert len(set(numbers.ravel().tolist())) == 64
        found.append(bit_hops(traffic_of(task.segment(behaviour)), numbers[:, 0], chip.topology))
    apart, together = found
    assert together <= apart / 3


def test_a_curve_needs_a_grid_and_traffic_needs_to_be_known():
    ring = made({"topology": "ring"}, mapping={"placement": "hilbert"})
    with pytest.raises(InputError, match="expected a mesh or torus of two dimensions for hilbert"):
        place((), planes=1, chip=ring)
    mesh = made({"topology": "mesh", "shape": [5, 4]}, mapping={"placement": "traffic"})
    with pytest.raises(
        InputError, match="traffic is known beforehand for synthetic workloads only"
    ):
        place((), planes=1, chip=mesh)


def test_a_network_without_room_is_refused_before_its_traffic_is_worked_out():
    mesh = made({"topology": "mesh", "shape": [5, 4]}, mapping={"placement": "traffic"})
    large = workload({"name": "a", "inputs": 10**6, "outputs": 10**6})
    with pytest.raises(InputError, match=r"the network needs \d+ arrays .* has"):
        place(
            large.blocks(mesh.description.behaviour),
            planes=1,
            chip=mesh,
            traffic=lambda: pytest.fail("there is no room"),
        )


def test_a_chip_without_a_mapping_section_is_dumped_without_one():
    assert "mapping" not in read_chip("madem_64").model_dump(mode="json")
    assert "mapping" in read_chip("mesh_256", settings={"mapping.seed": "1"}).model_dump()


def test_a_ledger_of_series_sums_to_the_ledger_of_tiles(monkeypatch):
    chip = made(MESH | {"link": {"channels": 2, "depth": 64}}, arrays=24)
    low, _, segment = lowered(TWO, chip)
    timing = FastEngine(low.stations, tell=lambda _: None).run(segment)

    def kept(low, segment):
        ledger = Ledger(accounts=low.accounts, stations=low.stations)
        ledger.add(
            segment,
            arrival_ticks=timing.arrival_ticks,
            start_ticks=timing.start_ticks,
            end_tick=timing.end_tick,
        )
        return ledger

    each = kept(low, segment)
    monkeypatch.setattr(lower_batches, "DETAIL_LIMIT", 10)
    low, _, segment = lowered(TWO, chip)
    book, spreads = grouped(kept(low, segment), chip)
    sums = {}
    for _, account, tally in each.actions():
        entry = sums.setdefault((account.component, account.action), np.zeros(3, dtype=object))
        entry += [tally.count, tally.busy_ticks, tally.waiting_ticks]
    for _, account, tally in book.actions():
        wanted = sums.pop((account.component, account.action))
        assert wanted.tolist() == [tally.count, tally.busy_ticks, tally.waiting_ticks]
    assert not sums
    of_classes, of_tiles = group_prices(chip, book), prices(chip, low.accounts)
    ticks = {(row.tile, row.component): row.ticks for row in book.states(of_classes)}
    leaking = sum(
        of_classes.leakage_aw[tile, part, "idle"] * value for (tile, part), value in ticks.items()
    )
    alone = sum(
        of_tiles.leakage_aw[row.tile, row.component, row.state] * row.ticks
        for row in each.states(of_tiles)
    )
    assert leaking == alone
    rows = groups_frame(spreads, of_classes)
    converting = rows[rows.action == "convert"].iloc[0]
    assert converting.tiles == 24
    assert converting.count_min == 0
    assert converting.count_sum == converting.count_mean * 24


def test_exact_sums_stay_exact_beyond_64_bits():
    sums = ExactSums(3)
    top = np.array([(1 << 62) - 1, 5], dtype=np.int64)
    for _ in range(40):
        sums.add(np.array([1, 2]), top, times=1000)
    assert sums[1] == 40_000 * ((1 << 62) - 1)
    assert sums.ends(slice(1, 3)) == (200_000, 40_000 * ((1 << 62) - 1))
    assert sums.total(slice(0, 3)) == sums[1] + sums[2]


def test_a_grid_of_two_has_one_link_each_way_between_its_nodes():
    grid = Grid([f"t{n}" for n in range(4)], shape=(2, 2), wraps=True)
    assert grid.edge_count() == 8
    assert (
        len(set(zip(grid.links().source.tolist(), grid.links().target.tolist(), strict=True))) == 8
    )


def test_a_network_far_too_large_is_refused_at_once_by_its_shapes():
    task = workload({"name": "wide", "inputs": 10**8, "outputs": 10**8})
    with pytest.raises(
        InputError, match=r"needs 4882812500000 arrays \(wide needs 4882812500000\)"
    ):
        run(task, "mesh_256")

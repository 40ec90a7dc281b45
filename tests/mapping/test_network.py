"""Packets on networks of all kinds: what they take, what they count, and that they arrive."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from archsim.chip.links import past_dateline
from archsim.engine import ReferenceEngine
from archsim.engine.fast import FastEngine
from archsim.errors import DeadlockError, InputError
from archsim.mapping.lower import Lowering
from archsim.mapping.lower_batches import batch_segment
from archsim.mapping.multicast import packets
from archsim.mapping.place import place
from archsim.trace import BatchSegment, Block, Messages, OpBatch, OpKind, Phase, Recorder
from tests.mapping.chips import CYCLE, ROUTER, described, made

MESH = {"topology": "mesh", "shape": [5, 4]}
TORUS = {"topology": "torus", "shape": [5, 4]}
RING = {"topology": "ring"}
TREE = {"topology": "tree", "arity": 3}
BOUNDED = {"channels": 2, "depth": 4}


def lowering(chip, blocks=16):
    names = [Block("w", 0, column) for column in range(blocks)]
    return Lowering(chip=chip, placement=place(names, planes=1, chip=chip), joined=False)


def batch(blocks):
    blocks = np.asarray(blocks)
    counts = np.ones((len(blocks), 1), dtype=np.int64)
    return OpBatch(
        kind=OpKind.DIGITAL,
        names=(("neuron.operate", -1),),
        counts=counts,
        slots=np.ones(len(blocks), dtype=np.int64),
        blocks=blocks,
    )


def sent(senders, receivers, *, bits):
    """Each sender's op sends to the receivers of its row."""
    first, wide = len(senders), [receiver for row in receivers for receiver in row]
    offsets = np.concatenate(([0], np.cumsum([len(row) for row in receivers])))
    return BatchSegment(
        epoch=-1,
        step=0,
        phase=Phase.INFERENCE,
        batches=(batch(senders), batch(wide)),
        messages=Messages(
            producer=np.arange(first),
            bits=np.full(first, bits),
            offsets=offsets,
            consumers=first + np.arange(len(wide)),
        ),
    )


def random_traffic(seed, *, packets=400, bits=96):
    draws = np.random.Generator(np.random.PCG64(seed))
    senders = draws.integers(0, 16, packets)
    return sent(senders, draws.integers(0, 16, (packets, 1)).tolist(), bits=bits)


def both(stations, segment):
    fast = FastEngine(stations, tell=lambda _: None).run(segment)
    reference = ReferenceEngine(stations).run(segment)
    assert (fast.start_ticks == reference.start_ticks).all()
    assert fast.end_tick == reference.end_tick
    return fast


@pytest.mark.parametrize("network", [MESH, TORUS, RING, TREE], ids=lambda one: one["topology"])
@pytest.mark.parametrize("flits", [1, 3])
def test_a_packet_alone_takes_a_hop_for_every_link_and_a_cycle_for_every_further_flit(
    network, flits
):
    chip = made(dict(network))
    low = lowering(chip)
    for source, target in ((0, 1), (0, 15), (6, 11)):
        segment = batch_segment(low, sent([source], [[target]], bits=32 * flits))
        route = chip.route(f"array[{source}]", f"array[{target}]")
        hops = sum(CYCLE + (ROUTER if chip.has_router(link.target) else 0) for link in route)
        timing = both(low.stations, segment)
        operate = 833_300
        assert timing.end_tick == 2 * operate + hops + (flits - 1) * CYCLE


@pytest.mark.parametrize("network", [MESH, TORUS, RING, TREE], ids=lambda one: one["topology"])
def test_every_flit_passes_every_link_of_its_route_once(network):
    chip = made(network | {"link": BOUNDED})
    low = lowering(chip)
    trace = random_traffic(3)
    segment = batch_segment(low, trace)
    both(low.stations, segment)
    links = {station.name for station in low.stations.stations if "->" in station.name}
    booked = dict.fromkeys(links, 0)
    for number, count in zip(segment.account.tolist(), segment.count.tolist(), strict=True):
        if number >= 0 and low.accounts[number].action == "transfer":
            booked[low.accounts[number].tile] += count
    wanted = dict.fromkeys(links, 0)
    producers = trace.batches[0].blocks
    for source, target in zip(producers.tolist(), trace.batches[1].blocks.tolist(), strict=True):
        for link in chip.route(f"array[{source}]", f"array[{target}]"):
            wanted[link.name] += 96
    assert booked == wanted


@pytest.mark.parametrize("network", [RING, TORUS], ids=lambda one: one["topology"])
@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("fork", [1, 4])
def test_heavy_traffic_on_rings_with_a_dateline_never_blocks_itself(network, channels, fork):
    chip = made(network | {"link": {"channels": channels, "depth": 2}})
    low = lowering(chip)
    draws = np.random.Generator(np.random.PCG64(channels))
    receivers = [draws.choice(16, fork, replace=False).tolist() for _ in range(600)]
    trace = sent(draws.integers(0, 16, 600), receivers, bits=64)
    segment = batch_segment(low, trace)
    timing = both(low.stations, segment)
    assert len(timing.start_ticks) == len(segment.station)
    assert (timing.start_ticks >= timing.arrival_ticks).all()


def ring_of_switches(link):
    """Four tiles, each behind a switch of a one-way ring; every route is given."""
    links = [{"source": f"s{n}", "target": f"s{(n + 1) % 4}", "one_way": True} for n in range(4)]
    links += [{"source": f"array[{n}]", "target": f"s{n}"} for n in range(4)]
    links += [{"source": "control", "target": "s0"}]
    routes = [
        [f"array[{n}]", *(f"s{(n + step) % 4}" for step in range(4)), f"array[{(n + 3) % 4}]"]
        for n in range(4)
    ]
    switches = ["s0", "s1", "s2", "s3"]
    free = {"topology": "free", "switches": switches, "links": links, "routes": routes}
    return free | {"link": link}


def test_routes_in_a_circle_without_a_dateline_end_with_the_cycle_that_waits():
    chip = made(ring_of_switches({"channels": 1, "depth": 2}), arrays=4)
    low = lowering(chip, 4)
    senders = list(range(4)) * 20
    trace = sent(senders, [[(sender + 3) % 4] for sender in senders], bits=64)
    segment = batch_segment(low, trace)
    for engine in (ReferenceEngine(low.stations), FastEngine(low.stations, tell=lambda _: None)):
        with pytest.raises(DeadlockError, match=r"s\d->s\d"):
            engine.run(segment)
    roomy = lowering(made(ring_of_switches({"channels": 0, "depth": 0}), arrays=4), 4)
    both(roomy.stations, batch_segment(roomy, trace))


def test_a_route_that_is_given_is_taken():
    chip = made(ring_of_switches({"channels": 0, "depth": 0}), arrays=4)
    names = [link.name for link in chip.route("array[0]", "array[3]")]
    assert names == ["array[0]->s0", "s0->s1", "s1->s2", "s2->s3", "s3->array[3]"]


@pytest.mark.parametrize(
    ("route", "text"),
    [
        (["array[0]", "s0", "s2", "array[2]"], r"route over a missing link: .* \"s0\" to \"s2\""),
        (["s0", "s1", "array[1]"], r"a route from a tile to a tile, got \"s0\""),
        (["array[0]", "s0", "array[0]"], r"every node once on a route, got \"array\[0\]\" twice"),
    ],
)
def test_routes_that_cannot_be_are_refused(route, text):
    network = ring_of_switches({"channels": 0, "depth": 0}) | {"routes": [route]}
    with pytest.raises(ValidationError, match=text):
        described(network, arrays=4)


def test_a_packet_longer_than_a_buffer_is_refused_with_the_field_that_is_too_small():
    chip = made(MESH | {"link": BOUNDED | {"packet": 0}})
    low = lowering(chip)
    text = r"network\.link\.depth: expected room for 5 flits, the packet of 160 bits .* got 4"
    with pytest.raises(InputError, match=text):
        batch_segment(low, sent([0], [[10]], bits=160))


def bits_carried(low, segment):
    counts = zip(segment.account.tolist(), segment.count.tolist(), strict=True)
    return sum(count for at, count in counts if at >= 0 and low.accounts[at].action == "transfer")


WHOLE = {"channels": 0, "depth": 0, "packet": 0}


@pytest.mark.parametrize(
    ("receivers", "link"),
    [
        ([15], {"channels": 4, "depth": 4, "packet": 4}),  # three packets, each in its own channel
        ([15], WHOLE | {"packet": 1}),
        ([3, 7, 11, 15], WHOLE | {"packet": 1}),
    ],
)
def test_a_message_cut_into_packets_arrives_with_its_last_flit(receivers, link):
    found = []
    for wire in (WHOLE, link):
        low = lowering(made(MESH | {"link": wire}))
        segment = batch_segment(low, sent([0], [receivers], bits=380))  # 12 flits of 32, not full
        found.append((both(low.stations, segment).end_tick, bits_carried(low, segment)))
    assert found[0] == found[1]


@pytest.mark.parametrize("network", [MESH, TORUS, RING, TREE], ids=lambda one: one["topology"])
def test_cut_messages_under_heavy_traffic_are_timed_alike_by_both_engines(network):
    link = {"channels": 2, "depth": 3, "packet": 3}
    low = lowering(made(network | {"link": link}))
    whole = lowering(made(network | {"link": {"channels": 0, "depth": 0}}))
    trace = random_traffic(7, bits=32 * 8)
    segment = batch_segment(low, trace)
    both(low.stations, segment)
    assert (segment.flits <= 3).all()
    assert bits_carried(low, segment) == bits_carried(whole, batch_segment(whole, trace))


@pytest.mark.parametrize(("depth", "bits"), [(4, 4 * 32), (8, 5 * 32), (0, 5 * 32)])
def test_packets_are_as_long_as_said_or_as_a_channel_is_deep(depth, bits):
    link = {"channels": min(depth, 2), "depth": depth, "packet": 5}
    assert made(MESH | {"link": link}).packet_bits == bits


def test_a_result_that_several_tiles_want_passes_shared_links_once():
    chip = made(MESH | {"link": BOUNDED})
    low = lowering(chip)
    receivers = [3, 7, 11, 15]  # one column of the mesh; row 0 is shared by all
    segment = batch_segment(low, sent([0], [receivers], bits=96))
    both(low.stations, segment)
    links = [low.accounts[n].tile for n in segment.account.tolist() if n >= 0]
    links = [name for name in links if "->" in name]
    assert len(links) == len(set(links)) == 3 + 3
    alone = batch_segment(low, sent([0], [[15]], bits=96))
    longest = both(low.stations, alone)
    assert both(low.stations, segment).end_tick == longest.end_tick


def result_for_three_tiles():
    """Return a trace segment of an op whose result of 96 bits is read in three places."""
    segments = []
    recorder = Recorder(segments.append)
    with recorder.segment(epoch=0, step=0, phase=Phase.FREE):
        made_by = recorder.op(
            OpKind.READ,
            blocks=(Block("w", 0, 0),),
            counts={("array.cell_read", 0, 0): 1},
            output_bits=96,
        )
        for column in (3, 7, 11):
            recorder.op(
                OpKind.READ,
                blocks=(Block("w", 0, column),),
                counts={("array.cell_read", 0, 0): 1},
                after=(made_by,),
            )
    return segments[0]


def test_ops_with_one_result_for_several_tiles_branch_too():
    low = lowering(made(MESH | {"link": BOUNDED}))
    segment = low.segment(result_for_three_tiles())
    names = [low.stations[number].name for number in segment.station.tolist()]
    links = [name for name in names if "->" in name]
    assert len(links) == len(set(links)) == 3 + 2
    assert (segment.fork_of >= 0).sum() == 2
    both(low.stations, segment)


def test_results_of_single_ops_are_cut_as_well():
    whole = lowering(made(MESH | {"link": WHOLE}))
    cut = lowering(made(MESH | {"link": WHOLE | {"packet": 1}}))
    segments = [low.segment(result_for_three_tiles()) for low in (whole, cut)]
    assert (segments[1].flits == 1).all()
    assert bits_carried(whole, segments[0]) == bits_carried(cut, segments[1])
    ends = [
        both(low.stations, one).end_tick for low, one in zip((whole, cut), segments, strict=True)
    ]
    assert ends[0] == ends[1]


def test_the_channel_is_the_packet_number_modulo_channels_of_its_class():
    chip = made(RING | {"link": {"channels": 4, "depth": 4}})
    low = lowering(chip)
    segment = batch_segment(low, random_traffic(5))
    links = chip.topology.links()
    owner = np.repeat(np.arange(segment.task_count), np.diff(segment.visit_offsets))
    number = segment.station - low.fabric.first_link
    on_link = (number >= 0) & (number < len(links.source))
    assert (segment.channel[on_link] % 2 == owner[on_link] % 2).all()
    crossed = links.wraps[number[on_link]]
    assert crossed.any()
    assert (segment.channel[on_link][crossed] >= 2).all()


def test_routes_of_one_message_are_cut_where_they_part_and_where_somebody_takes_it_off():
    chip = made(dict(MESH))
    goals = np.array([2, 3, 6])  # 0→1→2, 0→1→2→3, 0→1→2→6
    routes = chip.topology.routes(np.zeros(3, dtype=np.int64), goals)
    found = packets(routes, np.zeros(3, dtype=np.int64), chip.topology.links())
    assert np.diff(found.offsets).tolist() == [2, 1, 1]
    assert found.trunk.tolist() == [-1, 0, 0]
    assert found.forks.tolist() == [True, False, False]
    assert found.delivered.tolist() == [0, 1, 2]


@pytest.mark.parametrize("network", [MESH, TORUS, RING, TREE], ids=lambda one: one["topology"])
def test_routes_as_arrays_are_the_routes_one_by_one(network):
    chip = made(dict(network))
    tiles = np.arange(len(chip.tiles))
    sources, targets = (grid.ravel() for grid in np.meshgrid(tiles, tiles))
    routes = chip.topology.routes(sources, targets)
    for turn, (source, target) in enumerate(zip(sources.tolist(), targets.tolist(), strict=True)):
        links = routes.links[routes.offsets[turn] : routes.offsets[turn + 1]].tolist()
        wanted = chip.route(chip.tiles[source].name, chip.tiles[target].name)
        assert links == [link.number for link in wanted]
        assert [chip.link(number) for number in links] == list(wanted)


def test_a_ring_is_past_its_dateline_from_the_link_that_joins_its_ends():
    chip = made(dict(RING))
    tiles = len(chip.tiles)
    routes = chip.topology.routes(np.array([tiles - 2]), np.array([1]))
    assert past_dateline(routes, chip.topology.links()).tolist() == [False, True, True]

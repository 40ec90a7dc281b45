"""The loop for segments that use finite buffers."""

from __future__ import annotations

from archsim.engine._kernel.calendar import FAR, Codes, drop, first, put, rise
from archsim.engine._kernel.compiled import AHEAD, entry, fetch, part, wide
from archsim.engine._kernel.records import Floor
from archsim.engine._kernel.tasks import complete, hold
from archsim.mapping.program import IntArray

__all__ = ["NUMBERS", "run_buffers"]

NUMBERS = 7
SIZE, AWAKE, END, EVENTS, STARTED, BASE, FULL = range(NUMBERS)
"""Places in `Floor.numbers`: events in the calendar, stations awake, end of the segment so far,
events so far, visits started, code of station 0, whether the calendar was too small."""


@part
def _look_at(f: Floor, keys: IntArray, codes: Codes, bits: int, number: int, tick: int) -> None:
    """Let a station look for visits to start at a later tick, unless it does so earlier."""
    station = f.stations[number]
    if tick >= station.wake:
        return
    station.wake = tick
    size = f.numbers[SIZE]
    if size + len(f.tasks.ready) < len(keys):
        f.numbers[SIZE] = put(keys, codes, bits, size, tick, f.numbers[BASE] + number)
    else:
        f.numbers[FULL] = 1


@part
def _look_now(f: Floor, number: int) -> None:
    """Let a station look for visits to start in this tick."""
    if not f.stations[number].awake:
        f.stations[number].awake = 1
        rise(f.awake, None, f.numbers[AWAKE], number, 0)
        f.numbers[AWAKE] += 1


@part
def _earlier(f: Floor, one: int, other: int) -> bool:
    """Return whether a visit comes before another in order of (arrival tick, task id)."""
    if f.visits[one].tick == f.visits[other].tick:
        return one < other
    return bool(f.visits[one].tick < f.visits[other].tick)


@part
def _ask(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, visit: int) -> None:
    """Let the head of a channel ask for its next station."""
    number = wide(f.visits[visit].station)
    station = f.stations[number]
    before, behind = -1, wide(station.heads)
    while behind >= 0 and _earlier(f, behind, visit):
        before, behind = behind, wide(f.visits[behind].after)
    f.visits[visit].after = behind
    if before < 0:
        station.heads = visit
    else:
        f.visits[before].after = visit
    soonest = max(f.channels[f.visits[visit].leaves].open, station.free)
    if soonest <= tick:
        _look_now(f, number)
    else:
        _look_at(f, keys, codes, bits, number, soonest)


@part
def _promote(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, code: int) -> None:
    """Let the new head of a channel ask; of a trunk, every branch that is ready."""
    place = end = 0
    if code & 1:
        trunk = f.visits[code >> 1].then - 1
        place, end = f.fork_bounds[trunk], f.fork_bounds[trunk + 1]
    while True:
        visit = code >> 1
        if code & 1:
            if place == end:
                return
            visit = f.tasks.first[f.branches[place]]
            place += 1
        if f.visits[visit].tick >= 0:
            _ask(f, keys, codes, bits, tick, visit)
        if code & 1 == 0:
            return


@part
def _enter(f: Floor, tick: int, number: int, code: int) -> bool:
    """Put a packet into a channel; return whether it is the head there."""
    channel = f.channels[number]
    f.visits[code >> 1].link = -1
    if channel.head >= 0:
        f.visits[channel.tail >> 1].link = code
        channel.tail = code
        return False
    channel.head = code
    channel.tail = code
    channel.open = max(channel.open, tick)
    return True


@part
def _queue(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, visit: int) -> None:
    """Put a visit that comes from no finite buffer into the queue of its station."""
    one = f.visits[visit]
    station = f.stations[one.station]
    one.link = -1
    if station.queue >= 0:
        f.visits[station.tail].link = visit
        station.tail = visit
        return
    station.queue = visit
    station.tail = visit
    if station.free <= tick or one.occupancy == 0:
        _look_now(f, wide(one.station))
    else:
        _look_at(f, keys, codes, bits, wide(one.station), station.free)


@part
def _arrive(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, code: int) -> None:
    """Let a visit arrive, or a trunk come to its fork."""
    visit = code >> 1
    one = f.visits[visit]
    fork = code & 1
    if not fork:
        one.tick = tick
        if one.leaves < 0:
            _queue(f, keys, codes, bits, tick, visit)
            return
    if fork or one.fork < 0:
        asks = _enter(f, tick, wide(one.takes if fork else one.leaves), code)
    else:
        asks = f.channels[one.leaves].head == 2 * one.fork + 1
    if asks:
        _promote(f, keys, codes, bits, tick, code)


@part
def _room_tick(f: Floor, tick: int, number: int, flits: int) -> int:
    """Return when a channel has room; `FAR` if too few places are known to return."""
    channel = f.channels[number]
    visit = channel.back
    while visit >= 0 and f.visits[visit].back <= tick:
        channel.room += f.visits[visit].flits
        channel.due -= f.visits[visit].flits
        visit = f.visits[visit].link
    channel.back = visit
    room = channel.room
    if room >= flits:
        return tick
    if room + channel.due < flits:
        if channel.need == 0 or flits < channel.need:
            channel.need = flits
        return FAR
    while True:
        room += f.visits[visit].flits
        if room >= flits:
            return wide(f.visits[visit].back)
        visit = f.visits[visit].link


@part
def _give_back(
    f: Floor, keys: IntArray, codes: Codes, bits: int, number: int, visit: int, tick: int
) -> None:
    """Let the places that `visit` took in a channel return at `tick`."""
    channel = f.channels[number]
    one = f.visits[visit]
    one.back = tick
    one.link = -1
    if channel.back < 0:
        channel.back = visit
    else:
        f.visits[channel.back_tail].link = visit
    channel.back_tail = visit
    channel.due += one.flits
    f.numbers[END] = max(f.numbers[END], tick)
    if channel.need and channel.room + channel.due >= channel.need:
        channel.need = 0
        _look_at(f, keys, codes, bits, wide(channel.station), tick)


@part
def _leave(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, visit: int) -> None:
    """Take the port, and let go of the channel unless further branches wait."""
    one = f.visits[visit]
    number = wide(one.leaves)
    channel = f.channels[number]
    over = tick + one.occupancy
    f.stations[channel.station].port = over
    taker, packet = visit - 1, visit
    if one.fork >= 0:
        taker = packet = wide(one.fork)
        trunk = f.visits[taker].then - 1
        f.left[trunk] -= 1
        if f.left[trunk]:
            return
    behind = wide(f.visits[packet].link)
    channel.head = behind
    channel.open = over + channel.head_ticks
    _give_back(f, keys, codes, bits, number, taker, over + channel.credit_ticks)
    if behind >= 0:
        _promote(f, keys, codes, bits, tick, behind)


@part
def _begin(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, visit: int) -> None:
    """Start a visit."""
    one = f.visits[visit]
    one.tick = tick
    f.numbers[STARTED] += 1
    if one.leaves >= 0:
        _leave(f, keys, codes, bits, tick, visit)
    if one.takes >= 0:
        f.channels[one.takes].room -= one.flits
    if one.occupancy:
        hold(f.stations, f.servers, wide(one.station), tick + one.occupancy)
    over = tick + one.latency
    end = max(over, tick + one.occupancy)
    size = f.numbers[SIZE]
    if one.then == 0:
        fetch(f.visits, visit + 1)
    if one.then == 0 or one.takes >= 0:
        code = 2 * visit + 2 if one.then == 0 else 2 * visit + 1
        size = put(keys, codes, bits, size, over, code)
    if one.then > 0:
        size, latest = complete(f.tasks, keys, codes, bits, size, over, wide(one.then) - 1)
        end = max(end, latest)
    f.numbers[SIZE] = size
    f.numbers[END] = max(f.numbers[END], end)


@part
def _able_tick(f: Floor, tick: int, visit: int) -> int:
    """Return when a visit might start, by channel, port and places; `tick` if it may now."""
    one = f.visits[visit]
    able = tick
    if one.leaves >= 0:
        channel = f.channels[one.leaves]
        able = max(able, channel.open, f.stations[channel.station].port)
    if one.takes >= 0:
        able = max(able, _room_tick(f, tick, wide(one.takes), wide(one.flits)))
    return able


@part
def _withdraw(f: Floor, number: int, before: int, visit: int) -> None:
    """Take a visit off the heads that ask for a station; it comes somewhere after `before`."""
    after = f.stations[number].heads if before < 0 else f.visits[before].after
    while after != visit:  # heads that began to ask since `before` was looked at
        before, after = after, f.visits[after].after
    if before < 0:
        f.stations[number].heads = f.visits[visit].after
    else:
        f.visits[before].after = f.visits[visit].after


@part
def _serve(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, number: int) -> None:
    """Start visits in order of (arrival tick, task id) until none can start.

    One pass is enough: within a tick, servers, ports and places only become fewer.
    """
    station = f.stations[number]
    station.awake = 0
    before, head, queued = -1, wide(station.heads), wide(station.queue)
    soonest = soonest_unserved = FAR
    while head >= 0 or queued >= 0:
        own = queued >= 0 and (head < 0 or _earlier(f, queued, head))
        visit = queued if own else head
        held = f.visits[visit].occupancy
        if station.free > tick and held and (own or queued < 0 or f.visits[queued].occupancy):
            soonest = tick
            break
        able = _able_tick(f, tick, visit)
        starts = able <= tick and (held == 0 or station.free <= tick)
        if held == 0 and not starts:
            soonest_unserved = able
        elif not starts:
            soonest = min(soonest, able)
        if own:
            queued = -1
            if starts:
                queued = wide(f.visits[visit].link)
                station.queue = queued
        else:
            head = wide(f.visits[visit].after)
            if starts:
                _withdraw(f, number, before, visit)
            else:
                before = visit
        if starts:
            _begin(f, keys, codes, bits, tick, visit)
    soonest = min(max(soonest, station.free), soonest_unserved)
    if soonest < FAR:
        _look_at(f, keys, codes, bits, number, soonest)


@entry
def run_buffers(f: Floor, keys: IntArray, codes: Codes, bits: int) -> tuple[bool, bool, int, int]:
    """Find the start of every visit.

    Returns
    -------
    bool
        Whether the calendar was too small; the rest means nothing then.
    bool
        Whether visits are left that can never start.
    int
        How many events there were.
    int
        When the segment ends.
    """
    base = f.numbers[BASE] = 2 * len(f.visits)
    released = 0
    while not f.numbers[FULL]:
        tick, code = first(keys, codes, bits, f.numbers[SIZE])
        now = min(tick, f.tasks.release_ticks[released])
        if now == FAR:
            break
        while True:
            visit = f.tasks.release_visits[released]
            if f.tasks.release_ticks[released] == now and (tick > now or 2 * visit < code):
                released += 1
                ahead = min(released + AHEAD, len(f.tasks.release_visits) - 2)
                fetch(f.visits, f.tasks.release_visits[ahead])
                _arrive(f, keys, codes, bits, now, 2 * visit)
            elif tick == now:
                f.numbers[SIZE] = drop(keys, codes, f.numbers[SIZE])
                if code < base:
                    _arrive(f, keys, codes, bits, now, code)
                elif f.stations[code - base].wake == now:
                    f.stations[code - base].wake = FAR
                    _look_now(f, code - base)
                tick, code = first(keys, codes, bits, f.numbers[SIZE])
            else:
                break
            f.numbers[EVENTS] += 1
        while f.numbers[AWAKE]:
            number = f.awake[0]
            f.numbers[AWAKE] = drop(f.awake, None, f.numbers[AWAKE])
            _serve(f, keys, codes, bits, now, number)
    stuck = f.numbers[STARTED] < len(f.visits)
    return f.numbers[FULL] > 0, stuck, f.numbers[EVENTS], f.numbers[END]

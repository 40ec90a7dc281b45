"""The loops of the fast engine, compiled.

Two loops follow `archsim.engine.contract`. `run_queues` is for segments that use no finite buffer:
queues are first in, first out, so the start of a visit is known when it arrives, and there is one
event per visit. `run_buffers` is for all others: a station looks for visits to start when one
arrives, and again at the first tick at which one that waits might start.

Both keep one calendar, a 4-ary heap of (tick, code), in which codes order what happens within a
tick. Where both fit into one int64 they are packed: `codes` is then None, which the compiler
knows, and `bits` is the width of a code. Else codes stand in an array of their own. Releases are
sorted once and stay outside the heap. Nothing is allocated inside a loop.

Both loops and all that they call stand in this one file, because numba's cache of compiled code
notices changes in a function's own file only.
"""

from __future__ import annotations

from numpy import int64

from archsim.engine._layout import FAR, Floor, Queues, Records, Tasks, entry, part
from archsim.mapping.program import IntArray

__all__ = [
    "AWAKE",
    "BASE",
    "END",
    "EVENTS",
    "FULL",
    "SIZE",
    "STARTED",
    "run_buffers",
    "run_queues",
]

Codes = IntArray | None

SIZE, AWAKE, END, EVENTS, STARTED, BASE, FULL = range(7)
"""Places in `Floor.numbers`: events in the heap, stations awake, end of the segment so far, events
so far, visits started, code of station 0 in the calendar, whether the heap was too small."""


# The calendar


@part
def _sink(keys: IntArray, codes: Codes, size: int, key: int, code: int) -> None:
    """Put an entry where the root is missing, of `size` entries in all."""
    hole = 0
    while True:
        child = 4 * hole + 1
        if child >= size:
            break
        place, least = child, keys[child]
        if codes is None:
            if child + 3 < size:
                second, third, fourth = keys[child + 1], keys[child + 2], keys[child + 3]
                if second < least:
                    place, least = child + 1, second
                if third < least:
                    place, least = child + 2, third
                if fourth < least:
                    place, least = child + 3, fourth
            else:
                for other in range(child + 1, size):
                    if keys[other] < least:
                        place, least = other, keys[other]
            if key <= least:
                break
        else:
            for other in range(child + 1, min(child + 4, size)):
                if keys[other] < least or (keys[other] == least and codes[other] < codes[place]):
                    place, least = other, keys[other]
            if key < least or (key == least and code <= codes[place]):
                break
            codes[hole] = codes[place]
        keys[hole] = least
        hole = place
    keys[hole] = key
    if codes is not None:
        codes[hole] = code


@part
def _rise(keys: IntArray, codes: Codes, size: int, key: int, code: int) -> None:
    """Add an entry to `size` others."""
    hole = size
    while hole:
        parent = (hole - 1) >> 2
        if codes is None:
            if keys[parent] <= key:
                break
        else:
            if keys[parent] < key or (keys[parent] == key and codes[parent] <= code):
                break
            codes[hole] = codes[parent]
        keys[hole] = keys[parent]
        hole = parent
    keys[hole] = key
    if codes is not None:
        codes[hole] = code


@part
def _put(keys: IntArray, codes: Codes, bits: int, size: int, tick: int, code: int) -> int:
    """Add an event and return the new size."""
    if codes is None:
        _rise(keys, codes, size, (tick << bits) | code, 0)
    else:
        _rise(keys, codes, size, tick, code)
    return size + 1


@part
def _drop(keys: IntArray, codes: Codes, size: int) -> int:
    """Remove the first event and return the new size."""
    if codes is None:
        _sink(keys, codes, size - 1, keys[size - 1], 0)
    else:
        _sink(keys, codes, size - 1, keys[size - 1], codes[size - 1])
    return size - 1


@part
def _swap(keys: IntArray, codes: Codes, bits: int, size: int, tick: int, code: int) -> None:
    """Remove the first event and add another one."""
    if codes is None:
        _sink(keys, codes, size, (tick << bits) | code, 0)
    else:
        _sink(keys, codes, size, tick, code)


@part
def _first(keys: IntArray, codes: Codes, bits: int, size: int) -> tuple[int, int]:
    """Return tick and code of the first event; both are `FAR` if there is none."""
    if not size:
        return FAR, FAR
    if codes is None:
        return keys[0] >> bits, keys[0] & ((1 << bits) - 1)
    else:  # noqa: RET505 - the compiler drops whole branches only
        return keys[0], codes[0]


# Tasks and servers


@part
def _complete(
    tasks: Tasks,
    keys: IntArray,
    codes: Codes,
    bits: int,
    size: int,
    tick: int,
    task: int,
    scale: int,
) -> tuple[int, int]:
    """Let `task` complete at `tick`, and then what only waited for that and visits nothing.

    Returns
    -------
    int
        Events in the heap; a task that is ready now has one, with `scale` × its first visit.
    int
        The latest completion.
    """
    over = latest = tick
    depth = 0
    while True:
        for place in range(tasks.bounds[task], tasks.bounds[task + 1]):
            dependent = tasks.dependents[place]
            tasks.ready[dependent] = max(tasks.ready[dependent], over)
            tasks.pending[dependent] -= 1
            if tasks.pending[dependent]:
                continue
            visit = tasks.first[dependent]
            if visit < tasks.first[dependent + 1]:
                size = _put(keys, codes, bits, size, tasks.ready[dependent], scale * visit)
            else:
                tasks.stack[depth] = dependent
                depth += 1
        if not depth:
            return size, latest
        depth -= 1
        task = tasks.stack[depth]
        over = tasks.ready[task]
        latest = max(latest, over)


@part
def _join(
    tasks: Tasks, keys: IntArray, codes: Codes, bits: int, scale: int
) -> tuple[int, int]:
    """Complete all tasks that depend on nothing and visit nothing; return as `_complete` does."""
    size = end = 0
    for root in tasks.roots:
        size, over = _complete(tasks, keys, codes, bits, size, tasks.ready[root], root, scale)
        end = max(end, over)
    return size, end


@part
def _hold(stations: Records, servers: IntArray, number: int, over: int) -> None:
    """Hold the first free server of a station until `over`."""
    station = stations[number]
    if station.servers == 1:
        station.free = over
    else:
        first = station.first_server
        _sink(servers[first : first + station.servers], None, station.servers, over, 0)
        station.free = servers[first]


# Without finite buffers


@entry
def run_queues(
    queues: Queues, tasks: Tasks, keys: IntArray, codes: Codes, bits: int
) -> int:
    """Find the start of every visit; return when the segment ends."""
    size, end = _join(tasks, keys, codes, bits, 1)
    released = 0
    while True:
        tick, visit = _first(keys, codes, bits, size)
        fresh = tasks.release_ticks[released] < tick or (
            tasks.release_ticks[released] == tick and tasks.release_visits[released] < visit
        )
        if fresh:
            tick, visit = tasks.release_ticks[released], tasks.release_visits[released]
            released += 1
        elif not size:
            return end
        number = queues.station[visit]
        station = queues.stations[number]
        start = max(tick, station.last)
        held = queues.occupancy[visit]
        if held:
            start = max(start, station.free)
            _hold(queues.stations, queues.servers, number, start + held)
        station.last = start
        queues.starts[visit] = start
        over = start + queues.latency[visit]
        end = max(end, max(over, start + held))
        then = queues.then[visit]
        if then == 0 and fresh:
            size = _put(keys, codes, bits, size, over, visit + 1)
        elif then == 0:
            _swap(keys, codes, bits, size, over, visit + 1)
        else:
            if not fresh:
                size = _drop(keys, codes, size)
            if then > 0:
                size, latest = _complete(tasks, keys, codes, bits, size, over, then - 1, 1)
                end = max(end, latest)


# With finite buffers


@part
def _look_at(f: Floor, keys: IntArray, codes: Codes, bits: int, number: int, tick: int) -> None:
    """Let a station look for visits to start at a later tick, unless it does so earlier."""
    station = f.stations[number]
    if tick >= station.wake:
        return
    station.wake = tick
    size = f.numbers[SIZE]
    if size + len(f.tasks.ready) < len(keys):
        f.numbers[SIZE] = _put(keys, codes, bits, size, tick, f.numbers[BASE] + number)
    else:
        f.numbers[FULL] = 1


@part
def _look_now(f: Floor, number: int) -> None:
    """Let a station look for visits to start in this tick."""
    if not f.stations[number].awake:
        f.stations[number].awake = 1
        _rise(f.awake, None, f.numbers[AWAKE], number, 0)
        f.numbers[AWAKE] += 1


@part
def _earlier(f: Floor, one: int, other: int) -> bool:
    """Return whether a visit comes before another in order of (arrival tick, task id)."""
    if f.visits[one].arrival == f.visits[other].arrival:
        return one < other
    return bool(f.visits[one].arrival < f.visits[other].arrival)


@part
def _ask(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, visit: int) -> None:
    """Let the head of a channel ask for its next station."""
    number = f.visits[visit].station
    station = f.stations[number]
    before, behind = -1, station.heads
    while behind >= 0 and _earlier(f, behind, visit):
        before, behind = behind, f.visits[behind].after
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
        if f.visits[visit].arrival >= 0:
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
        _look_now(f, one.station)
    else:
        _look_at(f, keys, codes, bits, one.station, station.free)


@part
def _arrive(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, code: int) -> None:
    """Let a visit arrive, or a trunk come to its fork."""
    visit = code >> 1
    one = f.visits[visit]
    fork = code & 1
    if not fork:
        one.arrival = tick
        if one.leaves < 0:
            _queue(f, keys, codes, bits, tick, visit)
            return
    if fork or one.fork < 0:
        asks = _enter(f, tick, one.takes if fork else one.leaves, code)
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
            return int(f.visits[visit].back)
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
        _look_at(f, keys, codes, bits, channel.station, tick)


@part
def _leave(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, visit: int) -> None:
    """Take the port, and let go of the channel unless further branches wait."""
    one = f.visits[visit]
    number = one.leaves
    channel = f.channels[number]
    over = tick + one.occupancy
    f.stations[channel.station].port = over
    taker, packet = visit - 1, visit
    if one.fork >= 0:
        taker = packet = one.fork
        trunk = f.visits[taker].then - 1
        f.left[trunk] -= 1
        if f.left[trunk]:
            return
    behind = f.visits[packet].link
    channel.head = behind
    channel.open = over + channel.head_ticks
    _give_back(f, keys, codes, bits, number, taker, over + channel.credit_ticks)
    if behind >= 0:
        _promote(f, keys, codes, bits, tick, behind)


@part
def _begin(f: Floor, keys: IntArray, codes: Codes, bits: int, tick: int, visit: int) -> None:
    """Start a visit."""
    one = f.visits[visit]
    f.starts[visit] = tick
    f.numbers[STARTED] += 1
    if one.leaves >= 0:
        _leave(f, keys, codes, bits, tick, visit)
    if one.takes >= 0:
        f.channels[one.takes].room -= one.flits
    if one.occupancy:
        _hold(f.stations, f.servers, one.station, tick + one.occupancy)
    over = tick + one.latency
    end = max(over, tick + one.occupancy)
    size = f.numbers[SIZE]
    if one.then == 0 or one.takes >= 0:
        code = 2 * visit + 2 if one.then == 0 else 2 * visit + 1
        size = _put(keys, codes, bits, size, over, code)
    if one.then > 0:
        size, latest = _complete(f.tasks, keys, codes, bits, size, over, one.then - 1, 2)
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
        able = max(able, max(channel.open, f.stations[channel.station].port))
    if one.takes >= 0:
        able = max(able, _room_tick(f, tick, one.takes, one.flits))
    return able


@part
def _withdraw(f: Floor, number: int, before: int, visit: int) -> None:
    """Take a visit off the heads that ask for a station; it comes somewhere after `before`."""
    after = f.stations[number].heads if before < 0 else f.visits[before].after
    while after != visit: # heads that began to ask since `before` was looked at
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
    before, head, queued = -1, station.heads, station.queue
    soonest = soonest_unserved = FAR
    while head >= 0 or queued >= 0:
        own = queued >= 0 and (head < 0 or _earlier(f, queued, head))
        visit = int64(queued if own else head)
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
                queued = f.visits[visit].link
                station.queue = queued
        else:
            head = f.visits[visit].after
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
def run_buffers(f: Floor, keys: IntArray, codes: Codes, bits: int) -> None:
    """Find the start of every visit that can start; the rest is in `Floor.numbers`."""
    base = f.numbers[BASE]
    f.numbers[SIZE], f.numbers[END] = _join(f.tasks, keys, codes, bits, 2)
    released = 0
    while not f.numbers[FULL]:
        tick, code = _first(keys, codes, bits, f.numbers[SIZE])
        now = min(tick, f.tasks.release_ticks[released])
        if now == FAR:
            return
        while True:
            visit = f.tasks.release_visits[released]
            if f.tasks.release_ticks[released] == now and (tick > now or 2 * visit < code):
                released += 1
                _arrive(f, keys, codes, bits, now, 2 * visit)
            elif tick == now:
                f.numbers[SIZE] = _drop(keys, codes, f.numbers[SIZE])
                if code < base:
                    _arrive(f, keys, codes, bits, now, code)
                elif f.stations[code - base].wake == now:
                    f.stations[code - base].wake = FAR
                    _look_now(f, code - base)
                tick, code = _first(keys, codes, bits, f.numbers[SIZE])
            else:
                break
            f.numbers[EVENTS] += 1
        while f.numbers[AWAKE]:
            number = f.awake[0]
            f.numbers[AWAKE] = _drop(f.awake, None, f.numbers[AWAKE])
            _serve(f, keys, codes, bits, now, number)

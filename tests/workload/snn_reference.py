"""A spiking network in plain Python, one number at a time; it shares no code with archsim."""

from __future__ import annotations

import math

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mixed(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def begin(key: int, number: int) -> int:
    return mixed((key + mixed((number + GAMMA) & MASK)) & MASK)


def uniform(start: int, number: int) -> float:
    return (mixed((start + (number + 1) * GAMMA) & MASK) >> 11) * 2.0**-53


def trains(pixels, settings, start):
    """Return the spike times of each input. [ms]"""
    draws, result = 0, []
    for pixel in pixels:
        times: list[float] = []
        if pixel:
            mean = settings["scale"] / (settings["rate"] * float(pixel))
            time = 0.0
            while True:
                time -= math.log(1.0 - uniform(start, draws)) * mean
                draws += 1
                if time >= settings["duration"]:
                    break
                times.append(time)
        result.append(times)
    return result


def fire_times(settings, start):
    """Return the milliseconds at whose end an output neuron fires."""
    steps = range(settings["window"], int(settings["duration"]) + 1)
    return [step for step in steps if uniform(start, step) < settings["chance"]]


def recent(times, now, window):
    """Whether an input with these spikes counts as recent."""
    return any(time < now <= time + window for time in times)


def winner(settings, weights, bias, rows, draw):
    """Return who fires."""
    top = settings["top"]
    potentials = []
    for neuron in range(len(bias)):
        total = sum(weights[row][neuron] for row in rows)
        potentials.append(settings["gain"] * (total / top) + settings["bias_gain"] * bias[neuron])
    highest = max(potentials)
    best = potentials.index(highest)
    if settings["sharp"]:
        return best
    parts = [math.exp(p - highest) if p - highest > -30.0 else 0.0 for p in potentials]
    total = 0.0
    for part in parts:
        total += part
    left = draw * total
    for neuron, part in enumerate(parts):
        left -= part
        if left < 0.0:
            return neuron
    return best


def learn(images, order, first, keys, settings, state):
    """Present images with learning; return the counts of each presentation and change `state`."""
    top, window = settings["top"], settings["window"]
    weights, bias, fired = state["weights"], state["bias"], state["fired"]
    counts = []
    for turn, image in enumerate(order):
        number = first + turn
        share = number / settings["total"]
        floor = settings["floor"] + (settings["floor_end"] - settings["floor"]) * share
        step = settings["step"] + (settings["step_end"] - settings["step"]) * share
        rule = begin(keys[1], number)
        spikes = trains(images[image], settings, begin(keys[0], number))
        moments = fire_times(settings, rule)
        count = {
            "spikes": sum(map(len, spikes)),
            "fires": len(moments),
            "rows": 0,
            "tries": 0,
            "changes": 0,
        }
        count |= {"turns": turns(spikes, settings), "sets": 0, "resets": 0, "ones": 0}
        for decision, now in enumerate(moments):
            rows = [i for i, times in enumerate(spikes) if recent(times, now, window)]
            count["rows"] += len(rows)
            count["ones"] += sum(((w + top) // 2).bit_count() for r in rows for w in weights[r])
            draw = uniform(rule, int(settings["duration"]) + 1 + decision)
            k = winner(settings, weights, bias, rows, draw)
            rate = max(floor, (1.0 + fired[k]) ** -settings["exponent"])
            start = begin(keys[2], (number << 20) + decision)
            for i in range(len(weights)):
                if state["frozen"][i][k]:
                    continue
                count["tries"] += 1
                code = (weights[i][k] + top) // 2
                if i in rows:
                    gain = settings["potentiation"] * math.exp(
                        -settings["decay"] * 2.0 * code / top
                    )
                    change = rate * (gain * top / 2.0)
                else:
                    change = -(rate * (settings["depression"] * top / 2.0))
                part = 0.5 if settings["nearest"] else uniform(start, i)
                new = min(max(math.floor(code + change + part), 0), top)
                new = (new & state["can"][i][k]) | state["must"][i][k]
                if new != code:
                    weights[i][k] = 2 * new - top
                    count["changes"] += 1
                    count["sets"] += (new & ~code).bit_count()
                    count["resets"] += (code & ~new).bit_count()
            bias[k] -= step
            fired[k] += 1
        counts.append(count)
    return counts


def turns(spikes, settings):
    """Return how often inputs become recent or cease to be while the image is shown."""
    total = 0
    for times in spikes:
        until = None
        for time in times:
            if until is None or time > until:
                total += 2
            until = time + settings["window"]
        if until is not None and until > settings["duration"]:
            total -= 1
    return total


def show(images, order, keys, settings, weights, bias):
    """Present images without learning; return who fired for each."""
    result = []
    for image in order:
        rule = begin(keys[1], image)
        spikes = trains(images[image], settings, begin(keys[0], image))
        who = []
        for decision, now in enumerate(fire_times(settings, rule)):
            rows = [i for i, times in enumerate(spikes) if recent(times, now, settings["window"])]
            draw = uniform(rule, int(settings["duration"]) + 1 + decision)
            who.append(winner(settings, weights, bias, rows, draw))
        result.append(who)
    return result

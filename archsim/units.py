"""Units: text with a unit to SI numbers and back; the only module that knows units, or pint.

Inside archsim every number is SI without a unit. At the edge it is text such as ``"4.2 pJ"``. Case
counts in SI (``mJ`` and ``MJ`` differ by 10⁹), so each dimension has a plausible range, and a value
outside it is refused with a guess at the slip.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pint

__all__ = ["DIMENSIONS", "Dimension", "engineering", "expected", "prefixed", "si"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One physical dimension: how it is called, written and checked."""

    name: str
    """Name, with its article, for messages: ``an energy``."""
    unit: str
    """SI unit in which archsim keeps the value: ``J``."""
    example: str
    """Well-formed text."""
    low: Decimal
    """Smallest plausible value above zero, in `unit`."""
    high: Decimal
    """Largest plausible value, in `unit`."""
    zero: bool = False
    """Whether zero is a value, and not a slip."""


def _dimension(name: str, example: str, unit: str, low: str, high: str) -> Dimension:
    return Dimension(
        name=name,
        unit=unit,
        example=example,
        low=Decimal(low),
        high=Decimal(high),
        zero=name == "a power",
    )


DIMENSIONS: Final[Mapping[str, Dimension]] = MappingProxyType(
    {
        "energy": _dimension("an energy", "4.2 pJ", "J", "1e-22", "1e4"),
        "time": _dimension("a time", "1.5 ns", "s", "1e-15", "1e5"),
        "retention": _dimension("a retention time", "1e7 s", "s", "1e-6", "1e11"),
        "frequency": _dimension("a frequency", "1.2 GHz", "Hz", "1", "1e13"),
        "voltage": _dimension("a voltage", "0.2 V", "V", "1e-6", "1e3"),
        "current": _dimension("a current", "3 uA", "A", "1e-15", "1e3"),
        "conductance": _dimension("a conductance", "20 uS", "S", "1e-15", "1e3"),
        "resistance": _dimension("a resistance", "50 kohm", "ohm", "1e-2", "1e15"),
        "transimpedance": _dimension("a transimpedance", "10 kohm", "ohm", "1", "1e13"),
        "capacitance": _dimension("a capacitance", "1 fF", "F", "1e-19", "1"),
        "power": _dimension("a power", "0.3 mW", "W", "1e-18", "2e4"),
        "area": _dimension("an area", "25 um^2", "m^2", "1e-18", "1"),
        "length": _dimension("a length", "100 nm", "m", "1e-10", "10"),
        "temperature": _dimension("a temperature", "300 K", "K", "1e-3", "2e3"),
        "data_rate": _dimension("a data rate", "2 Gbit/s", "bit/s", "1", "1e18"),
        "bandwidth": _dimension("a bandwidth", "2 GB/s", "B/s", "1", "1e17"),
        "flop_rate": _dimension("a flop rate", "19.5 Tflop/s", "flop/s", "1e3", "1e21"),
        "energy_per_bit": _dimension("an energy per bit", "0.5 pJ/bit", "J/bit", "1e-22", "1e-3"),
        "energy_per_byte": _dimension("an energy per byte", "7 pJ/B", "J/B", "1e-22", "1e-2"),
    }
)
"""Every dimension by its name."""

_UNITS = """
metre = [length] = m
second = [time] = s
gram = [mass] = g
ampere = [current] = A
kelvin = [temperature] = K
bit = [information] = bit
flop = [operation] = flop = FLOP
byte = 8 * bit = B
minute = 60 * second = min
hour = 3600 * second = h
hertz = 1 / second = Hz
newton = 1000 * gram * metre / second ** 2 = N
joule = newton * metre = J
electronvolt = 1.602176634e-19 * joule = eV
watt = joule / second = W
volt = watt / ampere = V
ohm = volt / ampere = ohm
siemens = ampere / volt = S
coulomb = ampere * second = C
farad = coulomb / volt = F
"""
_POWERS = {
    "y": -24, "z": -21, "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0,
    "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
_SYMBOLS = (
    "m",
    "s",
    "A",
    "K",
    "bit",
    "flop",
    "FLOP",
    "B",
    "Hz",
    "J",
    "eV",
    "W",
    "V",
    "ohm",
    "S",
    "F",
)
_KNOWN = (
    frozenset(prefix + symbol for prefix in _POWERS for symbol in _SYMBOLS)
    | frozenset(prefix + symbol for prefix in _BINARY for symbol in ("B", "bit"))
    | {"cm", "min", "h", "byte"}
)
_SPELLINGS = str.maketrans({"µ": "u", "μ": "u", "Ω": "ohm", "\u2126": "ohm", "²": "^2", "·": "*"})
_TEXT = re.compile(
    r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?|[-+]?\.?(?:nan|inf)\w*)\s*(.*?)\s*",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[A-Za-z]+(?:\^2|\*\*2)?(?:[*/][A-Za-z]+(?:\^2|\*\*2)?)?")
_LONGEST = 64
_SHORT = 24
_SHORT_FIXED = 6


@functools.cache
def _registry() -> pint.UnitRegistry[Decimal]:
    import pint  # noqa: PLC0415  (0.3 s: only when a unit is first read)

    registry: pint.UnitRegistry[Decimal] = pint.UnitRegistry(None, non_int_type=Decimal)
    lines = [f"{prefix}- = 1e{power}" for prefix, power in _POWERS.items() if prefix]
    lines += [f"{prefix}- = {factor}" for prefix, factor in _BINARY.items()]
    lines += ["c- = 1e-2", *filter(None, _UNITS.splitlines())]
    for line in lines:
        registry.define(line)
    return registry


@functools.lru_cache(maxsize=4096)
def _factor(unit: str, target: str) -> Decimal | None:
    """Return the factor from `unit` to `target`, or None if their dimensions differ."""
    registry = _registry()
    quantity = registry.Quantity(Decimal(1), unit)
    if not quantity.is_compatible_with(target):
        return None
    return Decimal(quantity.to(target).magnitude)


def _dimension_of(unit: str) -> str:
    """Return the name of the dimension that `unit` measures, with its article."""
    for dimension in DIMENSIONS.values():
        if _factor(unit, dimension.unit) is not None:
            return dimension.name
    return f"in {unit}"


def expected(dimension: str) -> str:
    """Return what a text of this dimension looks like: ``an energy such as "4.2 pJ"``."""
    entry = DIMENSIONS[dimension]
    return f'{entry.name} such as "{entry.example}"'


@functools.lru_cache(maxsize=4096)
def si(text: str, dimension: str) -> float:
    """Return the SI value of `text`, correctly rounded.

    Parameters
    ----------
    text : str
        A number and a unit, such as ``"4.2 pJ"``.
    dimension : str
        Key of `DIMENSIONS`.

    Returns
    -------
    float
        Value in the unit of the dimension.

    Raises
    ------
    ValueError
        If the text is malformed, its unit is missing, unknown or of another dimension, or its
        value negative, zero (unless zero makes sense), not finite or absurd.
    """
    entry = DIMENSIONS[dimension]
    match = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        _refuse(f"expected {expected(dimension)}, got {_quoted(text)}")
    number, unit = match[1], match[2].translate(_SPELLINGS)
    if not unit:
        _refuse(f"expected {expected(dimension)}, got {_quoted(text)} (no unit)")
    unit = _checked_unit(unit, text, dimension)
    factor = _factor(unit, entry.unit)
    if factor is None:
        _refuse(f"expected {expected(dimension)}, got {_quoted(text)} ({_dimension_of(unit)})")
    value = Decimal(number) * factor if number[-1].isdigit() or number[-1] == "." else None
    if value is None:
        _refuse(f"expected a finite value, {expected(dimension)}, got {_quoted(text)}")
    _check_range(value, text, match[2], dimension)
    return float(value)


def _refuse(message: str) -> NoReturn:
    raise ValueError(message)


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[:_LONGEST]}…"'


def _checked_unit(unit: str, text: str, dimension: str) -> str:
    unit = re.sub(r"\s*([*/^])\s*", r"\1", unit)
    if _UNIT.fullmatch(unit) is None:
        if re.fullmatch(r"[a-zA-Z]*m2", unit):
            return _checked_unit(f"{unit[:-1]}^2", text, dimension)
        if unit != "1/s":
            _refuse(f"expected {expected(dimension)}, got {_quoted(text)} (malformed unit)")
        return unit
    for symbol in re.findall(r"[A-Za-z]+", unit):
        if symbol not in _KNOWN:
            guess = _guess(symbol)
            hint = f'; did you mean "{unit.replace(symbol, guess)}"?' if guess else ""
            problem = f'(unknown unit "{symbol}"){hint}'
            _refuse(f"expected {expected(dimension)}, got {_quoted(text)} {problem}")
    return unit


def _guess(symbol: str) -> str:
    """Return the known symbol nearest to `symbol`, or nothing."""
    near = [known for known in sorted(_KNOWN) if known.lower() == symbol.lower()]
    near.sort(key=lambda known: known[0] != symbol[0])
    if near:
        return near[0]
    close = get_close_matches(symbol, sorted(_KNOWN), n=1, cutoff=0.75)
    return close[0] if close else ""


def _check_range(value: Decimal, text: str, unit: str, dimension: str) -> None:
    entry = DIMENSIONS[dimension]
    if value == 0 and entry.zero:
        return
    if value <= 0:
        wanted = "zero or a positive value" if entry.zero else "a positive value"
        _refuse(f"expected {wanted}, {expected(dimension)}, got {_quoted(text)}")
    if entry.low <= value <= entry.high:
        return
    low, high = (engineering(float(end), entry.unit) for end in (entry.low, entry.high))
    hint = _case_slip(value, unit, entry)
    _refuse(f"expected {entry.name} between {low} and {high}, got {_quoted(text)}{hint}")


def _case_slip(value: Decimal, unit: str, entry: Dimension) -> str:
    """Return a hint if the other case of the prefix gives a plausible value."""
    swapped = f"{unit[0].swapcase()}{unit[1:]}"
    if unit[0] not in "mMpP" or swapped not in _KNOWN:
        return ""
    factors = _factor(swapped, entry.unit), _factor(unit, entry.unit)
    if factors[0] is None or factors[1] is None:
        return ""
    likely = entry.low <= value / factors[1] * factors[0] <= entry.high
    return f'; did you mean "{swapped}"?' if likely else ""


def prefixed(value: float, unit: str) -> str:
    """Return text that `si` reads back to exactly `value`: 4.2e-12, ``J`` → ``4.2 pJ``."""
    number = Decimal(repr(value))
    prefix, power = _prefix(number, unit)
    scaled = number.scaleb(-power)
    digits = format(scaled.normalize(), "f")
    return f"{digits} {prefix}{unit}" if len(digits) <= _SHORT else f"{value!r} {unit}"


def engineering(value: float, unit: str, digits: int = 3) -> str:
    """Return `value` with an engineering prefix: 4.2e-12, ``J`` → ``4.2 pJ``.

    Parameters
    ----------
    value : float
        Value in `unit`; NaN and infinities are written as they are.
    unit : str
        SI unit without prefix; squared units (``m^2``) are scaled by squared prefixes.
    digits : int, optional
        Significant digits kept.

    Returns
    -------
    str
        Number, space, prefix and unit.
    """
    number = Decimal(repr(float(value)))
    if not number.is_finite() or not number:
        return f"{float(value):g} {unit}"
    rounded = Decimal(format(number, f".{digits - 1}e"))
    prefix, power = _prefix(rounded, unit)
    scaled = rounded.scaleb(-power).normalize()
    shown = format(scaled, "f") if abs(scaled.adjusted()) < _SHORT_FIXED else f"{float(scaled):g}"
    return f"{shown} {prefix}{unit}"


def _prefix(number: Decimal, unit: str) -> tuple[str, int]:
    """Return the prefix that leaves 1 to 999 before the point, and its power of ten."""
    if not number or not unit or not unit[0].isalpha():
        return "", 0
    square = 2 if re.match(r"[A-Za-z]+(\^|\*\*)2", unit) else 1
    step = 3 * square
    power = number.adjusted() // step * step // square
    power = min(max(power, -24), 18)
    return next(prefix for prefix, known in _POWERS.items() if known == power), power * square

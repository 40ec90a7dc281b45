"""Text with a unit to SI and back."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.units import DIMENSIONS, engineering, expected, prefixed, si

GOOD = [
    ("4.2 pJ", "energy", 4.2e-12),
    ("4.2pJ", "energy", 4.2e-12),
    (" 4.2  pJ ", "energy", 4.2e-12),
    ("1.83 fJ", "energy", 1.83e-15),
    ("12 eV", "energy", 1.9226119608e-18),
    ("100 kB/s", "bandwidth", 1e5),
    ("2 TB/s", "bandwidth", 2e12),
    ("1 MiB/s", "bandwidth", 2.0**20),
    ("800 Gbit/s", "bandwidth", 1e11),
    ("10 GB/s", "data_rate", 8e10),
    ("0.5 pJ/bit", "energy_per_bit", 0.5e-12),
    ("0.5 pJ/bit", "energy_per_byte", 4e-12),
    ("19.5 Tflop/s", "flop_rate", 19.5e12),
    ("19.5 TFLOP/s", "flop_rate", 19.5e12),
    ("20 uS", "conductance", 20e-6),
    ("20 µS", "conductance", 20e-6),
    ("50 kohm", "resistance", 5e4),
    ("50 kΩ", "resistance", 5e4),
    ("10 mV/uA", "transimpedance", 1e4),
    ("25 um^2", "area", 25e-12),
    ("25 um**2", "area", 25e-12),
    ("25 µm²", "area", 25e-12),
    ("25 um2", "area", 25e-12),
    ("815 mm^2", "area", 815e-6),
    ("1 cm^2", "area", 1e-4),
    ("1.41 GHz", "frequency", 1.41e9),
    ("5 1/s", "frequency", 5.0),
    ("2 min", "time", 120.0),
    ("1e-3 s", "time", 1e-3),
    ("0 W", "power", 0.0),
]

BAD = [
    ("4.2 ns", "energy", 'expected an energy such as "4.2 pJ", got "4.2 ns" (a time)'),
    ("4.2", "energy", 'expected an energy such as "4.2 pJ", got "4.2" (no unit)'),
    ("pJ", "energy", 'expected an energy such as "4.2 pJ", got "pJ"'),
    ("", "energy", 'expected an energy such as "4.2 pJ", got ""'),
    ("4,2 pJ", "energy", 'expected an energy such as "4.2 pJ", got "4,2 pJ" (malformed unit)'),
    ("4.2 pj", "energy", 'expected an energy such as "4.2 pJ", got "4.2 pj" (unknown unit "pj"); did you mean "pJ"?'),
    ("4.2 foo", "energy", 'expected an energy such as "4.2 pJ", got "4.2 foo" (unknown unit "foo")'),
    ("3 Gb/s", "data_rate", 'expected a data rate such as "2 Gbit/s", got "3 Gb/s" (unknown unit "Gb"); did you mean "GB/s"?'),
    ("1 bit/s", "frequency", 'expected a frequency such as "1.2 GHz", got "1 bit/s" (a data rate)'),
    ("1 GHz", "data_rate", 'expected a data rate such as "2 Gbit/s", got "1 GHz" (a frequency)'),
    ("1 m*s", "energy", 'expected an energy such as "4.2 pJ", got "1 m*s" (in m*s)'),
    ("0 J", "energy", 'expected a positive value, an energy such as "4.2 pJ", got "0 J"'),
    ("-1 W", "power", 'expected zero or a positive value, a power such as "0.3 mW", got "-1 W"'),
    ("nan J", "energy", 'expected a finite value, an energy such as "4.2 pJ", got "nan J"'),
    ("-inf J", "energy", 'expected a finite value, an energy such as "4.2 pJ", got "-inf J"'),
    ("4 MJ", "energy", 'expected an energy between 100 yJ and 10 kJ, got "4 MJ"; did you mean "mJ"?'),
    ("0.3 MV", "voltage", 'expected a voltage between 1 uV and 1 kV, got "0.3 MV"; did you mean "mV"?'),
    ("5 PJ", "energy", 'expected an energy between 100 yJ and 10 kJ, got "5 PJ"; did you mean "pJ"?'),
    ("100 mHz", "frequency", 'expected a frequency between 1 Hz and 10 THz, got "100 mHz"; did you mean "MHz"?'),
    ("3 m^2", "area", 'expected an area between 1 nm^2 and 1 m^2, got "3 m^2"'),
    ("1" * 100 + " J", "energy", f'expected an energy such as "4.2 pJ", got "{"1" * 64}…"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dimension", "value"), GOOD)
def test_text_becomes_the_nearest_float(text, dimension, value):
    assert si(text, dimension) == value


@pytest.mark.parametrize(("text", "dimension", "message"), BAD)
def test_what_cannot_be_meant_is_refused(text, dimension, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        si(text, dimension)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_example_of_each_dimension_is_well_formed(dimension):
    assert si(DIMENSIONS[dimension].example, dimension) > 0
    assert DIMENSIONS[dimension].example in expected(dimension)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_range_of_each_dimension_includes_its_ends(dimension):
    entry = DIMENSIONS[dimension]
    for end in (entry.low, entry.high):
        assert si(f"{end} {entry.unit}", dimension) == float(end)


@given(
    st.sampled_from(sorted(DIMENSIONS)).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.floats(float(DIMENSIONS[name].low), float(DIMENSIONS[name].high)),
        )
    )
)
def test_prefixed_text_reads_back_to_the_same_float(case):
    dimension, value = case
    assert si(prefixed(value, DIMENSIONS[dimension].unit), dimension) == value


@given(st.decimals("1e-20", "1e3", places=22), st.sampled_from(["fJ", "pJ", "nJ", "uJ", "mJ"]))
def test_values_are_rounded_once(number, unit):
    factor = {"fJ": -15, "pJ": -12, "nJ": -9, "uJ": -6, "mJ": -3}[unit]
    exact = Decimal(number).scaleb(factor)
    if exact >= DIMENSIONS["energy"].low:
        assert si(f"{number} {unit}", "energy") == float(exact)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4.2e-12, "J", "4.2 pJ"),
        (1.0, "J", "1 J"),
        (999.9e-15, "J", "1 pJ"),
        (123456.0, "Hz", "123 kHz"),
        (-3.3e-9, "s", "-3.3 ns"),
        (0.0, "W", "0 W"),
        (25e-12, "m^2", "25 um^2"),
        (8.15e-4, "m^2", "815 mm^2"),
        (2e12, "B/s", "2 TB/s"),
        (1e-24, "J", "1 yJ"),
        (float("nan"), "J", "nan J"),
        (float("inf"), "J", "inf J"),
    ],
)
def test_engineering_text_has_three_digits_and_a_prefix(value, unit, text):
    assert engineering(value, unit) == text


def test_engineering_keeps_the_digits_asked_for():
    assert engineering(1.23456e-9, "s", digits=5) == "1.2346 ns"


def test_pint_is_loaded_only_when_a_unit_is_read():
    code = "import sys, archsim.spec, archsim.catalog; sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Prices of the standard kinds against hand arithmetic and published figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from archsim.components.array import conduction_energy
from archsim.components.component import AnyComponent, Setting, built
from archsim.components.converter import sar_energy, sar_time, walden_energy
from archsim.errors import InputError

ANY = TypeAdapter(AnyComponent)
SETTING = Setting(conductance_max=100e-6, rows=64, columns=64, node=32e-9)


def constant(value):
    return {"value": value, "source": "test"}


def actions(**fields):
    return built("x", ANY.validate_python(fields), SETTING).actions


def array(**changes):
    fields = {
        "kind": "crossbar_array",
        "read_voltage": constant("0.2 V"),
        "read_time": constant("100 ns"),
        "settle_time": constant("40 ns"),
        "write_voltage": constant("2 V"),
        "pulse_time": constant("20 ns"),
        "half_select": "none",
    }
    return actions(**(fields | changes))


def area(*, density=1.0, **fields):
    about = {"read_voltage": "0.2 V", "read_time": "1 ns", "settle_time": "1 ns"}
    about |= {"write_voltage": "2 V", "pulse_time": "1 ns"}
    part = {name: constant(value) for name, value in about.items()}
    part |= {"kind": "crossbar_array", "half_select": "none", **fields}
    setting = Setting(conductance_max=100e-6, rows=64, columns=32, density=density)
    return built("x", ANY.validate_python(part), setting).area


def test_a_plane_array_has_room_for_missing_cells_and_a_stack_has_none():
    cell = constant("1 um^2")
    assert area() == 0.0
    assert area(area=constant("7 um^2")) == pytest.approx(7e-12)
    assert area(cell_area=cell, density=0.25) == pytest.approx(2048e-12)
    assert area(cell_area=cell, density=0.25, layers=8) == pytest.approx(64e-12)


def test_an_array_has_one_area():
    cell = constant("1 um^2")
    with pytest.raises(ValueError, match="expected either area or cell_area, got both"):
        area(area=cell, cell_area=cell)
    with pytest.raises(ValueError, match="expected a cell_area beside it, got 8 layers alone"):
        area(layers=8)


def test_array_prices_follow_from_conductance_voltage_and_time():
    prices = {name: action.price_yj for name, action in array().items()}
    assert prices == {
        "cell_read": 400_000_000_000,  # 100 uS x (0.2 V)^2 x 100 ns = 0.4 pJ
        "cell_settle": 160_000_000_000,
        "verify_read": 400_000_000_000,
        "cell_pulse": 8_000_000_000_000,  # 100 uS x (2 V)^2 x 20 ns = 8 pJ
        "half_select": 0,
        "pulse": 0,
    }


def test_array_times_are_those_of_its_acts():
    times = {name: (action.latency, action.interval) for name, action in array().items()}
    assert times == {
        "cell_read": (1e-7, 1e-7),
        "cell_settle": (4e-8, 4e-8),
        "verify_read": (1e-7, 1e-7),
        "cell_pulse": (2e-8, 2e-8),
        "half_select": (2e-8, 2e-8),
        "pulse": (2e-8, 2e-8),
    }


def test_cells_are_counted_by_their_conductance_and_pulses_whole():
    scales = {name: action.scale for name, action in array().items()}
    assert scales.pop("pulse") == 1
    assert set(scales.values()) == {1 << 20}


def test_half_selected_cells_dissipate_a_quarter_of_a_pulse():
    prices = array(half_select="half_voltage")
    assert 4 * prices["half_select"].price_yj == prices["cell_pulse"].price_yj


def test_verify_takes_its_own_time_where_it_is_given():
    verify = array(verify_time=constant("1 us"))["verify_read"]
    assert (verify.price_yj, verify.latency) == (4_000_000_000_000, 1e-6)


def test_pulse_costs_more_than_conduction_where_it_is_said_to():
    assert array(pulse_energy=constant("80 fJ"))["pulse"].price_yj == 80_000_000_000


@given(st.floats(1e-7, 1e-3), st.floats(0.01, 5), st.floats(1e-10, 1e-3), st.floats(0.1, 10))
def test_conduction_energy_scales_with_conductance_time_and_the_square_of_voltage(g, v, t, k):
    energy = conduction_energy(g, v, t)
    assert conduction_energy(k * g, v, t) == pytest.approx(k * energy)
    assert conduction_energy(g, k * v, t) == pytest.approx(k * k * energy)
    assert conduction_energy(g, v, k * t) == pytest.approx(k * energy)


def test_listed_adc_takes_one_interval_at_its_rate():
    adc = actions(kind="adc", bits=8, energy=constant("1.67 pJ"), rate=constant("1.28 GHz"))[
        "convert"
    ]
    assert adc.price_yj == 1_670_000_000_000
    assert (adc.latency, adc.interval) == (1 / 1.28e9, 1 / 1.28e9)


def test_pipelined_adc_has_a_latency_of_its_own():
    adc = actions(kind="adc", bits=8, rate=constant("1 GHz"), latency=constant("9 ns"))["convert"]
    assert (adc.latency, adc.interval) == (9e-9, 1e-9)


@pytest.mark.parametrize(
    ("bits", "picojoules"),
    [(4, 0.067), (5, 0.087), (6, 0.110), (8, 0.161)],  # P (1.1294 bits + 8.8998) uW, (bits + 1) ns
)
def test_sar_equation_gives_the_energies_of_the_neurosim_fit_at_32_nm(bits, picojoules):
    assert sar_energy(bits, node=32e-9) * 1e12 == pytest.approx(picojoules, abs=0.0006)


def test_sar_energy_with_a_column_adds_the_current_through_it():
    extra = sar_energy(8, node=32e-9, column_resistance=1e4) - sar_energy(8, node=32e-9)
    assert extra == pytest.approx(0.079449 * 2.718281828459045 ** (-2.297 * 4) * 9e-9)


def test_sar_energy_falls_with_the_node():
    energies = [sar_energy(6, node=node * 1e-9) for node in (130, 90, 65, 45, 32, 22, 14, 10, 7)]
    assert energies == sorted(energies, reverse=True)


def test_sar_component_follows_its_equation():
    adc = actions(kind="adc_sar", bits=8)["convert"]
    assert adc.price_yj == round(sar_energy(8, node=32e-9) * 1e24)
    assert adc.interval == adc.latency == sar_time(8) == pytest.approx(9e-9)


def test_factor_multiplies_the_sar_equation():
    plain, doubled = (
        actions(kind="adc_sar", bits=6),
        actions(kind="adc_sar", bits=6, factor=constant(2)),
    )
    assert doubled["convert"].price_yj == pytest.approx(2 * plain["convert"].price_yj, abs=1)


def test_sar_equation_refuses_a_node_outside_the_fit():
    with pytest.raises(
        InputError, match=r"technology node of 130, 90, .* nm, got 28 nm; set technology\.node"
    ):
        sar_energy(8, node=28e-9)


def test_sar_equation_refuses_bits_outside_the_fit():
    with pytest.raises(InputError, match="expected 1 to 8 bits, got 9"):
        sar_energy(9, node=32e-9)


def test_sar_component_of_a_chip_without_node_is_refused():
    with pytest.raises(InputError, match=r"got none; set technology\.node"):
        built("adc", ANY.validate_python({"kind": "adc_sar", "bits": 8}), Setting())


@given(st.integers(1, 15), st.floats(1e-16, 1e-12))
def test_one_more_bit_doubles_the_walden_energy(bits, merit):
    energy = walden_energy(bits, figure_of_merit=merit)
    assert walden_energy(bits + 1, figure_of_merit=merit) == pytest.approx(2 * energy)


def test_walden_component_follows_its_equation():
    adc = actions(
        kind="adc_walden", bits=8, figure_of_merit=constant("5 fJ"), rate=constant("2 GHz")
    )
    assert adc["convert"].price_yj == 1_280_000_000_000
    assert adc["convert"].interval == 0.5e-9


def test_memory_prices_reads_and_writes_apart():
    sram = actions(
        kind="sram",
        word_bits=32,
        words=2048,
        read_energy=constant("5 pJ"),
        write_energy=constant("6 pJ"),
        access_time=constant("1 ns"),
    )
    assert [(name, act.price_yj, act.latency) for name, act in sram.items()] == [
        ("read", 5_000_000_000_000, 1e-9),
        ("write", 6_000_000_000_000, 1e-9),
    ]


def test_accumulation_reads_adds_and_writes_one_word():
    accumulator = actions(
        kind="accumulator",
        words=4096,
        read_energy=constant("5 pJ"),
        add_energy=constant("0.2 pJ"),
        write_energy=constant("5 pJ"),
        cycle=constant("1 ns"),
    )
    assert accumulator["add"].price_yj == pytest.approx(10_200_000_000_000, abs=1)


def test_link_is_priced_by_the_bit_and_timed_by_the_flit():
    link = actions(
        kind="link",
        width=256,
        energy=constant("0.054 pJ/bit"),
        cycle=constant("1 ns"),
        latency=constant("3 ns"),
    )["transfer"]
    assert (link.price_yj, link.interval, link.latency) == (54_000_000_000, 1e-9, 3e-9)

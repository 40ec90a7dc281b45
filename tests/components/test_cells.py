"""Cells: how states move under pulses, and what a description may say."""

import numpy as np
import pytest

from archsim.components.behaviour import Behaviour
from archsim.components.cell import CellModel, register_cell
from archsim.components.cell_exponential import ExponentialCell
from archsim.components.cell_table import TableCell
from archsim.errors import InputError, SpecError
from archsim.spec import Description, dump, read


class Part(Description):
    behaviour: Behaviour


TABLE = """\
state,up,down,up_noise,down_noise
0,0.2,0,0.02,0.01
0.5,0.1,-0.1,0.02,0.02
1,0,-0.2,0,0.02
"""


def pulsed(cell, *, states, up):
    states = np.array(states, dtype=float)
    return cell.change(states, np.full(states.shape, up), np.zeros(states.shape)).tolist()


def test_a_linear_cell_moves_by_one_over_its_pulses(behaviour):
    cell = behaviour(nonlinearity_up=0, nonlinearity_down=0).cell
    assert pulsed(cell, states=[0, 0.5, 1], up=True) == [1 / 18] * 3
    assert pulsed(cell, states=[0, 0.5, 1], up=False) == [-1 / 24] * 3


def test_steps_of_an_exponential_cell_average_to_those_of_the_linear_one(behaviour):
    cell = behaviour(nonlinearity_up=2, nonlinearity_down=3).cell
    states = (np.arange(100_000) + 0.5) / 100_000
    assert np.mean(pulsed(cell, states=states, up=True)) == pytest.approx(1 / 18, rel=1e-9)
    assert np.mean(pulsed(cell, states=states, up=False)) == pytest.approx(-1 / 24, rel=1e-9)


def test_nonlinearity_is_the_log_ratio_of_first_to_last_step(behaviour):
    first, last = pulsed(behaviour(nonlinearity_up=2).cell, states=[0, 1], up=True)
    assert np.log(first / last) == pytest.approx(2)
    first, last = pulsed(behaviour(nonlinearity_down=2).cell, states=[1, 0], up=False)
    assert np.log(first / last) == pytest.approx(2)


def test_pulse_noise_is_in_units_of_the_step(behaviour):
    cell = behaviour(response_noise=0.3).cell
    up, state = np.array([True]), np.array([0.4])
    plain, noisy = (cell.change(state, up, np.array([noise])) for noise in (0.0, 1.0))
    assert noisy / plain == pytest.approx(1.3)


def test_a_table_is_read_from_a_file_and_dumped_with_its_numbers(table_chip):
    part = read(table_chip, Part)
    cell = part.behaviour.cell
    assert isinstance(cell, TableCell)
    assert pulsed(cell, states=[0, 0.25, 1], up=True) == pytest.approx([0.2, 0.15, 0])
    assert pulsed(cell, states=[0, 0.25, 1], up=False) == pytest.approx([0, -0.05, -0.2])
    copy = table_chip.parent.parent / "copy.yaml"
    copy.write_text(dump(part))
    assert read(copy, Part) == part


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("state,up\n0,1\n", r"expected the header state,up,down,up_noise,down_noise, got state,up"),
        (TABLE + "x,0,0,0,0\n", r"pulses.csv:5: expected 5 numbers, got 'x,0,0,0,0'"),
        (TABLE.replace("\n1,", "\n0.9,"), "state: expected numbers that rise from 0 to 1"),
        (TABLE.replace("-0.1", "0.1"), "down: expected numbers ≤ 0 throughout"),
        (TABLE.replace("0.02,0.01", "nan,0"), "expected a finite number"),
    ],
)
def test_a_wrong_table_is_refused(table_chip, text, message):
    (table_chip.parent / "pulses.csv").write_text(text)
    with pytest.raises(SpecError, match=message):
        read(table_chip, Part)


def test_a_table_outside_the_folder_is_refused(table_chip):
    table_chip.write_text(table_chip.read_text().replace("pulses.csv", "../pulses.csv"))
    with pytest.raises(SpecError, match="expected a CSV file in the folder of the description"):
        read(table_chip, Part)


def test_an_ideal_cell_has_no_spread_noise_or_faults(table_chip, behaviour):
    for cell in (behaviour().cell.ideal(), read(table_chip, Part).behaviour.cell.ideal()):
        spread = [cell.static_spread, cell.read_noise, cell.stuck_low, cell.stuck_high]
        assert [one.value for one in (*spread, cell.response_spread)] == [0] * 5
        noise = np.array([3.0])
        change = [cell.change(np.array([0.3]), np.array([True]), z)[0] for z in (noise, -noise)]
        assert change[0] == change[1]


def test_a_name_cannot_be_taken_twice():
    register_cell("exponential", ExponentialCell)
    with pytest.raises(InputError, match="is registered already, as ExponentialCell"):
        register_cell("exponential", TableCell)


def test_only_cell_models_can_be_registered():
    with pytest.raises(InputError, match="expected a subclass of CellModel, got Part"):
        register_cell("part", Part)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell.model": "exponental"}, r'got "exponental"; did you mean "exponential"\?'),
        ({"cell.minimum_conductance": "200 uS"}, "expected a minimum_conductance below the max"),
        ({"cell.stuck_low": "0.7", "cell.stuck_high": "0.4"}, "add up to at most 1"),
        ({"cell.static_spread": "1.5"}, "expected static_spread of at most 1, got 1.5"),
        ({"cell.pulses_up": "0"}, "expected pulses_up from 1 to 1e6, got 0"),
        ({"cell.pulses_up": "16 pJ"}, "expected a bare number"),
        ({"rows": "1"}, "behaviour.rows: expected a number of at least 2, got 1"),
        ({"weight_form": "twin"}, "weight_form: expected"),
    ],
)
def test_faults_of_a_behaviour_are_named(behaviour_file, settings, message):
    with pytest.raises(SpecError, match=message):
        read(behaviour_file, Part, settings={f"behaviour.{k}": v for k, v in settings.items()})


def test_a_cell_without_parallel_pulses_needs_another_write_scheme(behaviour_file, monkeypatch):
    monkeypatch.setattr(CellModel, "parallel_pulses", False)
    with pytest.raises(SpecError, match="expected row_serial or device_serial, got parallel"):
        read(behaviour_file, Part)
    read(behaviour_file, Part, settings={"behaviour.write_scheme": "row_serial"})

"""Components: integer prices, times, leakage and area out of descriptions; the registry of kinds."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from archsim.components import component
from archsim.components.component import (
    Act,
    AnyComponent,
    ComponentDescription,
    Setting,
    built,
    component_kinds,
    register_component,
)
from archsim.components.roles import ROLES
from archsim.components.standard import Alu, SampleHold
from archsim.errors import InputError

ANY = TypeAdapter(AnyComponent)


def constant(value):
    return {"value": value, "source": "test"}


def part(**fields):
    return ANY.validate_python(fields)


class Fixed(ComponentDescription):
    kind: Literal["fixed"]
    joules: float

    def acts(self, setting):
        return {"act": Act(self.joules), "scaled": Act(self.joules, scaled=True)}


def test_price_is_the_energy_in_whole_yoctojoules():
    alu = built("alu", part(kind="alu", energy=constant("0.21 pJ")), Setting())
    assert alu.actions["operate"].price_yj == 210_000_000_000


@given(st.integers(min_value=500_000, max_value=10**24))
def test_price_differs_from_the_energy_by_at_most_half_a_yoctojoule(yoctojoules):
    component = built("x", Fixed(kind="fixed", joules=yoctojoules / 1e24), Setting())
    assert component.actions["act"].price_yj == pytest.approx(yoctojoules, rel=1e-15, abs=0.5)


def test_price_that_rounding_changes_by_more_than_a_millionth_is_refused():
    with pytest.raises(
        InputError, match=r"energy of x\.act: expected at least 0\.5 aJ, .*got 1\.5e-24"
    ):
        built("x", Fixed(kind="fixed", joules=1.5e-24), Setting())


def test_leakage_that_rounding_changes_by_more_than_a_millionth_is_refused():
    leaky = part(kind="alu", leakage={"idle": constant("1.5 aW")})
    with pytest.raises(InputError, match=r"leakage of alu when idle: expected at least 0\.5 pW"):
        built("alu", leaky, Setting())


def test_data_dependent_acts_are_counted_in_parts_of_a_whole_act():
    actions = built("x", Fixed(kind="fixed", joules=1e-12), Setting()).actions
    assert (actions["act"].scale, actions["scaled"].scale) == (1, 1 << 20)


def test_count_multiplies_area_leakage_and_servers_but_no_price():
    one = {
        "kind": "sample_hold",
        "energy": constant("0.98 fJ"),
        "area": constant("0.04 um^2"),
        "leakage": {"idle": constant("2 nW"), "off": constant("0 W")},
    }
    single, many = (built("s", part(**one, count=count), Setting()) for count in (1, 128))
    assert many.actions == single.actions
    assert many.servers == 128
    assert many.area == pytest.approx(128 * 0.04e-12)
    assert many.leakage_aw == {"idle": 128 * 2_000_000_000, "off": 0}


def test_action_without_energy_costs_nothing_and_says_so():
    component = built("tia", part(kind="transimpedance_amplifier"), Setting())
    assert (component.actions["sample"].price_yj, component.priced) == (0, False)


def test_action_with_energy_is_priced():
    assert built("alu", part(kind="alu", energy=constant("1 pJ")), Setting()).priced


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, (0.0, 0.0)),
        ({"latency": "3 ns"}, (3e-9, 3e-9)),
        ({"interval": "2 ns"}, (2e-9, 2e-9)),
        ({"latency": "3 ns", "interval": "2 ns"}, (3e-9, 2e-9)),
    ],
)
def test_latency_and_interval_stand_for_each_other(times, expected):
    description = part(kind="alu", **{name: constant(value) for name, value in times.items()})
    action = built("alu", description, Setting()).actions["operate"]
    assert (action.latency, action.interval) == expected


def test_kind_chooses_the_description():
    assert isinstance(part(kind="sample_hold"), SampleHold)


def test_unknown_kind_is_refused_at_the_field_with_a_guess():
    with pytest.raises(
        ValidationError, match=r'expected one of the component kinds .* got "adcc"; did'
    ) as error:
        part(kind="adcc")
    assert error.value.errors()[0]["loc"] == ("kind",)


def test_missing_kind_is_refused():
    with pytest.raises(ValidationError, match=r"component kinds .*, found none"):
        part(bits=8)


def test_component_that_is_no_mapping_is_refused():
    with pytest.raises(ValidationError, match="valid dictionary"):
        ANY.validate_python("adc")


def test_registered_kind_can_be_described_in_files(monkeypatch):
    monkeypatch.setitem(component._KINDS._models, "fixed", Fixed)
    register_component("fixed", Fixed)
    assert component_kinds()["fixed"] is Fixed
    assert part(kind="fixed", joules=1e-12) == Fixed(kind="fixed", joules=1e-12)


def test_registering_the_same_class_twice_is_allowed():
    register_component("alu", Alu)
    assert component_kinds()["alu"] is Alu


def test_registering_another_class_under_a_taken_kind_is_refused():
    with pytest.raises(InputError, match='component kind "alu" is registered already, as Alu'):
        register_component("alu", SampleHold)


def test_registering_something_that_describes_no_component_is_refused():
    with pytest.raises(InputError, match="expected a subclass of ComponentDescription, got int"):
        register_component("number", int)


def test_every_role_is_offered_by_a_kind():
    setting = Setting(conductance_max=1e-4, rows=64, columns=64, node=32e-9)
    offered = set()
    for description in STANDARD:
        offered |= set(part(**description).acts(setting))
    assert {action for role in ROLES.values() for action in role.actions} <= offered


STANDARD = (
    {
        "kind": "soma",
        "neurons": 1024,
        "active_time": constant("8 ns"),
        "inactive_time": constant("5 ns"),
    },
    {"kind": "synapses", "energy": constant("20 pJ"), "interval": constant("3 ns")},
    {
        "kind": "crossbar_array",
        "read_voltage": constant("0.2 V"),
        "read_time": constant("100 ns"),
        "settle_time": constant("50 ns"),
        "write_voltage": constant("2 V"),
        "pulse_time": constant("20 ns"),
        "half_select": "none",
    },
    {
        "kind": "binary_array",
        "read_energy": constant("20 fJ"),
        "set_energy": constant("1 pJ"),
        "reset_energy": constant("1 pJ"),
        "read_time": constant("50 ns"),
        "set_time": constant("100 ns"),
        "reset_time": constant("100 ns"),
    },
    {"kind": "dac", "bits": 8},
    {"kind": "adc", "bits": 8, "rate": constant("1 GHz")},
    {"kind": "transimpedance_amplifier"},
    {"kind": "analog_neuron"},
    {"kind": "digital_neuron"},
    {"kind": "shift_add"},
    {"kind": "sram", "word_bits": 32, "words": 64},
    {"kind": "random"},
    {"kind": "controller"},
)

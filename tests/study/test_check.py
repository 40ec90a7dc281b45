"""Faults of a study: all found before anything runs, each at its line, with the axis."""

from __future__ import annotations

import pytest

from archsim.errors import InputError, SpecError
from archsim.study import StudyDescription
from archsim.study.plan import plan

ADC = "chip.tiles.array.adc"


@pytest.fixture
def faults(study):
    """Return the faults of a study as text, its file left out."""

    def find(text, **more):
        described = study(text, **more)
        with pytest.raises(SpecError) as caught:
            plan(described)
        return [str(one).partition("report.yaml:")[2] for one in caught.value.faults]

    return find


def test_a_field_that_does_not_exist_is_one_fault_however_many_values_it_has(faults):
    assert faults(f"sweep: [{{field: {ADC}.enrgy, values: [1 pJ, 2 pJ, 3 pJ]}}]") == [
        (
            "7:17: sweep[0].field: axis enrgy, chip.tiles.array.adc.enrgy: expected one of the fields "
            'kind, count, area, leakage, bits, energy, rate, latency, got "enrgy"; did you mean '
            '"energy"? (points 0, 1, 2)'
        )
    ]


def test_every_value_that_a_field_cannot_take_is_a_fault_at_its_place(faults):
    text = f"""
seeds: 2
sweep:
  - {{field: {ADC}.rate, values: [1 GHz, 2 GHz]}}
  - {{name: price, field: {ADC}.energy, values: [1 pJ, 1 ns, lots]}}
"""
    assert faults(text) == [
        (
            f"11:70: sweep[1].values[1]: axis price = 1 ns, {ADC}.energy: expected an energy such as "
            '"4.2 pJ", got "1 ns" (a time) (points 2, 3, 8, 9)'
        ),
        (
            f"11:76: sweep[1].values[2]: axis price = lots, {ADC}.energy: expected an energy such as "
            '"4.2 pJ", got "lots" (points 4, 5, 10, 11)'
        ),
    ]


def test_values_of_a_range_are_told_apart(faults):
    first, second = faults(f"sweep: [{{field: {ADC}.rate, from: 1 GHz, to: 1e30 GHz, count: 3}}]")
    assert first.startswith("7:50: sweep[0].from: axis rate = 1e+15 GHz, ")
    assert second.startswith("7:50: sweep[0].from: axis rate = 1e+30 GHz, ")


def test_faults_on_several_axes_and_in_settings_come_together(faults):
    text = f"""
sweep:
  - {{field: {ADC}.enrgy, values: [1 pJ, 2 pJ]}}
  - together:
      - {{field: workload.network.hiden, values: [[4], [5]]}}
""".replace("[4], [5]", '"[4]", "[5]"')
    found = faults(
        text,
        head="""
kind: study
name: two
chips: [madem_64]
workloads: [madem_braille]
settings: {workload.stop.max_epoch: 1}""",
    )
    assert [one.partition(": expected")[0] for one in found] == [
        "6:37: settings.workload.stop.max_epoch",
        f"8:13: sweep[0].field: axis enrgy, {ADC}.enrgy",
        "10:17: sweep[1].together[0].field: axis hiden, workload.network.hiden",
    ]
    assert all("did you mean" in one for one in found)


def test_a_value_that_contradicts_the_chip_is_told_with_what_it_contradicts(faults):
    (found,) = faults("sweep: [{field: chip.behaviour.adc.bits, values: [4, 8]}]")
    assert found.startswith("7:51: sweep[0].values[0]: axis bits = 4: chips/madem_64/chip.yaml:")
    assert found.endswith("expected 4 bits, as behaviour.adc.bits says, got 8 (point 0)")


def test_a_value_that_fits_one_chip_only_is_a_fault_of_the_other(faults):
    head = """
kind: study
name: two
chips: [madem_64, cbram_512k]
workloads: [madem_braille]
"""
    (found,) = faults(f"sweep: [{{field: {ADC}.bits, values: [8]}}]", head=head)
    assert found.startswith("6:17: sweep[0].field: axis bits, chip.tiles.array.adc: expected")
    assert found.endswith("(point 1 of madem_braille on cbram_512k)")


def test_an_axis_may_be_left_to_the_cases_that_it_fits(study):
    head = """
kind: study
name: two
chips: [madem_64, loihi]
workloads: [madem_braille]
"""
    text = f"""
sweep:
  - {{field: {ADC}.energy, values: [1 pJ, 2 pJ], when: [{{axis: chip, among: [madem_64]}}]}}
"""
    assert [point.values for point in plan(study(text, head=head)).points] == [
        ("1 pJ",),
        ("2 pJ",),
        (None,),
    ]


SUBJECTS = [
    ("chips: [madem_64, madem_64]", "chips[1]: expected each chip once, got madem_64 again"),
    (
        "chips: [madem_65]",
        "chips[0]: expected one of the chips (.*) or a path, got 'madem_65'; did",
    ),
    ("chips: [gpu_a100]", "chips[0]: chip gpu_a100: expected a chip of kind crossbar or neuron"),
    ("workloads: [madem_braile]", "workloads[0]: expected one of the workloads .*did you mean"),
    ("seeds: []", "seeds: expected at least one seed, got an empty list"),
    ("seeds: [1, 2, 1]", "seeds[2]: expected each seed once, got 1 again"),
    (
        "cases: [{name: a, chip: madem_64, workload: madem_braille}]",
        "expected either cases, or both",
    ),
]


@pytest.mark.parametrize(("text", "message"), SUBJECTS)
def test_subjects_and_seeds_are_there_once(faults, text, message):
    given = {"chips": "chips: [madem_64]", "workloads": "workloads: [madem_braille]"}
    given |= {text.partition(":")[0]: text}
    found = faults("", head="\n".join(["kind: study", "name: one", *given.values()]))
    assert len(found) == 1
    pattern = message.replace("[", r"\[").replace("]", r"\]")
    with pytest.raises(InputError, match=pattern):
        raise InputError(found[0])


def test_cases_have_names_of_their_own(faults):
    head = """
kind: study
name: one
cases:
  - {name: a, chip: madem_64, workload: madem_braille}
  - {name: a, chip: madem_64, workload: madem_braille, settings: {chip.behaviour.rows: 0}}
"""
    assert faults("", head=head) == [
        "6:12: cases[1].name: expected each name of a case once, got a again"
    ]


AXES = [
    (
        "sweep: [{field: chip.behaviour.rows, values: []}]",
        "7:46: sweep[0].values: axis rows: expected at least one value, got an empty list",
    ),
    (
        "sweep: [{field: chip.behaviour.rows, values: [64, 64]}]",
        "7:51: sweep[0].values[1]: axis rows: expected each value once, got 64 again",
    ),
    (
        f"sweep: [{{field: {ADC}.energy, values: [1 pJ]}}, {{field: chip.tiles.array.dac.energy, values: [1 pJ]}}]",
        (
            "7:71: sweep[1].field: expected every axis to have a name of its own, got energy again; give "
            "it one under name"
        ),
    ),
    (
        f"sweep: [{{name: seed, field: {ADC}.energy, values: [1 pJ]}}]",
        (
            "7:16: sweep[0].name: expected every axis to have a name of its own, got seed again; give it "
            "one under name"
        ),
    ),
    (
        f"sweep: [{{name: a, field: {ADC}.energy, values: [1 pJ]}}, {{field: {ADC}.energy, values: [2 pJ]}}]",
        f"7:80: sweep[1].field: expected every field on one axis, got {ADC}.energy again",
    ),
    (
        f"sweep: [{{field: {ADC}.energy, from: 1 pJ, to: 2 nJ, count: 2}}]",
        "7:52: sweep[0].from: axis energy: expected a range with one unit, got '1 pJ' to '2 nJ'",
    ),
    (
        f"sweep: [{{field: {ADC}.count, from: 0, to: 2, count: 2}}]",
        (
            "7:51: sweep[0].from: axis count: expected ends above 0 for a logarithmic range, got 0 to 2; "
            "take spacing: linear"
        ),
    ),
    (
        f"sweep: [{{together: [{{field: {ADC}.count, values: [1, 2]}}, {{field: {ADC}.rate, values: [1 GHz]}}]}}]",
        "7:20: sweep[0].together: expected axes of equal length, got count has 2, rate has 1",
    ),
    (
        (
            f"sweep: [{{name: a, field: {ADC}.count, from: 1, to: 5000, count: 2000, spacing: linear}}, "
            f"{{name: b, field: chip.tiles.array.dac.count, from: 1, to: 5000, count: 2000, spacing: linear}}]"
        ),
        None,
    ),
]


@pytest.mark.parametrize(("text", "message"), AXES)
def test_axes_that_make_no_sense(faults, text, message):
    found = faults(text)
    if message is None:
        (found,) = found
        assert "sweep: expected at most 1000000 points, got " in found
    else:
        assert found == [message]


CONDITIONS = [
    ("{axis: row, at_least: 64}", 'where[0].axis: expected one of the axes (case, chip, workload, rows, energy, seed), got row; did you mean "rows"?'),
    ("{axis: rows, at_least: 65}", "where[0]: expected at least one point, but where leaves none of 4"),
    ("{axis: rows, among: [16, 128]}", "where[0].among: expected some of the values of rows (32, 64), got 16, 128: it holds nowhere"),
    ("{axis: energy, at_most: 2 nJ}", "where[0].at_most: expected numbers of one unit for a limit of energy, got '1 pJ' and '2 nJ'"),
    ("{axis: rows, at_most: rowz}", "where[0].at_most: expected a number, with or without unit, or one of the axes (case, chip, workload, rows, energy, seed) for a limit of rows, got 'rowz'; did you mean \"rows\"?"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), CONDITIONS)
def test_conditions_that_make_no_sense(faults, text, message):
    found = faults(
        f"""
sweep:
  - {{field: chip.behaviour.rows, values: [32, 64]}}
  - {{field: {ADC}.energy, values: [1 pJ, 2 pJ]}}
where: [{text}]
"""
    )
    assert [one.partition(": ")[2] for one in found] == [message]


def test_a_condition_of_an_axis_asks_for_axes_before_it(faults):
    text = f"""
sweep:
  - {{field: {ADC}.energy, values: [1 pJ], when: [{{axis: rate, among: [1 GHz]}}]}}
  - {{field: {ADC}.rate, values: [1 GHz]}}
"""
    assert faults(text) == [
        (
            "9:72: sweep[0].when[0].axis: expected one of the axes (case, chip, workload and axes before "
            "it), got rate"
        )
    ]


def test_an_axis_that_no_point_has_a_value_of_is_a_fault(faults):
    text = f"""
sweep:
  - {{field: chip.behaviour.rows, values: [32, 64]}}
  - {{field: {ADC}.energy, values: [1 pJ], when: [{{axis: rows, among: [32]}}]}}
where: [{{axis: rows, among: [64]}}]
"""
    assert faults(text) == ["10:64: sweep[1].when: axis energy: its conditions hold at no point"]


def test_columns_that_no_point_will_have_are_told_before_anything_runs(faults):
    text = """
sweep: [{name: bits, field: chip.tiles.array.adc.energy, values: [1 pJ]}]
tables:
  - {name: one, by: [bit], show: [test_near_0.2, test_near_0.25, adc_energy_j, gate_energy_j, bits]}
plots: [{name: one, x: bits, y: training_energy, lines: chips}]
search: {minimise: [area], points: 2}
"""
    assert [one.partition(": ")[2] for one in faults(text)] == [
        'tables[0].by[0]: expected one of case, chip, workload, seed, bits, got bit; did you mean "bits"?',
        (
            "tables[0].show[1]: expected a column that some point will have, got test_near_0.25; "
            'did you mean "test_near_0.2"?'
        ),
        (
            "tables[0].show[3]: expected a column that some point will have, got gate_energy_j; "
            'did you mean "tia_energy_j"?'
        ),
        "tables[0].show[4]: expected a column of numbers, got bits",
        (
            "plots[0].y: expected a column that some point will have, got training_energy; "
            'did you mean "training_energy_j"?'
        ),
        'plots[0].lines: expected a column that some point will have, got chips; did you mean "chip"?',
        'search.minimise[0]: expected a column that some point will have, got area; did you mean "area_m2"?',
    ]


def test_a_column_that_one_of_several_workloads_measures_is_known(study):
    head = """
kind: study
name: two
cases:
  - {name: words, chip: madem_64, workload: madem_braille}
  - {name: spikes, chip: loihi, workload: "lif_random:small"}
"""
    planned = plan(
        study(
            "tables: [{name: all, by: [case], show: [spikes, test_near_0.2, synapses_energy_j]}]",
            head=head,
        )
    )
    assert [point.case.name for point in planned.points] == ["words", "spikes"]


@pytest.mark.parametrize("name", ["table", "front"])
def test_tables_do_not_take_the_place_of_others(faults, name):
    (found,) = faults(f"tables: [{{name: {name}, by: [seed], show: [epochs]}}]")
    assert found.endswith(f"expected another name, got {name}: every study has a {name}.csv")


def test_faults_of_a_study_made_in_python_name_the_field():
    study = StudyDescription.model_validate(
        {
            "kind": "study",
            "name": "made",
            "chips": ["madem_64"],
            "workloads": ["madem_braille"],
            "settings": {"workload.stop.copis": 1},
            "sweep": [{"field": f"{ADC}.energy", "values": ["1 ns"]}],
        }
    )
    with pytest.raises(SpecError) as caught:
        plan(study)
    assert [str(one).partition(": expected")[0] for one in caught.value.faults] == [
        f"study made: sweep[0].values[0]: axis energy = 1 ns, {ADC}.energy",
        "study made: settings.workload.stop.copis",
    ]


def test_files_beside_a_study_are_found_from_any_folder(study, tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("extends: madem_64\nname: mine\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    head = "kind: study\nname: one\nchips: [mine.yaml, madem_64]\nworkloads: [madem_braille]\n"
    chips = [point.case.chip for point in plan(study("", head=head)).points]
    assert chips == [str(tmp_path / "mine.yaml"), "madem_64"]

"""Bad files against a small description: each is refused with exactly the message pinned here.

Files of chips and workloads stand in test modules of their own beside this one, in the same form:
a table of (name, text, message) and the `refusal` fixture.
"""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from archsim.spec import Description, Energy, Number, Power, Time, read


class Converter(Description):
    """A converter."""

    kind: Literal["adc"]
    bits: Annotated[int, Field(ge=1, le=16)]
    energy: Energy


class Memory(Description):
    """A memory."""

    kind: Literal["sram"]
    words: int
    leakage: Power | None = None


class Machine(Description):
    """A small machine with a field of every form."""

    name: str
    parts: dict[str, Annotated[Converter | Memory, Field(discriminator="kind")]] = Field(
        default_factory=dict
    )
    period: Time | None = None
    ratio: Number | None = None
    sizes: tuple[int, ...] = ()
    gain: float = 1.0
    shared: bool = False
    topology: Literal["ring", "mesh", "torus"] = "ring"


PERIOD = 'name: m\nperiod: {%s, source: "Shafiee 2016, Table I"}\n'
ADC = "name: m\nparts:\n  adc: {kind: adc, bits: %s, energy: {value: 2 pJ, source: s}}\n"
FIELDS = "name, parts, period, ratio, sizes, gain, shared, topology"
TIME = 'expected a time such as "1.5 ns"'

BAD = [
    # the text itself
    ("empty", "", "bad.yaml: expected a mapping of fields, got an empty file"),
    ("only comments", "# nothing\n", "bad.yaml: expected a mapping of fields, got an empty file"),
    ("list", "- a\n", "bad.yaml:1:1: expected a mapping of fields, got a list"),
    ("scalar", "chip\n", 'bad.yaml:1:1: expected a mapping of fields, got "chip"'),
    ("two documents", "name: a\n---\nname: b\n", "bad.yaml:2:1: expected one document, got a second one after ---"),
    ("not UTF-8", b"name: m\nsizes: [\xff]\n", "bad.yaml:2:9: expected UTF-8 text, got byte 0xff"),
    ("control character", "name: a\x07\n", "bad.yaml: expected YAML, but special characters are not allowed"),
    ("tab", "name: m\nparts:\n\tadc: 1\n", "bad.yaml:3:1: expected YAML, but found character '\\t' that cannot start any token"),
    ("unclosed bracket", "name: m\nsizes: [1, 2\n", "bad.yaml:3:1: expected YAML, but expected ',' or ']', but got '<stream end>'"),
    ("unclosed quote", 'name: "m\n', "bad.yaml:2:1: expected YAML, but found unexpected end of stream"),
    ("long line", f"name: {'x' * 20_000}\n", "bad.yaml:1:1: expected lines of at most 10000 characters, got one of 20006"),
    ("many lines", "\n" * 500_000, "bad.yaml: expected at most 20000 lines, got 500001"),
    ("too large", "#" * (1 << 20) + "\n", "bad.yaml: expected a file of at most 1048576 bytes, got 1048577"),
    ("too deep", "name: m\nparts: " + "[" * 40 + "]" * 40, "bad.yaml:2:39: parts" + "[0]" * 31 + ": expected at most 32 levels of nesting, got more"),
    ("too many values", "name: m\nsizes:\n" + "- 1\n" * 10_000, "bad.yaml:10000:3: sizes[9997]: expected at most 10000 values, got more"),
    ("list as key", "? [a]\n: 1\n", "bad.yaml:1:3: expected a name as key, got a list, a mapping or an alias"),
    ("alias", "name: &n m\ntopology: *n\n", "bad.yaml:1:7: name: expected a plain value, got the anchor &n (anchors are refused)\nbad.yaml:2:11: topology: expected a plain value, got the alias *n (aliases are refused: write it out)"),
    ("tag", "name: !!python/object/apply:os.system 'true'\n", "bad.yaml:1:7: name: expected a plain value, got the tag tag:yaml.org,2002:python/object/apply:os… (tags are refused)"),
    ("merge key", "name: m\n<<: {gain: 2}\n", f'bad.yaml:2:1: <<: expected one of the fields {FIELDS}, got "<<"'),
    ("duplicate key", "name: m\ngain: 1\nname: n\n", 'bad.yaml:3:1: name: expected each key once, got "name" again (first at line 1)'),
    # fields
    ("missing field", "gain: 1\n", 'bad.yaml:1:1: name: expected the field "name", found none'),
    ("unknown field", "name: m\nsize: [1]\n", f'bad.yaml:2:1: size: expected one of the fields {FIELDS}, got "size"; did you mean "sizes"?'),
    ("misspelt required field", "nmae: m\n", f'bad.yaml:1:1: name: expected the field "name", found none; is it "nmae"?\nbad.yaml:1:1: nmae: expected one of the fields {FIELDS}, got "nmae"; did you mean "name"?'),
    ("unknown choice", "name: m\ntopology: tours\n", 'bad.yaml:2:11: topology: expected one of ring, mesh, torus, got "tours"; did you mean "torus"?'),
    ("unknown kind", "name: m\nparts:\n  buffer: {kind: SRAM, words: 2}\n", 'bad.yaml:3:11: parts.buffer: expected kind one of adc, sram, got "SRAM"; did you mean "sram"?'),
    ("missing kind", "name: m\nparts: {buffer: {words: 2}}\n", 'bad.yaml:2:17: parts.buffer: expected the field "kind", which says what this is, found none'),
    ("number for text", "name: 3\n", "bad.yaml:1:7: name: expected text, got 3"),
    ("text for number", ADC % '"8"', 'bad.yaml:3:26: parts.adc.bits: expected a whole number, got "8"'),
    ("truth value for number", ADC % "true", "bad.yaml:3:26: parts.adc.bits: expected a whole number, got true"),
    ("fraction for whole number", ADC % "8.5", "bad.yaml:3:26: parts.adc.bits: expected a whole number, got 8.5"),
    ("number out of range", ADC % "17", "bad.yaml:3:26: parts.adc.bits: expected a number of at most 16, got 17"),
    ("negative number", ADC % "-1", "bad.yaml:3:26: parts.adc.bits: expected a number of at least 1, got -1"),
    ("number for truth value", "name: m\nshared: 1\n", "bad.yaml:2:9: shared: expected true or false, got 1"),
    ("NaN", "name: m\ngain: .nan\n", "bad.yaml:2:7: gain: expected a finite number, got nan"),
    ("infinite", "name: m\ngain: -.inf\n", "bad.yaml:2:7: gain: expected a finite number, got -inf"),
    ("bad list entry", "name: m\nsizes: [1, two]\n", 'bad.yaml:2:12: sizes[1]: expected a whole number, got "two"'),
    ("scalar for mapping", "name: m\nparts: 3\n", "bad.yaml:2:8: parts: expected a mapping, got 3"),
    ("nothing for text", "name:\n", "bad.yaml:1:1: name: expected text, got nothing"),
    # constants
    ("bare text", "name: m\nperiod: 3 ns\n", 'bad.yaml:2:9: period: expected a constant such as {value: 1.5 ns, source: ...}, got "3 ns"'),
    ("no source", "name: m\nperiod: {value: 3 ns}\n", 'bad.yaml:2:1: period.source: expected the field "source", found none'),
    ("empty source", 'name: m\nperiod: {value: 3 ns, source: " "}\n', 'bad.yaml:2:31: period.source: expected a source (publication, data sheet or "assumption"), got ""'),
    ("assumption without reason", "name: m\nperiod: {value: 3 ns, source: assumption}\n", "bad.yaml:2:31: period.source: expected a note that gives the reason of the assumption, got none"),
    ("no unit", PERIOD % "value: 3", f"bad.yaml:2:17: period.value: {TIME}, got 3 (no unit)"),
    ("no unit in text", PERIOD % 'value: "3"', f'bad.yaml:2:17: period.value: {TIME}, got "3" (no unit)'),
    ("wrong unit", PERIOD % "value: 3 nJ", f'bad.yaml:2:17: period.value: {TIME}, got "3 nJ" (an energy)'),
    ("unknown unit", PERIOD % "value: 3 NS", f'bad.yaml:2:17: period.value: {TIME}, got "3 NS" (unknown unit "NS"); did you mean "nS"?'),
    ("zero", PERIOD % "value: 0 ns", 'bad.yaml:2:17: period.value: expected a positive value, a time such as "1.5 ns", got "0 ns"'),
    ("negative", PERIOD % "value: -3 ns", 'bad.yaml:2:17: period.value: expected a positive value, a time such as "1.5 ns", got "-3 ns"'),
    ("NaN with unit", PERIOD % "value: nan ns", 'bad.yaml:2:17: period.value: expected a finite value, a time such as "1.5 ns", got "nan ns"'),
    ("infinite with unit", PERIOD % "value: inf ns", 'bad.yaml:2:17: period.value: expected a finite value, a time such as "1.5 ns", got "inf ns"'),
    ("absurd", PERIOD % "value: 3e9 s", 'bad.yaml:2:17: period.value: expected a time between 1 fs and 100 ks, got "3e9 s"'),
    ("case of prefix", ADC.replace("2 pJ", "2 MJ") % 8, 'bad.yaml:3:45: parts.adc.energy.value: expected an energy between 100 yJ and 10 kJ, got "2 MJ"; did you mean "mJ"?'),
    ("huge exponent", PERIOD % "value: 1e9999 ns", 'bad.yaml:2:17: period.value: expected a time between 1 fs and 100 ks, got "1e9999 ns"'),
    ("power of a unit", PERIOD % "value: 3 s**999999999", f'bad.yaml:2:17: period.value: {TIME}, got "3 s**999999999" (malformed unit)'),
    ("low above value", PERIOD % "value: 3 ns, low: 4 ns, high: 5 ns", "bad.yaml:2:1: period: expected low <= value <= high, got low 4 ns, value 3 ns, high 5 ns"),
    ("high below value", PERIOD % "value: 3 ns, low: 1 ns, high: 2 ns", "bad.yaml:2:1: period: expected low <= value <= high, got low 1 ns, value 3 ns, high 2 ns"),
    ("low alone", PERIOD % "value: 3 ns, low: 1 ns", "bad.yaml:2:28: period.low: expected low and high together, got low without high"),
    ("unknown part", PERIOD % "value: 3 ns, sigma: 1 ns", 'bad.yaml:2:23: period.sigma: expected one of the fields value, low, high, source, note, got "sigma"'),
    ("negative bare number", "name: m\nratio: {value: -1, source: s}\n", "bad.yaml:2:16: ratio.value: expected a finite number, zero or above, got -1"),
    ("unit where none is due", "name: m\nratio: {value: 1 ns, source: s}\n", 'bad.yaml:2:16: ratio.value: expected a bare number such as 0.5, got "1 ns"'),
    # extends and variants
    ("extends itself", "extends: bad.yaml\nname: m\n", "bad.yaml:1:10: extends: expected a chain of files that ends, got the cycle bad.yaml -> bad.yaml"),
    ("extends nothing", "extends: nowhere\nname: m\n", 'bad.yaml:1:10: extends: expected a catalog entry or a file inside the folder of this file, got "nowhere"'),
    ("extends a file elsewhere", "extends: ../../etc/passwd\nname: m\n", 'bad.yaml:1:10: extends: expected a catalog entry or a path inside the folder of this file, got "../../etc/passwd"'),
    ("extends an absolute path", "extends: /etc/passwd\nname: m\n", 'bad.yaml:1:10: extends: expected a catalog entry or a path inside the folder of this file, got "/etc/passwd"'),
    ("extends a list", "extends: [a]\nname: m\n", "bad.yaml:1:10: extends: expected the name of a catalog entry or a file, got a list"),
    ("variants as list", "name: m\nvariants: [a]\n", "bad.yaml:2:1: variants: expected a mapping of names to variants, got a list"),
    ("variant as scalar", "name: m\nvariants: {fast: 3}\n", "bad.yaml:2:12: variants.fast: expected dotted field paths and values, got 3"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"), [pytest.param(text, message, id=name) for name, text, message in BAD]
)
def test_a_bad_description_is_refused_with_its_place(text, message, refusal):
    assert refusal(text, lambda path: read(path, Machine)) == message


def test_all_faults_of_a_file_come_at_once_in_file_order(refusal):
    text = """\
nmae: m
period: {value: 3 nJ, low: 1, source: ""}
topology: mash
sizes: [1, true]
parts:
  adc: {kind: adc, bits: 99, enrgy: 3}
sizes: [2]
"""
    message = refusal(text, lambda path: read(path, Machine))
    places = [(line.split(": ")[0], line.split(": ")[1]) for line in message.splitlines()]
    assert places == [
        ("bad.yaml:1:1", "name"),
        ("bad.yaml:1:1", "nmae"),
        ("bad.yaml:2:17", "period.value"),
        ("bad.yaml:2:28", "period.low"),
        ("bad.yaml:2:28", "period.low"),
        ("bad.yaml:2:39", "period.source"),
        ("bad.yaml:3:11", "topology"),
        ("bad.yaml:4:12", "sizes[1]"),
        ("bad.yaml:6:3", "parts.adc.energy"),
        ("bad.yaml:6:26", "parts.adc.bits"),
        ("bad.yaml:6:30", "parts.adc.enrgy"),
        ("bad.yaml:7:1", "sizes"),
    ]


def test_a_missing_file_is_refused(tmp_path, refusal):
    message = refusal("", lambda path: read(path.with_name("other.yaml"), Machine))
    assert message == "other.yaml: expected a YAML file, found none here"


def test_a_folder_is_refused(tmp_path, refusal):
    message = refusal("", lambda path: read(path.parent, Machine))
    assert message == f"{tmp_path}: expected a YAML file, got a folder"


def test_a_device_is_refused_unread(refusal):
    message = refusal("", lambda path: read("/dev/zero", Machine))
    assert message == "/dev/zero: expected a YAML file, got something else"


def test_a_link_out_of_the_folder_is_not_followed_by_extends(tmp_path, refusal):
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text("name: secret\n")
    (tmp_path / "link.yaml").symlink_to(outside)
    message = refusal("extends: link.yaml\n", lambda path: read(path, Machine))
    assert "a path inside the folder of this file" in message
    assert "secret" not in message


def test_a_terminal_is_safe_from_what_a_file_holds(refusal):
    message = refusal('"\\e[31mred": 1\nname: m\n', lambda path: read(path, Machine))
    assert message.isprintable()

from __future__ import annotations

from fractions import Fraction

import pytest
from rich.console import Console

from archsim.analysis import Interval
from archsim.report.page import Page, Section, page_markdown
from archsim.report.tables import (
    Column,
    Table,
    escaped,
    formatted,
    markdown,
    number_text,
    terminal,
)

TABLE = Table(
    title="Cost",
    columns=(
        Column(name="part"),
        Column(name="energy", unit="J", style="quantity"),
        Column(name="share", style="share"),
        Column(name="ratio", style="number"),
    ),
    rows=(
        ("adc", 6e-12, 0.75, Interval(low=50.0, nominal=100.0, high=200.0, kind="sampled")),
        ("alu", Fraction(2, 10**12), 0.25, 3),
        ("tia", None, None, None),
    ),
    strong=frozenset((0,)),
    note="A note.",
)


def test_a_column_shares_one_prefix_which_stands_in_its_header():
    assert formatted(TABLE) == (
        ["part", "energy [pJ]", "share [%]", "ratio"],
        [
            ["adc", "6", "75.0", "100 (50–200)"],
            ["alu", "2", "25.0", "3"],
            ["tia", "–", "–", "–"],
        ],
    )


def test_columns_of_a_group_share_one_prefix():
    names = ("A", "B", "difference")
    table = Table(
        title="Time",
        columns=tuple(Column(name=n, unit="s", style="quantity", group="time") for n in names),
        rows=((2e-3, 1.5e-6, 1.5e-6 - 2e-3), (0.0, 4e-5, 4e-5)),
    )
    headers, rows = formatted(table)
    assert headers == ["A [ms]", "B [ms]", "difference [ms]"]
    assert rows == [["2", "0.0015", "-1.998"], ["0", "0.04", "0.04"]]


def test_markdown_and_terminal_say_the_same():
    assert markdown(TABLE) == (
        "**Cost**\n\n"
        "| part | energy [pJ] | share [%] | ratio |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| **adc** | **6** | **75.0** | **100 (50–200)** |\n"
        "| alu | 2 | 25.0 | 3 |\n"
        "| tia | – | – | – |\n"
        "\nA note.\n"
    )
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(terminal(TABLE))
    words = capture.get().split()
    assert [word for word in words if word.strip("─")] == [
        "Cost",
        "part",
        "energy",
        "[pJ]",
        "share",
        "[%]",
        "ratio",
        "adc",
        "6",
        "75.0",
        "100",
        "(50–200)",
        "alu",
        "2",
        "25.0",
        "3",
        "tia",
        "–",
        "–",
        "–",
        "A",
        "note.",
    ]


@pytest.mark.parametrize(
    ("value", "unit", "header", "cell"),
    [
        (4.147e-7, "J", "x [nJ]", "414.7"),
        (2.432e-5, "s", "x [µs]", "24.32"),
        (1.2e-9, "m^2", "x [µm²]", "1200"),
        (0.0, "J", "x [J]", "0"),
        (999.96e-9, "J", "x [µJ]", "1"),
        (12345.0, "W", "x [kW]", "12.35"),
        (float("nan"), "J", "x [J]", "nan"),
    ],
)
def test_prefixes(value, unit, header, cell):
    table = Table(
        title="", columns=(Column(name="x", unit=unit, style="quantity"),), rows=((value,),)
    )
    assert formatted(table) == ([header], [[cell]])


def test_small_shares_are_not_shown_as_none():
    table = Table(title="", columns=(Column(name="x", style="share"),), rows=((1e-6,), (0.0,)))
    assert formatted(table)[1] == [["<0.1"], ["0.0"]]


def test_whole_numbers_are_grouped_the_same_in_every_locale():
    table = Table(title="", columns=(Column(name="n", style="number"),), rows=((1234567,),))
    assert formatted(table)[1] == [["1,234,567"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.6e5, "3.6e5"), (1234.6, "1230"), (184.2, "184"), (0.00123, "0.00123"), (99.5, "99.5")],
)
def test_numbers(value, text):
    assert number_text(value) == text


def test_text_is_escaped_in_markdown():
    assert escaped("a|b <i> *c* `d` [e](f)\n g & h") == (
        r"a\|b &lt;i> \*c\* \`d\` [e]\(f) g &amp; h"
    )


def test_a_value_without_a_range_is_shown_alone():
    cell = Interval(low=2.0, nominal=2.0, high=2.0, kind="point")
    table = Table(title="", columns=(Column(name="x", style="number"),), rows=((cell,),))
    assert formatted(table)[1] == [["2"]]


def test_a_page_keeps_lists_together():
    page = Page(
        title="T",
        lead=("A.",),
        sections=(Section(title="S", items=("Included:", "- a", "- b", "B.")),),
    )
    assert page_markdown(page) == "# T\n\nA.\n\n## S\n\nIncluded:\n\n- a\n- b\n\nB.\n"

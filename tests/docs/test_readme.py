"""What README shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archsim import catalog
from archsim.chip import read_chip
from archsim.cli.application import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs_and_says_what_it_promises(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 (it is our own text)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Run(madem_braille on madem_64, seed 0: ")
    assert "of words with 20 % flipped dots were told right" in printed[-2]
    assert printed[-1] in {"True", "False"}


def test_the_chip_of_ones_own_has_no_faults(tmp_path):
    (text,) = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "my_chip.yaml").write_text(text, encoding="utf-8")
    chip = read_chip(str(tmp_path / "my_chip.yaml"))
    assert chip.tiles["array"]["adc"].energy.value == 0.5e-12


@pytest.mark.parametrize(
    "place", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
)
def test_links_lead_to_files(place):
    for target in re.findall(r"\]\(([^)#:]+)\)", place.read_text(encoding="utf-8")):
        assert (place.parent / target).exists(), target


def test_the_ci_script_runs_the_test_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pip install -c constraints.txt -e '.[test]' && pytest -n 2" in README
    assert "pip\" install -q -c constraints.txt -e '.[test]'" in script
    assert "pytest -n 2" in script


def test_named_chips_and_workloads_exist():
    for reference in re.findall(r"(madem_\w+|gpu_\w+)", README):
        assert reference in {*catalog.entries("chips"), *catalog.entries("workloads")}


def test_every_command_stands_in_the_table():
    shown = set(re.findall(r"^\| `archsim (\w+)", README, flags=re.MULTILINE))
    assert set(app.commands) == shown | {"demo"}


@pytest.mark.parametrize("command", sorted(app.commands))
def test_examples_of_a_command_name_what_the_catalogs_hold(command):
    known = {name for kind in ("chips", "workloads", "reports") for name in catalog.entries(kind)}
    for example in app.commands[command].examples:
        words = example.split()[2:]
        named = {word.partition(":")[0] for word in words if re.fullmatch(r"[a-z]\w+(:\w+)?", word)}
        own = {word for word in named if word.startswith("out")} | {*app.commands, "cbram", "ecram"}
        assert named <= known | own | {"chips", "chip"}, example


def test_examples_keep_their_lines_in_the_help():
    assert "\\b" not in "".join(one.help or "" for one in app.commands.values())


def test_decisions_are_numbered_without_gaps_and_listed():
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    titles = [page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for page in pages]
    assert [title[:4] for title in titles] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if line.startswith("- ")]
    assert listed == [
        f"- [{title}]({page.name})" for title, page in zip(titles, pages, strict=True)
    ]

"""A verdict changes together with a line in CHANGELOG.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archsim.report.validate.judgement import published_figures

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
LINE = re.compile(r"- (\S+) (\S+): (hit|miss|not evaluated) / (hit|miss|not evaluated)\b.*")


def newest(text: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the verdicts of the first line of each claim under any heading Verdicts."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    inside = False
    for line in text.splitlines():
        if line.startswith("#"):
            inside = line.strip("# ") == "Verdicts"
        match = LINE.fullmatch(line) if inside else None
        if match is not None:
            found.setdefault((match[1], match[2]), (match[3], match[4]))
    return found


def test_the_changelog_has_every_verdict_as_committed():
    committed = {
        (chip, claim.id): (claim.verdict, claim.quick)
        for chip, figures in published_figures().items()
        for claim in figures.claims
    }
    assert newest(CHANGELOG.read_text(encoding="utf-8")) == committed


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("### Verdicts\n- c H1: hit / miss\n", ("hit", "miss")),
        ("### Verdicts\n- c H1: miss / hit: now so\n- c H1: hit / hit\n", ("miss", "hit")),
        ("### Added\n- c H1: hit / miss\n", None),
        ("### Verdicts\n- c H1: met / hit\n", None),
    ],
)
def test_the_newest_line_counts(text, verdicts):
    assert newest(text).get(("c", "H1")) == verdicts

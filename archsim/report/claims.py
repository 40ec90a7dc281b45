"""Published claims: beside what was found, hit or miss, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archsim.analysis import Interval
from archsim.chip.published import Claim, Published
from archsim.report.tables import Cell, Column, Table, number_text
from archsim.units import engineering

__all__ = ["Finding", "accepted_text", "claims_table", "found_text", "verdict"]

_UNITS = {"time": "s", "energy": "J", "number": ""}


class Finding(NamedTuple):
    """One result that a claim is compared with."""

    of: str
    """What it was found of, such as a workload and chip, or a row of the baseline."""
    value: float | Interval | None
    """Result, in SI; None where `said` tells of several."""
    said: str = ""
    """Verdict, where it does not follow from one value."""


def claims_table(published: Published, found: Mapping[str, Sequence[Finding]]) -> Table:
    """Return every claim beside every finding of its quantity.

    Parameters
    ----------
    published : Published
        Claims, with the range in which a result reproduces each.
    found : mapping
        Name of a quantity → findings; a claim without one is listed as not evaluated.
    """
    rows: list[tuple[Cell, ...]] = []
    for claim in published.claims:
        head = (claim.id, claim.claim, accepted_text(claim))
        findings = found.get(claim.quantity, ())
        if not findings:
            rows.append((*head, None, None, "not evaluated here"))
        for number, finding in enumerate(findings):
            first = head if not number else (claim.id, "", "")
            if finding.value is None:
                rows.append((*first, finding.of, None, finding.said))
            else:
                text = finding.said or verdict(claim, finding.value)
                rows.append((*first, finding.of, found_text(finding.value, claim), text))
    return Table(
        title="Published claims",
        columns=tuple(
            Column(name=name)
            for name in ("id", "published", "accepted", "compared with", "found", "verdict")
        ),
        rows=tuple(rows),
        note="The constants were fixed from the literature and not adjusted to the claims.",
    )


def verdict(claim: Claim, value: float | Interval) -> str:
    """Return hit or miss, with the reason.

    Examples
    --------
    >>> claim = Claim(id="H1", claim="c", published="p", quantity="training_time",
    ...               dimension="time", low="10 us", high="100 us", tolerance="t", source="s")
    >>> verdict(claim, 2e-5)
    'hit'
    >>> verdict(claim, Interval(low=3e-6, nominal=5e-6, high=2e-5, kind="sampled"))
    'miss: too low by a factor 2; its range reaches it'
    """
    nominal = value.nominal if isinstance(value, Interval) else value
    low, high = claim.bounds
    if claim.accepts(nominal):
        whole = not isinstance(value, Interval) or all(map(claim.accepts, (value.low, value.high)))
        return "hit" if whole else "hit; its range goes beyond"
    below = low is not None and nominal < low
    end = low if below else high
    assert end is not None  # noqa: S101  (the value lies beyond one of the ends)
    text = f"miss: too {'low' if below else 'high'} by {_distance(nominal, end)}"
    if isinstance(value, Interval):
        reaches = (value.high >= end) if below else (value.low <= end)
        if reaches:
            text += "; its range reaches it"
    return text


def _distance(nominal: float, end: float) -> str:
    if nominal > 0 < end:
        factor = max(nominal / end, end / nominal)
        if factor < 2:
            return f"{(factor - 1) * 100:.2g} %"
        return f"a factor {factor:.2g}" if factor < 10 else f"a factor {number_text(factor, 2)}"
    return number_text(abs(nominal - end), 2)


def accepted_text(claim: Claim) -> str:
    """Return the range in which a result reproduces a claim, in its unit."""
    low, high = (None if end is None else _one(end, claim) for end in claim.bounds)
    if low is None:
        return f"at most {high}"
    if high is None:
        return f"at least {low}"
    return low if low == high else f"{low} to {high}"


def found_text(value: float | Interval, claim: Claim) -> str:
    """Return a result as text in the unit of a claim, its range in parentheses."""
    if isinstance(value, Interval):
        ends = f" ({_one(value.low, claim)} to {_one(value.high, claim)})"
        return _one(value.nominal, claim) + (ends if value.kind != "point" else "")
    return _one(value, claim)


def _one(value: float, claim: Claim) -> str:
    unit = _UNITS[claim.dimension]
    if claim.exact and float(value).is_integer():
        return f"{int(value):,}"
    return engineering(value, unit) if unit else number_text(value)

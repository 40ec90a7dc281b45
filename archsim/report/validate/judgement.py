"""Judgements: every published claim beside what was measured, and the verdict committed for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archsim import catalog
from archsim.analysis import Interval
from archsim.chip import read_published
from archsim.chip.published import Claim, Published, Verdict
from archsim.errors import InputError, ModelError
from archsim.report.claims import Finding, verdict
from archsim.report.validate.recipe import Measure

__all__ = ["Judged", "judge", "published_figures", "require_claims", "require_committed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One published figure beside ours."""

    chip: str
    """Chip whose ``published.yaml`` holds it."""
    claim: Claim
    finding: Finding | None
    """What was measured; None where nothing was."""
    verdict: Verdict
    committed: Verdict
    """The verdict that ``published.yaml`` holds for this kind of validation."""
    reason: str
    """Why, in words."""

    def record(self) -> dict[str, Any]:
        """Return it for programs, in SI."""
        low, high = self.claim.bounds
        return {
            "chip": self.chip,
            "id": self.claim.id,
            "claim": self.claim.claim,
            "published": self.claim.published,
            "quantity": self.claim.quantity,
            "dimension": self.claim.dimension,
            "accepted_low": low,
            "accepted_high": high,
            "tolerance": self.claim.tolerance,
            "source": self.claim.source,
            **_found(self.finding),
            "verdict": self.verdict,
            "committed": self.committed,
            "reason": self.reason,
        }


def _found(finding: Finding | None) -> dict[str, Any]:
    """Return a finding for programs; all None where there is none."""
    value = finding.value if finding is not None else None
    ends = (value.low, value.high, value.kind) if isinstance(value, Interval) else (None,) * 3
    return {
        "of": finding.of if finding is not None else None,
        "found": value.nominal if isinstance(value, Interval) else value,
        "found_low": ends[0],
        "found_high": ends[1],
        "range": ends[2],
    }


def published_figures() -> dict[str, Published]:
    """Return the published figures of all chips of the catalog that have some, by chip."""
    found = {name: read_published(name) for name in catalog.entries("chips")}
    return {name: figures for name, figures in found.items() if figures is not None}


def judge(
    published: Mapping[str, Published],
    found: Mapping[tuple[str, str], Finding],
    *,
    quick: bool = False,
) -> list[Judged]:
    """Return every claim with its verdict, by number.

    Parameters
    ----------
    published : mapping
        Chip → its published figures.
    found : mapping
        (chip, quantity) → what was measured.
    quick : bool
        Whether this is the short validation, for which other verdicts are committed.

    Notes
    -----
    A claim that nothing was measured for, or nothing finite, is ``not evaluated``; that never
    counts as met.
    """
    judged = [
        _judged(chip, claim, found.get((chip, claim.quantity)), quick=quick)
        for chip, figures in published.items()
        for claim in figures.claims
    ]
    return sorted(judged, key=_place)


def _place(one: Judged) -> tuple[str, int, str]:
    """Return where a claim stands: H2 before H10, else as published."""
    parts = re.fullmatch(r"([A-Za-z]+)([0-9]+)(.*)", one.claim.id)
    return (parts[1], int(parts[2]), one.chip) if parts else (one.claim.id, 0, one.chip)


def _judged(chip: str, claim: Claim, finding: Finding | None, *, quick: bool) -> Judged:
    committed = claim.quick if quick else claim.verdict
    found: Verdict = "not evaluated"
    if finding is None or finding.value is None:
        why = claim.reason if claim.verdict == "not evaluated" else ""
        reason = why or f"the {'quick ' if quick else ''}validation does not measure it"
    elif not math.isfinite(_nominal(finding.value)):
        reason = f"found {_nominal(finding.value)}, which is no finite number"
    else:
        text = verdict(claim, finding.value)
        found = "hit" if claim.accepts(_nominal(finding.value)) else "miss"
        parts = [text.removeprefix(found).lstrip(":; ")]
        if found == "miss":
            parts.append(claim.reason)
        reason = "; ".join(part for part in parts if part) or "within what is accepted"
    return Judged(
        chip=chip,
        claim=claim,
        finding=finding,
        verdict=found,
        committed=committed,
        reason=reason,
    )


def _nominal(value: float | Interval) -> float:
    return value.nominal if isinstance(value, Interval) else value


def require_committed(judged: Sequence[Judged], *, quick: bool = False) -> None:
    """Check that each verdict is the one that is committed.

    Raises
    ------
    ModelError
        If one is not; the text names each, and what changing it takes.
    """
    field = "quick" if quick else "verdict"
    changed = [
        f"chips/{one.chip}/published.yaml: {one.claim.id}: {field}: committed "
        f'"{one.committed}", found "{one.verdict}" ({one.reason})'
        for one in judged
        if one.verdict != one.committed
    ]
    if changed:
        advice = (
            "a verdict that is meant to change is changed there, with its reason, and takes a line "
            "under Verdicts in CHANGELOG.md"
        )
        raise ModelError("\n".join([*changed, advice]))


def require_claims(published: Mapping[str, Published], measures: Sequence[Measure]) -> None:
    """Check that every measure is of a published claim, and each quantity is measured once.

    Raises
    ------
    InputError
        If not; the text names each.
    """
    known = {
        (chip, claim.quantity) for chip, figures in published.items() for claim in figures.claims
    }
    faults, seen = [], set()
    for measure in measures:
        pair = (measure.chip, measure.quantity)
        if pair not in known:
            faults.append(f"{measure.quantity}: expected a claim of {measure.chip}, found none")
        elif pair in seen:
            faults.append(f"{measure.quantity}: expected one measure for {measure.chip}, got two")
        seen.add(pair)
    if faults:
        raise InputError("\n".join(f"measures: {fault}" for fault in faults))

"""Restored runs: a stored run as the object it was, so that it can be priced and compared anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archsim.chip import TiledDescription
from archsim.frames import STATIC_PREFIX
from archsim.ledger import ActionRow, Ledger, Price, Prices, StateRow, Tally
from archsim.mapping.program import Account, AccountTable, StationTable
from archsim.report.stored import StoredRun, descriptions
from archsim.runs.result import Run
from archsim.trace import TraceTotals

__all__ = ["restored"]


class _StoredLedger(Ledger):
    """A ledger made of the rows of its file; power states are taken as they were booked."""

    def __init__(self, stored: StoredRun) -> None:
        super().__init__(accounts=AccountTable(), stations=StationTable(stations=()))
        self.static_rows: list[StateRow] = []
        columns = ("epoch", "phase", "tile", "component", "action", "count", "busy_ticks")
        names = (*columns, "waiting_ticks")
        for epoch, phase, tile, component, action, count, busy, waiting in zip(
            *(stored.ledger[name] for name in names), strict=True
        ):
            if action.startswith(STATIC_PREFIX):
                state = action.removeprefix(STATIC_PREFIX)
                self.static_rows.append(StateRow(epoch, phase, tile, component, state, count))
            else:
                number = self.accounts.number(phase, tile, component, action)
                self.tallies[epoch, number] = Tally(count, busy, waiting)
        for phase, ticks in stored.manifest.get("phase_ticks", {}).items():
            self.durations[-1, str(phase)] = int(ticks)
            self.gaps[-1, str(phase)] = 0

    def actions(self) -> Iterator[ActionRow]:
        """Yield what was done."""
        for (epoch, number), tally in self.tallies.items():
            account: Account = self.accounts[number]
            yield ActionRow(epoch, account, tally)

    def states(self, prices: Prices) -> Iterator[StateRow]:
        """Yield how long every leaking component was in which power state, as booked."""
        del prices
        yield from self.static_rows


def restored(stored: StoredRun) -> Run:
    """Return the run that a folder tells of; its trace and events are gone.

    Raises
    ------
    InputError
        If the resolved descriptions have faults, or an extension that they name is not loaded.
    """
    chip, workload = descriptions(stored)
    actions: dict[tuple[str, str, str], Price] = {}
    leakage: dict[tuple[str, str, str], int] = {}
    names = ("tile", "component", "action", "price_yj", "count_scale")
    for tile, component, action, price, scale in zip(
        *(stored.ledger[name] for name in names), strict=True
    ):
        if action.startswith(STATIC_PREFIX):
            leakage[tile, component, action.removeprefix(STATIC_PREFIX)] = int(price)
        else:
            actions[tile, component, action] = Price(int(price), int(scale))
    measured: list[Mapping[str, object]] = [
        {str(name): value for name, value in row.items()}
        for row in stored.metrics.to_dict(orient="records")
    ]
    return Run(
        chip=stored.chip,
        workload=stored.workload,
        seed=stored.seed,
        config={},
        inputs={},
        book=_StoredLedger(stored),
        prices=Prices(actions=actions, leakage_aw=leakage),
        measured=measured,
        trace=TraceTotals(),
        placement=None,
        policies=tuple(str(one) for one in stored.manifest.get("policies", ())),
        machine=chip if isinstance(chip, TiledDescription) else None,
        task=workload,
    )

"""Files of a run: which there are, and what each holds."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.frames import frame
from archsim.report.breakdown import phase_ticks
from archsim.report.encode import config_text, csv_text, json_text
from archsim.report.folder import Claim
from archsim.runs.result import Run
from archsim.runs.writes import WriteRow

__all__ = ["LOG_FILE", "write_run"]

LOG_FILE = "run.log"
"""The one file that may hold clock times, host and engine; no result, so not in the manifest."""


def write_run(
    folder: Claim, run: Run, *, report: str, log: Mapping[str, object], under: str = ""
) -> None:
    """Write the files of a run; those that are there already, such as events, become part of it.

    Parameters
    ----------
    folder : Claim
        Where to.
    run : Run
        The run.
    report : str
        Markdown text.
    log : mapping
        What may be different each time: name → value, for `LOG_FILE`.
    under : str
        Folder below the claimed one, for results of several runs.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    above = f"{under}/" if under else ""
    folder.write(f"{above}config.resolved.yaml", config_text(run.config))
    folder.write(f"{above}ledger.csv", csv_text(run.ledger))
    if run.spreads:
        folder.write(f"{above}groups.csv", csv_text(run.groups))
    folder.write(f"{above}metrics.csv", csv_text(run.metrics))
    folder.write(f"{above}writes.csv", csv_text(frame(WriteRow._fields, run.writes)))
    folder.write(f"{above}report.md", report)
    files = {
        name.removeprefix(above): digest
        for name, digest in folder.digests.items()
        if name.startswith(above)
    }
    manifest = run.manifest() | {"files": files, "phase_ticks": phase_ticks(run.book)}
    folder.write(f"{above}manifest.json", json_text(manifest))
    folder.write(f"{above}{LOG_FILE}", "".join(f"{key}: {value}\n" for key, value in log.items()))

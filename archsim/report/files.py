"""Files of a run: which there are, and what each holds."""

from __future__ import annotations

from collections.abc import Mapping

from archsim.errors import InputError
from archsim.report.breakdown import phase_ticks
from archsim.report.encode import config_text, csv_text, json_text
from archsim.report.folder import Claim
from archsim.runs.result import Run

__all__ = ["LOG_FILE", "require_parquet", "write_run"]

LOG_FILE = "run.log"
"""The one file that may hold clock times, host and engine; no result, so not in the manifest."""


def require_parquet() -> None:
    """Check that event tables can be written.

    Raises
    ------
    InputError
        If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415  (optional)
    except ImportError:
        message = (
            "events: expected the package pyarrow, which writes events.parquet, found none; "
            "install archsim[trace], or leave --events out"
        )
        raise InputError(message) from None


def write_run(
    folder: Claim, run: Run, *, report: str, log: Mapping[str, object], under: str = ""
) -> None:
    """Write the files of a run.

    Parameters
    ----------
    folder : Claim
        Where to.
    run : Run
        The run; its events are written if it kept them.
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
    InputError
        If there are events and pyarrow is not installed.
    """
    above = f"{under}/" if under else ""
    before = set(folder.digests)
    folder.write(f"{above}config.resolved.yaml", config_text(run.config))
    folder.write(f"{above}ledger.csv", csv_text(run.ledger))
    folder.write(f"{above}metrics.csv", csv_text(run.metrics))
    folder.write(f"{above}report.md", report)
    if run.event_rows is not None:
        _write_events(folder, f"{above}events.parquet", run)
    files = {
        name.removeprefix(above): digest
        for name, digest in folder.digests.items()
        if name not in before
    }
    manifest = run.manifest() | {"files": files, "phase_ticks": phase_ticks(run.book)}
    folder.write(f"{above}manifest.json", json_text(manifest))
    folder.write(f"{above}{LOG_FILE}", "".join(f"{key}: {value}\n" for key, value in log.items()))


def _write_events(folder: Claim, name: str, run: Run) -> None:
    require_parquet()
    import pyarrow as pa  # noqa: PLC0415  (optional)
    from pyarrow import parquet  # noqa: PLC0415

    table = pa.Table.from_pandas(run.events, preserve_index=False)
    with folder.open(name) as file:
        parquet.write_table(table.replace_schema_metadata(None), file)

"""Plots of breakdowns and of joules to accuracy as PNG files; they need matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.errors import InputError
from archsim.report.breakdown import energy_by
from archsim.report.course import Point, course
from archsim.report.folder import Claim
from archsim.runs.result import Run
from archsim.trace import PHASES, TRAINING_PHASES
from archsim.units import engineering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

__all__ = ["line_plot", "require_plots", "write_plots"]


def require_plots() -> None:
    """Check that plots can be drawn.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: F401, PLC0415  (optional)
    except ImportError:
        message = (
            "plots: expected the package matplotlib, found none; install archsim[plot], or leave "
            "--plots out"
        )
        raise InputError(message) from None


def write_plots(folder: Claim, run: Run, *, under: str = "") -> None:
    """Write bars of the energy by component and by phase, and accuracy against energy and time.

    Parameters
    ----------
    folder : Claim
        Folder of the run, claimed.
    run : Run
        What is drawn.
    under : str
        Folder inside it; empty: itself.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    StorageError
        If a file cannot be written.
    """
    require_plots()
    components = {
        name: parts["training"]
        for name, parts in energy_by(run.ledger, "component").items()
        if parts.get("training")
    }
    phases = energy_by(run.ledger, "phase")
    training = {
        phase: phases[phase]["training"]
        for phase in PHASES
        if phase in TRAINING_PHASES and phases.get(phase, {}).get("training")
    }
    above = f"{under}/" if under else ""
    title = f"{run.workload} on {run.chip}: training energy"
    ordered = dict(sorted(components.items(), key=lambda item: (item[1], item[0])))
    _bars(folder, f"{above}energy_by_component.png", f"{title} by component", ordered)
    _bars(
        folder, f"{above}energy_by_phase.png", f"{title} by phase", dict(reversed(training.items()))
    )
    followed = course(run.metrics)
    if followed:
        title = f"{run.workload} on {run.chip}: accuracy by training cost"
        _curves(folder, f"{above}accuracy_by_cost.png", title, followed)


def _bars(folder: Claim, name: str, title: str, energy: dict[str, Fraction]) -> None:
    """Write one figure of horizontal bars, the first at the bottom, on a logarithmic axis."""
    import matplotlib as mpl  # noqa: PLC0415  (optional)
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "archsim", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(7.0, 1.2 + 0.35 * len(energy)), layout="constrained")
        axes = figure.add_subplot()
        bars = axes.barh(list(energy), [float(value) for value in energy.values()], color="#4472a8")
        axes.bar_label(
            bars, [engineering(float(value), "J") for value in energy.values()], padding=3
        )
        axes.set_xscale("log")
        axes.margins(x=0.2)
        axes.set_xlabel("energy [J]")
        axes.set_title(title, fontsize=10)
        with folder.open(name) as file:
            figure.savefig(file, format="png", dpi=150, metadata={"Software": None})


def _curves(folder: Claim, name: str, title: str, followed: dict[str, list[Point]]) -> None:
    """Write one figure of accuracy against energy, and against time, on logarithmic axes."""
    import matplotlib as mpl  # noqa: PLC0415  (optional)
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "archsim", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(8.0, 3.6), layout="constrained")
        sides = figure.subplots(1, 2, sharey=True)
        for axes, column, label in zip(
            sides, ("energy", "time"), ("training energy [J]", "training time [s]"), strict=True
        ):
            for kind, points in followed.items():
                spent = [getattr(point, column) for point in points]
                share = [point.accuracy * 100 for point in points]
                axes.plot(spent, share, marker="o", markersize=3, label=kind)
            axes.set_xscale("log")
            axes.set_xlabel(label)
            axes.grid(alpha=0.3)
        sides[0].set_ylabel("accuracy [%]")
        sides[0].legend(fontsize=8)
        figure.suptitle(title, fontsize=10)
        with folder.open(name) as file:
            figure.savefig(file, format="png", dpi=150, metadata={"Software": None})


def line_plot(
    folder: Claim,
    name: str,
    curves: Mapping[str, Sequence[tuple[float, float]]],
    *,
    axes: tuple[str, str],
) -> None:
    """Write curves on logarithmic axes as a PNG file.

    Parameters
    ----------
    folder : Claim
        Where to.
    name : str
        Name of the file.
    curves : mapping
        Label → points.
    axes : tuple of str
        What is along, and what is up.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    StorageError
        If the file cannot be written.
    """
    require_plots()
    import matplotlib as mpl  # noqa: PLC0415  (optional)
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "archsim", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(7.0, 4.5), layout="constrained")
        plot = figure.add_subplot()
        for label, points in curves.items():
            plot.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
        plot.set_xscale("log")
        plot.set_yscale("log")
        plot.set_xlabel(axes[0])
        plot.set_ylabel(axes[1])
        plot.grid(visible=True, alpha=0.3)
        plot.legend(fontsize=8)
        with folder.open(name) as file:
            figure.savefig(file, format="png", dpi=150, metadata={"Software": None})

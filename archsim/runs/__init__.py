"""Runs: one workload on one chip with one seed, and their audit."""

from archsim.runs.costing import Hooks
from archsim.runs.result import Run, Totals
from archsim.runs.simulate import run

__all__ = ["Hooks", "Run", "Totals", "run"]

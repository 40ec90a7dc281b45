"""Studies: many runs, each distinct training done once, each point run once."""

from archsim.study.description import StudyDescription, read_study
from archsim.study.execute import Workers
from archsim.study.sweep import Outcome, sweep

__all__ = ["Outcome", "StudyDescription", "Workers", "read_study", "sweep"]

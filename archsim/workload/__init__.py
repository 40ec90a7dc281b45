"""Workloads: what is to be learnt, by which network and rule, and the training on a substrate."""

from archsim.workload.backprop import BackpropDescription, BackpropResult
from archsim.workload.description import WorkloadDescription, read_workload
from archsim.workload.rules import Change, LearningRule, register_rule
from archsim.workload.training import TrainingResult, Trial, baseline, train

__all__ = [
    "BackpropDescription",
    "BackpropResult",
    "Change",
    "LearningRule",
    "TrainingResult",
    "Trial",
    "WorkloadDescription",
    "baseline",
    "read_workload",
    "register_rule",
    "train",
]

"""Workloads: what is to be learnt, by which network and rule, and the training on a substrate."""

from archsim.workload.attractor import AttractorDescription, as_attractor
from archsim.workload.attractor_training import AttractorResult, Trial, baseline
from archsim.workload.backprop import BackpropDescription, BackpropResult
from archsim.workload.description import ANY_WORKLOAD, WorkloadDescription, read_workload
from archsim.workload.layered import LayeredDescription
from archsim.workload.layered_rules import LayeredRule, register_layered_rule
from archsim.workload.layered_software import SoftwareResult, learn_in_software
from archsim.workload.layered_training import LayeredResult
from archsim.workload.lif import LifDescription, LifResult, run_lif
from archsim.workload.rules import Change, LearningRule, register_rule
from archsim.workload.spiking import SpikingDescription
from archsim.workload.spiking_training import Activity, SpikingResult, train_spiking
from archsim.workload.synthetic import SyntheticDescription
from archsim.workload.training import TrainingResult, register_workload, train

__all__ = [
    "ANY_WORKLOAD",
    "Activity",
    "AttractorDescription",
    "AttractorResult",
    "BackpropDescription",
    "BackpropResult",
    "Change",
    "LayeredDescription",
    "LayeredResult",
    "LayeredRule",
    "LearningRule",
    "LifDescription",
    "LifResult",
    "SoftwareResult",
    "SpikingDescription",
    "SpikingResult",
    "SyntheticDescription",
    "TrainingResult",
    "Trial",
    "WorkloadDescription",
    "as_attractor",
    "baseline",
    "learn_in_software",
    "read_workload",
    "register_layered_rule",
    "register_rule",
    "register_workload",
    "run_lif",
    "train",
    "train_spiking",
]

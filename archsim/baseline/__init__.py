"""Baselines: the same task on a GPU, priced into the ledger that chips use, or measured.

Importing this package registers chip files of ``kind: gpu``.
"""

from archsim.baseline.baseline import (
    ROWS,
    Baseline,
    RowName,
    gpu_baselines,
    learnt,
    price_training,
)
from archsim.baseline.description import GpuDescription
from archsim.baseline.measured import (
    MEASURED_FILE,
    MeasuredFile,
    Measurement,
    measured_baseline,
    read_measured,
)
from archsim.baseline.measuring import measure
from archsim.baseline.roofline import Cost, evaluate
from archsim.baseline.work import Call, Driver, TrainingWork, stream_work, training_work, work_of

__all__ = [
    "MEASURED_FILE",
    "ROWS",
    "Baseline",
    "Call",
    "Cost",
    "Driver",
    "GpuDescription",
    "MeasuredFile",
    "Measurement",
    "RowName",
    "TrainingWork",
    "evaluate",
    "gpu_baselines",
    "learnt",
    "measure",
    "measured_baseline",
    "price_training",
    "read_measured",
    "stream_work",
    "training_work",
    "work_of",
]

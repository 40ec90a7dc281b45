"""Data sets of labelled images: where they come from, how they are checked, what they hold."""

from archsim.workload.data.dataset import Dataset, Examples
from archsim.workload.data.description import (
    AnyDataset,
    DatasetDescription,
    DigitsDataset,
    register_dataset,
)
from archsim.workload.data.idx_dataset import IdxDataset, IdxFile, MnistDataset
from archsim.workload.data.table_dataset import CsvDataset, NpzDataset

__all__ = [
    "AnyDataset",
    "CsvDataset",
    "Dataset",
    "DatasetDescription",
    "DigitsDataset",
    "Examples",
    "IdxDataset",
    "IdxFile",
    "MnistDataset",
    "NpzDataset",
    "register_dataset",
]

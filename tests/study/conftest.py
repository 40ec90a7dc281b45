from __future__ import annotations

import pytest

from archsim.spec import read
from archsim.study.description import StudyDescription

QUICK = """
kind: study
name: quick
chips: [madem_64]
workloads: [madem_braille]
settings: {workload.test.copies: 2, workload.stop.copies: 2, workload.stop.max_epochs: 1}
"""


@pytest.fixture
def study(tmp_path):
    """Return a study from YAML text; `QUICK` stands before it."""

    def make(text, *, head=QUICK):
        path = tmp_path / "report.yaml"
        path.write_text(head + text)
        return read(path, StudyDescription)

    return make

"""How tests of bad input read a file and what they compare."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archsim.errors import ArchsimError

Reader = Callable[[Path], object]
Refusal = Callable[..., str]

LONGEST = 1.0
"""A refusal takes less than this on an idle machine. [s]"""


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """Return a function that reads bad text and returns the message, without folders.

    ``refusal(text, read, name="chip.yaml")`` writes `text` (or bytes) to a file, calls ``read(path)``
    and returns the text of the ArchsimError it must raise, with exit code 2, in under a second.
    """

    def refuse(text: str | bytes, read: Reader, *, name: str = "bad.yaml") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        start = time.process_time()
        with pytest.raises(ArchsimError) as caught:
            read(path)
        assert caught.value.exit_code == 2
        assert time.process_time() - start < LONGEST
        return str(caught.value).replace(f"{tmp_path}/", "")

    return refuse

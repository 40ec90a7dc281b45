"""Execution: jobs spread over processes of this machine, or over a cluster, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from archsim.errors import InputError, ModelError, ResourceError
from archsim.study.evaluate import Job, Setup, do

__all__ = ["Workers"]

_PATIENCE = 3
"""How many times in a row workers may vanish before anything is finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who does the work."""

    count: int = 1
    """Processes of this machine; 1 works in this one."""
    scheduler: str = ""
    """Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``; empty for this machine."""

    def require_packages(self) -> None:
        """Check that optional packages are there, before anything runs.

        Raises
        ------
        InputError
            If one is missing; the text says what to install.
        """
        try:
            if self.scheduler:
                import distributed  # noqa: F401, PLC0415  (optional)
            if self.scheduler or self.count > 1:
                import joblib  # noqa: F401, PLC0415  (optional)
        except ImportError as error:
            message = (
                f"workers: expected the package {error.name}, found none; install "
                "archsim[cluster], or take --workers 1"
            )
            raise InputError(message) from None

    def results(self, pending: Callable[[], Sequence[Job]], setup: Setup) -> Iterator[int]:
        """Do all jobs; give for each how many points it finished, in the order they end.

        Parameters
        ----------
        pending : callable
            Returns the jobs still to be done; asked again when workers have vanished.
        setup : Setup
            What every worker has to know.

        Raises
        ------
        ResourceError
            If workers vanish again and again without finishing anything.
        ModelError
            If the cluster cannot be reached.
        """
        jobs = pending()
        if not self.scheduler and (self.count == 1 or len(jobs) <= 1):
            for job in jobs:
                yield do(job, setup)
            return
        vain = 0
        while jobs:
            try:
                for done in self._spread(jobs, setup):
                    vain = 0
                    yield done
            except BrokenProcessPool:
                vain += 1
                if vain >= _PATIENCE:
                    message = (
                        f"workers vanished {vain} times in a row before anything was finished; was "
                        "memory short? Take fewer with --workers"
                    )
                    raise ResourceError(message) from None
                jobs = pending()
            else:
                return

    def _spread(self, jobs: Sequence[Job], setup: Setup) -> Iterator[int]:
        from joblib import Parallel, delayed  # noqa: PLC0415  (optional)

        calls = [delayed(do)(job, setup) for job in jobs]
        if not self.scheduler:
            pool = Parallel(
                n_jobs=self.count,
                backend="loky",
                return_as="generator_unordered",
                batch_size=1,
                pre_dispatch="2*n_jobs",
                max_nbytes=None,
            )
            yield from pool(calls)
            return
        yield from self._on_cluster(calls)

    def _on_cluster(self, calls: Sequence[object]) -> Iterator[int]:
        from distributed import Client  # noqa: PLC0415  (optional)
        from joblib import Parallel, parallel_config  # noqa: PLC0415

        try:
            client = Client(  # type: ignore[no-untyped-call]
                self.scheduler, timeout="20s", set_as_default=False
            )
        except (OSError, ValueError) as error:
            message = f"scheduler {self.scheduler!r}: cannot be reached: {error}"
            raise ModelError(message) from None
        with client, parallel_config(backend="dask", client=client):
            yield from Parallel(n_jobs=-1, return_as="generator_unordered", batch_size=1)(calls)

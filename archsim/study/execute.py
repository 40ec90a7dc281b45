"""Execution: jobs spread over processes of this machine, or over a cluster, in any order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
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
            elif self.count > 1:
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
            If workers vanish again and again without finishing anything, or the scheduler does.
        ModelError
            If the cluster cannot be reached, or has no archsim.
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
        if self.scheduler:
            return self._on_cluster(jobs, setup)
        from joblib import Parallel, delayed  # noqa: PLC0415  (optional)

        pool = Parallel(
            n_jobs=self.count,
            backend="loky",
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="2*n_jobs",
            max_nbytes=None,
        )
        found: Iterator[int] = pool(delayed(do)(job, setup) for job in jobs)
        return found

    def _on_cluster(self, jobs: Sequence[Job], setup: Setup) -> Iterator[int]:
        import distributed  # noqa: PLC0415  (optional)

        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # told of below
        try:
            client = distributed.Client(  # type: ignore[no-untyped-call]
                self.scheduler, timeout="20s", set_as_default=False
            )
        except (OSError, ValueError) as error:
            message = f"scheduler {self.scheduler!r}: cannot be reached: {error}"
            raise ModelError(message) from None
        with client:
            futures = client.map(do, jobs, [setup] * len(jobs), pure=False)
            try:
                for future in distributed.as_completed(  # type: ignore[no-untyped-call]
                    futures, loop=client.loop
                ):
                    yield future.result()
            except distributed.KilledWorker as error:
                raise BrokenProcessPool(str(error)) from None
            except CancelledError:
                message = f"scheduler {self.scheduler!r}: lost in the middle; start it again"
                raise ResourceError(message) from None
            except ImportError as error:
                message = f"worker: {error}; install the same archsim on all machines"
                raise ModelError(message) from None
            finally:
                if client.status == "running":
                    client.cancel(futures)  # type: ignore[no-untyped-call]

"""Networks of leaky integrate-and-fire neurons: random ones and given ones, drawn or recorded."""

from archsim.workload.lif.description import LifDescription
from archsim.workload.lif.membrane import Membranes
from archsim.workload.lif.network import LifNetwork
from archsim.workload.lif.running import LifResult, run_lif

__all__ = ["LifDescription", "LifNetwork", "LifResult", "Membranes", "run_lif"]

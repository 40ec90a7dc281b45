"""Technology: what formulas of components need to know of the process."""

from __future__ import annotations

from archsim.spec import Description, Length

__all__ = ["Technology"]


class Technology(Description):
    """The process a chip is made in.

    Listed parts keep the price of the process they were published for; only parts whose price is an
    equation over the node (``adc_sar``) follow this one.
    """

    node: Length
    """Technology node, as manufacturers name it. [m]"""

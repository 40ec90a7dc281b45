"""archsim: what a neuromorphic chip costs, what bounds it, and what if, before anyone builds it."""

__all__ = ["__version__"]

__version__ = "0.1.0"

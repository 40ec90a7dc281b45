"""Command line: commands only; what they do stands in the layers below.

Modules here import nothing heavy before a command runs, so that ``archsim --help`` is quick.
"""

from archsim.cli.application import main

__all__ = ["main"]

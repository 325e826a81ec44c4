"""The emulator's own pages under /_emulator/: a worker's side of the market, and the controls, by hand.

Plain HTML and forms, one style sheet, no script, nothing from anywhere else.
"""

from qualadmin.emulator.page.site import Site

__all__ = ["Site"]

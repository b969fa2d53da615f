"""The four pruning methods of the paper (Table 1) by name, and the checks of what callers pass in."""

from __future__ import annotations

METHODS = ("WT", "SiPP", "FT", "PFP")

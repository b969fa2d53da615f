"""Seeds of their own for every purpose, so that no draw depends on how many came before."""

from __future__ import annotations

import hashlib
import json


def seed_for(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed, such as ``seed_for(0, "train", "WT", 0, 1)``: the same in every process."""
    digest = hashlib.sha256(json.dumps([seed, *purpose]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1

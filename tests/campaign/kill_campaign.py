"""Kills a campaign at random moments, again and again: ``python kill_campaign.py STORE KILLS SEED LONGEST``.

Prints what is damaged after all of them. Each campaign is a fork, so that importing torch is paid for once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch._dynamo  # an optimizer would import it in every fork

from lostprune import campaign
from lostprune.campaign.verify import verify
from tiny_network import moment


def main(folder: Path, kills: int, seed: int, longest: float) -> None:
    torch.set_num_threads(1)
    wait, damages, rewritten, known = random.Random(seed), [], 0, {}
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            campaign.run([moment()], ("curves", "shift"), store_folder=folder, say=lambda line: None)
            os._exit(0)
        time.sleep(wait.uniform(0.05, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        rewritten += sum(path.stat().st_mtime_ns != changed for path, changed in known.items())
        damages += [damage.reason for damage in verify(folder)[1]]
        known = {path: path.stat().st_mtime_ns for path in (folder / "checkpoints").glob("*/*.json")}
    print(json.dumps({"damages": damages, "rewritten": rewritten, "trained": len(known)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))

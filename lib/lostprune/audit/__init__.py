"""The paper's questions for a reader's own networks and data: is a pruned network as good as its parent?"""

from .compare import compare
from .kept import compared
from .own_study import RETRAIN, own_study
from .potentials import Recommendation, recommend, verdicts
from .report import page, write_report
from .run import Audit, run_audit

__all__ = [
    "RETRAIN",
    "Audit",
    "Recommendation",
    "compare",
    "compared",
    "own_study",
    "page",
    "recommend",
    "run_audit",
    "verdicts",
    "write_report",
]

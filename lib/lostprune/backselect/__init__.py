"""Which pixels an image can do without: backward selection (BackSelect, Carter et al., 2019 and 2020).

Takes any network and any images; knows no study.
"""

from .ranking import SEARCHES, rank_pixels

__all__ = ["SEARCHES", "rank_pixels"]

"""Where each VM stays activated: virtual machines against the hosts they may live on.

Pure: facts in, a matrix out. ``outlook`` answers for one guest on one host, real or imagined, and is what the
pre-upgrade validation asks for each step of an upgrade; ``moves`` answers for a whole fabric as it is now.
"""

from harness.core.moves._matrix import MoveCell, MoveGuest, MoveMatrix, MoveNode, moves
from harness.core.moves._outlook import HostStand, Outlook, Stay, lease_end, outlook, stand_of
from harness.core.moves._pools import Pool, homes, pools

__all__ = [
    "HostStand",
    "MoveCell",
    "MoveGuest",
    "MoveMatrix",
    "MoveNode",
    "Outlook",
    "Pool",
    "Stay",
    "homes",
    "lease_end",
    "moves",
    "outlook",
    "pools",
    "stand_of",
]

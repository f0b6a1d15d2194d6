"""How long full facts take, as ratios within one run on the simulated lab; `make bench` writes docs/performance.md.

The lab runs in a process of its own, so that it and a client never share an interpreter. Every client runs in a
process of its own as well, and its start-up is not counted. No figure here speaks of Windows: the lab's own answer
time takes the place of a host's.
"""

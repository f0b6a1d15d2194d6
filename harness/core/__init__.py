"""The pure centre: records, catalogue, witnesses, verdict, plan. No I/O, clock, threads, randomness or environment."""

"""gather, plan, apply, verify: lanes, deadlines, retry classes, journal, and one typed event stream."""

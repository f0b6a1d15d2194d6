"""Room for sockets: a lab of a thousand hosts needs more file descriptors than most systems allow at first."""

import sys

__all__ = ["allow_many"]


def allow_many(count: int) -> None:
    """Raise this process's soft limit of open files to ``count``, as far as its hard limit allows."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

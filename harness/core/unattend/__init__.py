"""Answer files of Windows Setup with the right AVMA key: a new one, or the key alone changed in one that exists.

Pure: bytes in, bytes out. Where a key goes: Microsoft Learn, Unattended Windows Setup Reference,
Microsoft-Windows-Shell-Setup | ProductKey (read 2026-11): pass specialize; 29 characters; never empty; an invalid key
makes setup fail.
"""

from harness.core.unattend._patch import Change, Patched, patch
from harness.core.unattend._problems import AnswerFileError, FileProblem
from harness.core.unattend._render import render
from harness.core.unattend._wanted import Wanted, wanted

__all__ = ["AnswerFileError", "Change", "FileProblem", "Patched", "Wanted", "patch", "render", "wanted"]

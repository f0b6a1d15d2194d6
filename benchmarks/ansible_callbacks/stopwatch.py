"""An Ansible callback: seconds from the start of the play to its end, and how its tasks went.

Both go to the file that AVMA_STOPWATCH names, so that the start-up of ansible-playbook is not counted.
"""

import json
import os
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Found by ansible-core by this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stopwatch"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.begun = 0.0
        self.answers = 0

    def v2_playbook_on_play_start(self, play):  # noqa: ARG002 - Ansible passes it by this name
        """The inventory is read, the first task is about to be sent."""
        self.begun = time.perf_counter()

    def v2_runner_on_ok(self, result):
        """A task on a host; only one with an answer counts."""
        fields = getattr(result, "_result", None) or result.result
        self.answers += bool(fields.get("stdout", "").strip())

    def v2_playbook_on_stats(self, stats):
        """All is done."""
        found = {"seconds": time.perf_counter() - self.begun, "hosts": len(stats.processed), "answers": self.answers}
        Path(os.environ["AVMA_STOPWATCH"]).write_text(json.dumps(found))

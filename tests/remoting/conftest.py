"""One lab for the room's tests, wiped between them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from remoting_lab import Lab, LoopThread, start_lab

sys.path.append(str(Path(__file__).parents[1] / "sim"))  # its MIT KDC serves the Kerberos tests here too


@pytest.fixture(scope="session")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture(scope="session")
def served(loop_thread: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = start_lab(loop_thread, tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.fixture
def lab(served: Lab) -> Iterator[Lab]:
    served.reset()
    yield served
    served.reset()

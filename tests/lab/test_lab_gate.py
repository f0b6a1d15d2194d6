"""The figure that `make gates` holds: broken files told at their exact place."""

import pytest
from lab_yaml_cases import exact_share


@pytest.mark.gate
def test_every_broken_file_of_the_corpus_is_told_at_its_exact_place(figure):
    exact, cases = exact_share()
    figure("Q1", 100.0 * exact / cases, f"{cases} broken files")
    assert cases >= 40
    assert exact == cases

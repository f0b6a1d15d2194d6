"""The pytest plugin: lab runs as tests. PYTEST_DONT_REWRITE

Loaded by its entry point in every pytest run of everyone who has the harness installed, so nothing else of ours is
imported before a test asks for a lab. docs/writing-lab-tests.md is its manual; what a lab is to a test stands in
harness.engine.trials.
"""

__all__: list[str] = []

pytest_plugins = tuple(
    f"harness.pytest_plugin.{name}" for name in ("_options", "_job", "_workers", "_selection", "_fixtures", "_reports")
)

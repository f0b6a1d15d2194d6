"""Where the example inventories and the playbooks lie that come with the harness."""

from pathlib import Path

__all__ = ["shipped_inventories", "shipped_playbooks"]


def shipped_playbooks() -> dict[str, Path]:
    """The playbooks that come with the harness, by name: "activate-guests", ..."""
    return _shipped("playbooks")


def shipped_inventories() -> dict[str, Path]:
    """The example inventories that come with the harness, by name: "lab", "cluster"."""
    return _shipped("inventory")


def _shipped(folder: str) -> dict[str, Path]:
    """They live at the top of the repository; the wheel carries them from there into this package (pyproject.toml)."""
    package = Path(__file__).parent
    place = package / "shipped" / folder
    if not place.is_dir():
        place = package.parents[1] / folder
    return {path.stem: path for path in sorted(place.glob("*.yaml"))}

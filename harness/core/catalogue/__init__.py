"""What is known of AVMA as data: keys, releases, editions, the host x guest matrix, codes, events, components.

Each row carries a source and a date; rows that rest on third parties or on general knowledge say so. The rows live in
TOML files next to this package and are read once, when first asked for. Both the harness and the simulated lab read
them; nothing else is shared between the two.

Example:
    >>> from harness.core.catalogue import avma_key, host_supports
    >>> row = avma_key("2022", "Standard")
    >>> row.last5 if row else None
    '78VHK'
    >>> host_supports("2019", "2022").supported
    False
"""

from harness.core.catalogue._codes import CodeRow, EventRow, NotificationRow, code, codes, event, events, notifications
from harness.core.catalogue._components import (
    ComponentRow,
    ComponentStatusRow,
    component,
    component_names,
    component_status,
    components,
)
from harness.core.catalogue._editions import (
    AZURE_EDITION,
    EditionInfo,
    SkuRow,
    edition_of_family,
    edition_of_name,
    edition_of_sku,
    sku,
    skus,
)
from harness.core.catalogue._keys import KeyRow, avma_key, gvlk, is_public_key, key_by_tail, keys
from harness.core.catalogue._licences import (
    ChannelRow,
    LicenseStatusRow,
    channel_of_token,
    channels,
    license_status,
    license_statuses,
)
from harness.core.catalogue._matrix import Cell, Licensing, azure_local_supports, host_supports, matrix
from harness.core.catalogue._notices import NoticeRow, notices, notices_in
from harness.core.catalogue._releases import (
    RELEASE_ORDER,
    ReleaseRow,
    azure_release_of_build,
    normal_release,
    release_of_build,
    release_rank,
    releases,
)

__all__ = [
    "AZURE_EDITION",
    "RELEASE_ORDER",
    "Cell",
    "ChannelRow",
    "CodeRow",
    "ComponentRow",
    "ComponentStatusRow",
    "EditionInfo",
    "EventRow",
    "KeyRow",
    "LicenseStatusRow",
    "Licensing",
    "NoticeRow",
    "NotificationRow",
    "ReleaseRow",
    "SkuRow",
    "avma_key",
    "azure_local_supports",
    "azure_release_of_build",
    "channel_of_token",
    "channels",
    "code",
    "codes",
    "component",
    "component_names",
    "component_status",
    "components",
    "edition_of_family",
    "edition_of_name",
    "edition_of_sku",
    "event",
    "events",
    "gvlk",
    "host_supports",
    "is_public_key",
    "key_by_tail",
    "keys",
    "license_status",
    "license_statuses",
    "matrix",
    "normal_release",
    "notices",
    "notices_in",
    "notifications",
    "release_of_build",
    "release_rank",
    "releases",
    "sku",
    "skus",
]

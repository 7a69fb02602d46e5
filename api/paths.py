"""What a parameter of a path may be, by its name in the route table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from feeds.types import DefectId
from installs_registry.types import CustomerId, InstallId, ProductId, VersionText

NoticeId = Annotated[str, Meta(min_length=1, max_length=64, description="As the notice's `id` says.")]
ImportKind = Literal["releases", "customers", "installs"]

PATH_TYPES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "product": ProductId,
        "version": VersionText,
        "customer": CustomerId,
        "install": InstallId,
        "defect": DefectId,
        "notice": NoticeId,
        "kind": ImportKind,
    }
)

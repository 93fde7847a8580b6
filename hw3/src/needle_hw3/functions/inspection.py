"""What the library offers, as the standard asks."""

from __future__ import annotations

from typing import Any

from needle_hw3.device import BackendDevice, all_devices, default_device
from needle_hw3.dtypes import DEFAULTS, DTYPES
from needle_hw3.functions.data_types import isdtype
from needle_hw3.layout import MAX_DIMS


class NamespaceInfo:
    """Devices, dtypes and capabilities of this namespace."""

    def capabilities(self) -> dict[str, Any]:
        """Return what is supported: boolean masks, results whose shape depends on data, axes."""
        return {
            "boolean indexing": True,
            "data-dependent shapes": True,
            "max dimensions": MAX_DIMS,
        }

    def default_device(self) -> BackendDevice:
        """Return the device of new arrays."""
        return default_device()

    def default_dtypes(self, *, device: BackendDevice | None = None) -> dict[str, Any]:
        """Return the default dtypes, which are those of every device."""
        del device
        return {
            "real floating": DEFAULTS["f"],
            "integral": DEFAULTS["i"],
            "indexing": DEFAULTS["i"],
        }

    def dtypes(self, *, device: BackendDevice | None = None, kind: Any = None) -> dict[str, Any]:
        """Return the dtypes of a kind, or all, by name; every device has the same."""
        del device
        return {name: x for name, x in DTYPES.items() if kind is None or isdtype(x, kind)}

    def devices(self) -> list[BackendDevice]:
        """Return the devices that are enabled."""
        return [device for device in all_devices() if device.enabled()]


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807 -- the standard's name
    """Return what the library offers."""
    return NamespaceInfo()

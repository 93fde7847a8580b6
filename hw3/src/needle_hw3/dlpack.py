"""DLPack, by which array libraries hand memory to each other without a copy.

The memory of the host goes through NumPy, which knows the protocol. Devices whose memory NumPy
cannot read have kernels for it: `to_dlpack`, `from_dlpack` and `dlpack_device`.
"""

from __future__ import annotations

from typing import Any

HOST = (1, 0)
CUDA = 2  # the type of a device that is an NVIDIA GPU
_LEGACY_STREAM = 1  # the legacy default stream: our streams wait for it, and it for them


def device_of(view: Any, kernels: Any) -> tuple[int, int]:
    """Return the type and the number, in DLPack, of the device that holds a view."""
    if not hasattr(kernels, "to_dlpack"):
        return view.numpy().__dlpack_device__()  # type: ignore[no-any-return]
    return kernels.dlpack_device(view)  # type: ignore[no-any-return]


def export(view: Any, kernels: Any, **options: Any) -> Any:
    """Return a capsule of DLPack that holds a view; `options` are those of `__dlpack__`."""
    if not hasattr(kernels, "to_dlpack"):
        return view.numpy().__dlpack__(**options)
    return _export_from_gpu(view, kernels, **options)


def _export_from_gpu(
    view: Any,
    kernels: Any,
    *,
    stream: int | None = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """Return a capsule of a view of a GPU, or of its values in the memory of the host.

    `stream` is where the consumer works: None or 1 (CUDA's legacy default stream), 2 (that of each
    thread), a handle, or -1 for one that does not wait. Raises `BufferError` for what cannot be
    exported, `ValueError` for a stream that is none.
    """
    versioned = max_version is not None and max_version[0] >= 1
    own = kernels.dlpack_device(view)
    wanted = own if dl_device is None else tuple(dl_device)
    if wanted == HOST:
        if copy is False:
            raise BufferError("the values of a GPU reach the host only by a copy")
        return view.numpy().__dlpack__()  # of a new array, so there is nothing to say about it
    if wanted != own:
        raise BufferError(f"an array on DLPack's device {own} cannot be exported to {wanted}")
    if copy:
        view = kernels.copy(view)
    number = _LEGACY_STREAM if stream is None else stream
    return kernels.to_dlpack(view, number, versioned, bool(copy))


def import_view(x: Any, kernels: Any) -> Any:
    """Return a view of `x`, an array of any library on a GPU of these kernels.

    Raises `BufferError` for what cannot be imported.
    """
    try:
        capsule = x.__dlpack__(stream=_LEGACY_STREAM, max_version=(1, 0))
    except TypeError:  # it is older than versions are
        capsule = x.__dlpack__(stream=_LEGACY_STREAM)
    return kernels.from_dlpack(capsule)

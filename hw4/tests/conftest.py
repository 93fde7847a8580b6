"""Fixtures and settings of hw4's tests."""

import pytest

import needle_hw4 as ndl


def pytest_default_devices():
    """Name every device of hw3 that is there."""
    return [f"needle_hw3:{device.name}" for device in ndl.all_devices() if device.enabled()]


@pytest.fixture
def here(device):
    """Return each device, and make it the default meanwhile."""
    with ndl.use_device(device):
        yield device

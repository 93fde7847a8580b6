#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the autograder's image.
set -euo pipefail

autograder="${AUTOGRADER:-/autograder}"
source="$autograder/source/needle"

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends \
  bubblewrap ca-certificates cmake g++ libseccomp2 ninja-build python3 python3-dev python3-pip python3-venv
rm -rf /var/lib/apt/lists/*

python3 -m venv "$autograder/venv"
cd "$source"
NEEDLE_CUDA=OFF "$autograder/venv/bin/pip" install --no-cache-dir @PACKAGES@

# Nobody but root reads the reference and the hidden checks.
chmod -R go= "$autograder/source" "$autograder"/venv/lib/python3*/site-packages/needle_hw*
"$autograder/venv/bin/needle-grade" doctor || true

#!/usr/bin/env bash
# What needs a graphics processor: tests and benchmark. Needs nothing from the network. tests/card.sh FOLDER_WITH_MNIST [FOLDER_FOR_RESULTS]
set -u
data=$1 results=${2:-.}
python=$(command -v .venv/bin/python || command -v python)
"$python" -m pytest -q -p no:cacheprovider tests/training/test_device_step.py tests/training/test_capture.py tests/training/test_replay.py tests/training/test_devices.py 2>&1 | tee "$results/tests.txt"
"$python" -m mnist_core bench training --device cuda --rounds 3 --data "$data" --json "$results/card.json" 2>&1 | tee "$results/card.txt"

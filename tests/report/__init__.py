"""Tests of `mnist_core.report`."""

"""Tests of mnist_core.panels."""

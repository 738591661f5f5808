"""Tests of the Classroom page's panels."""

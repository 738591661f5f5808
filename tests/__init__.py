"""Tests start hundreds of processes, and every one imports thousands of modules: those are compiled once, also where the environment
says that nothing compiled is to be kept. (Here, before anything else of the tests is imported.)"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

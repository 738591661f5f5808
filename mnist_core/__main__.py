"""`python -m mnist_core`: training from the command line; see `mnist_core.cli`."""

import sys

from mnist_core.cli import main

if __name__ == "__main__":
    sys.exit(main())

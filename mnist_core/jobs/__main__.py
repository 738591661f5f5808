"""`python -m mnist_core.jobs`: the cluster's process. Ends when its standard input does."""

from mnist_core.jobs.cluster import main

if __name__ == "__main__":
    main()

"""The Home page: a moving picture of recorded curves, three first experiments, the ideas."""

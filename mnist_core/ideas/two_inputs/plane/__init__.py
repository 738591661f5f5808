"""A network that learns to tell points of the plane apart, trained in the browser (scripts/)."""

"""Images that excite the units of a layer most."""

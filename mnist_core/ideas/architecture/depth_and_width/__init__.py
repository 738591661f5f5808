"""Networks of many depths and widths trained at one click."""

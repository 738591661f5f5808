"""The ideas, one folder each: `concept.py` is the arithmetic, `figure.py` the chart, `panel.py` what stands on the page."""

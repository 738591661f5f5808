"""Records to pictures: Plotly figures as plain dicts, SVG and PNG."""

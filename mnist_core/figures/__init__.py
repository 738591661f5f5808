"""Records to pictures: Plotly figures as plain dicts, SVG and PNG. Knows neither Streamlit nor torch."""

"""What pages are made of: the only place in mnist_core that imports streamlit."""

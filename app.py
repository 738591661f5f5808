"""MNIST Lab: `streamlit run app.py` brings up everything (pages, store, data, training processes)."""

from mnist_core.ui import frame

frame.run()

"""The book: its pages run with papermill, and are built with jupyter-book."""

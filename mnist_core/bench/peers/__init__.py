"""Other ways to train the same network, each as a good user of that library writes it. None of them is handicapped."""

"""The Classroom page: opening a class, the teacher's console, the board for the projector; and joining, which stands on Home."""

"""What a report says of a run, a sweep or a comparison; whoever has more to say (a lesson) adds sections of his own."""

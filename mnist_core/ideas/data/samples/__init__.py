"""What the images look like, digit by digit, from easy to hard."""

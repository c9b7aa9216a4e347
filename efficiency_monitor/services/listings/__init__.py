"""What the terminal lists and explains. Reads only."""

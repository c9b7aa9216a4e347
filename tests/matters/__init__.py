"""What follows a card: stories told in commands, killed everywhere, and a model of it all."""

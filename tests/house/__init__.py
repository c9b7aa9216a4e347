"""What the house promises about itself: layout, packaging, generated files, documents."""

"""Words for people, in Chinese and English."""

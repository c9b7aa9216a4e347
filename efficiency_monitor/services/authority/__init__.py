"""Who acts, whether they may, what they sign, and the keys that they sign with."""

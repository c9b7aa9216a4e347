"""Writing rules: from a sentence of the law to a tested rule in use."""

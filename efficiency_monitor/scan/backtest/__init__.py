"""Back-tests over the history at hand or over a lake, and the lake itself."""

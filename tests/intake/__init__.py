"""From a file to facts and decisions: readers, mappings, intake."""

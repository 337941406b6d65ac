"""From a candidate to a paper: claims whose every number is a row of the archive."""

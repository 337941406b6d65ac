"""Templates: what is proposed, how it is scored and what is known already."""

"""Template: a diffusion model of points in the plane, scored against points that it never sees."""

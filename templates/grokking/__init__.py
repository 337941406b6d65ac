"""Template: generalisation long after memorisation, on tables of modular arithmetic."""

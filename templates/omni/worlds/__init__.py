"""Other worlds with the interface of the template's own."""

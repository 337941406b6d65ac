"""How an agent should learn, told how much of its training is over."""

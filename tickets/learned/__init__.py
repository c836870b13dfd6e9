"""What is learnt from examples: pieces of text as features, and the linear models over them."""

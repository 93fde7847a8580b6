"""Networks, optimisers and data loading on automatic differentiation."""

"""The words of the house: values, states, errors and ports. Imports nothing of ours."""

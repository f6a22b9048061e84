"""What the tests of the chart share: sets of values, checks of what they render to, and the scaler's arithmetic."""

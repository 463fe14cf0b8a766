"""What is measured, one scenario a module: each has `measure(stage)`."""

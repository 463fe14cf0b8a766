"""What every engine shares that has its videos made elsewhere: submitting once, following, fetching, stopping."""

"""What leaves the house: a licence, a purpose and a format."""

"""What of the documentation's reference is made from the code, when the site is built."""

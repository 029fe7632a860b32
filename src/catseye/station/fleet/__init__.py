"""The vehicle gateway wired: what terminals say goes through the vault and the judges, and what shall be told goes back."""

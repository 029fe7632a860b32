"""What each verb of the command line does. `cli.py` reads the words, these do the work; each is imported only when asked for."""

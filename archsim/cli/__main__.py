"""Lets ``python -m archsim.cli`` do what the command ``archsim`` does."""

from archsim.cli.application import main

if __name__ == "__main__":
    main()

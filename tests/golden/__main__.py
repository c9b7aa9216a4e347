"""`python -m tests.golden`: write the files of this folder anew, and say which are others now."""

from .written import everything, write

for name in write(everything()):
    print(name)

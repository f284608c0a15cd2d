"""`python -m server`: the command line."""

import os
import sys

from server.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

"""The command `scripts/replay`: sends recorded runs to a server, compressed in time, and can be resumed."""

import sys

from scripts.replaying.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

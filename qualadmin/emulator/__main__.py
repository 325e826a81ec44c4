"""python3 -m qualadmin.emulator --port N: the server without Django around it."""

import argparse

from qualadmin.emulator.server.run import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="emulator", description="Amazon Mechanical Turk, emulated.")
    add_arguments(parser)
    raise SystemExit(run(vars(parser.parse_args())))

"""python -m mmcore: the command line."""

from mmcore.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())

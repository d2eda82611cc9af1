"""The command line of hack/images: which images exist, and making them."""

from __future__ import annotations

import argparse
import sys

from localcluster.progress import Failure, say

from . import store
from .recipes import RECIPES

HELP = """\
Builds container images without a container engine and without pulling anything: programs on this machine (or built
from this repository and its pinned Go modules), the shared libraries they need, and nothing else.

  hack/images build redis busybox      builds them, prints one line for each:
                                       NAME<TAB>REFERENCE<TAB>/absolute/path/of/the/archive.tar
  hack/images list                     lists every image that can be built, and what the cache holds of it

You can load the archives anywhere:
  hack/cluster load FILE.tar           the local cluster
  kind load image-archive FILE.tar     kind
  docker load -i FILE.tar              docker, podman

The tag of a reference is derived from the image's content, so a changed image has a new tag and rolls out. Images that
have not changed are not built again. The cache is ~/.cache/realtime-operator/images (REALTIME_OPERATOR_CACHE sets
another root); the newest three archives of each image are kept. REALTIME_OPERATOR_BINARY=FILE puts FILE into the image
realtime-operator instead of the release build, REALTIME_SERVER_BINARY=FILE into realtime-server.
"""


def _build(names: list[str]) -> None:
    for name in names:
        if name not in RECIPES:
            raise Failure(f"there is no image {name}; there are: {', '.join(RECIPES)}")
    for name in names:
        reference, tar = store.ensure(RECIPES[name]())
        print(f"{name}\t{reference}\t{tar}", flush=True)


def _list() -> None:
    for name in RECIPES:
        tars = sorted(store.directory().glob(f"{name}-" + "[0-9a-f]" * 12 + ".tar"),
                      key=lambda tar: tar.stat().st_mtime)
        held = f"localhost/{tars[-1].stem[::-1].replace('-', ':', 1)[::-1]}\t{tars[-1]}" if tars else "not built yet\t"
        print(f"{name}\t{held}")


def main() -> int:
    """Runs one command; an expected failure is one message without a trace."""
    parser = argparse.ArgumentParser(prog="hack/images", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="build images and print where they are")
    build.add_argument("names", nargs="+", metavar="NAME", help=", ".join(RECIPES))
    commands.add_parser("list", help="list all images")
    arguments = parser.parse_args()
    try:
        if arguments.command == "build":
            _build(arguments.names)
        else:
            _list()
    except Failure as failure:
        say(f"FAILED: {failure}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

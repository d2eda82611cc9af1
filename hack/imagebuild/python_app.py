"""The image of a Python app: the interpreter of this machine, its standard library, and what requirements.txt names.

The layout is that of any virtual environment (/opt/venv over /usr), so the programs that packages install are on PATH
as they are in Docker's python images, whichever interpreter the machine has.
"""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from localcluster.binaries import cache_root
from localcluster.progress import Failure, say

from . import dockerfile
from .recipe import Recipe

VENV = "opt/venv"
KEPT = 3
# Of the standard library: tests, the editor, the installer, and what builds extensions.
UNUSED = ("test", "tests", "idlelib", "idle_test", "tkinter", "turtledemo", "ensurepip", "lib2to3", "config-*",
          "site-packages", "dist-packages", "__pycache__", "_tkinter*", "_test*", "*.a")
FACTS = "import sys, sysconfig; print(sys.version.split()[0], sysconfig.get_path('stdlib'), sys.executable)"


def _interpreter() -> tuple[str, pathlib.Path, pathlib.Path]:
    """Version, standard library and program of the first interpreter that is new enough."""
    for candidate in ("/usr/bin/python3", "python3"):
        program = shutil.which(candidate)
        if program is None:
            continue
        result = subprocess.run([program, "-c", FACTS], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            continue
        version, stdlib, executable = result.stdout.split()
        if tuple(int(part) for part in version.split(".")[:2]) >= (3, 11):
            return version, pathlib.Path(stdlib), pathlib.Path(executable)
    raise Failure("no Python 3.11 or newer; hack/deps installs it (Debian's package python3)")


def _pip(executable: pathlib.Path, scratch: pathlib.Path) -> list[str]:
    """The interpreter's pip, or that of a virtual environment made for the purpose."""
    if subprocess.run([executable, "-c", "import pip"], capture_output=True, check=False).returncode == 0:
        return [str(executable), "-m", "pip"]
    result = subprocess.run([executable, "-m", "venv", scratch], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failure(f"{executable} has neither pip nor venv; hack/deps installs it (Debian's package python3-venv)")
    return [str(scratch / "bin" / "python3"), "-m", "pip"]


def _prune(parent: pathlib.Path) -> None:
    """Keeps the newest sets of packages."""
    folders = sorted((path for path in parent.iterdir() if not path.name.startswith(".")),
                     key=lambda path: path.stat().st_mtime)
    for folder in folders[:-KEPT]:
        shutil.rmtree(folder)


def _packages(requirements: pathlib.Path, version: str, executable: pathlib.Path) -> pathlib.Path:
    """A folder with the installed packages; made once for each content of requirements.txt and interpreter."""
    key = hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()[:16]
    folder = cache_root() / "images" / "python" / key
    if folder.is_dir():
        return folder
    say(f"installing the Python packages of {requirements.parent.name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=".pip-", dir=folder.parent))
    try:
        # Byte code carries times, so it would differ with every build; the interpreter makes its own.
        command = [*_pip(executable, scratch / "venv"), "install", "--quiet", "--no-compile",
                   "--disable-pip-version-check", "--root-user-action=ignore", "--target", scratch / "site",
                   "--requirement", requirements]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"pip cannot install {requirements}:\n{result.stderr.strip()[-2000:]}")
        for record in (scratch / "site").glob("*.dist-info/RECORD"):
            record.unlink()  # names temporary folders, and nobody uninstalls in an image
        (scratch / "site").rename(folder)
        _prune(folder.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _install(root: pathlib.Path, packages: pathlib.Path, stdlib: pathlib.Path, program: str) -> None:
    shutil.copytree(stdlib, root / "usr" / "lib" / stdlib.name, ignore=shutil.ignore_patterns(*UNUSED), symlinks=False)
    interpreter = root / "usr" / "bin" / program
    if program != "python3":
        interpreter.rename(interpreter.with_name("python3"))
    venv = root / VENV
    site = venv / "lib" / stdlib.name / "site-packages"
    shutil.copytree(packages, site, ignore=shutil.ignore_patterns("bin", "__pycache__"))
    (venv / "bin").mkdir(parents=True)
    for name in ("python3", "python", stdlib.name):
        (venv / "bin" / name).symlink_to("/usr/bin/python3")
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n", encoding="utf-8")
    for script in sorted((packages / "bin").glob("*")):
        first, _, rest = script.read_bytes().partition(b"\n")
        if first.startswith(b"#!"):
            first = f"#!/{VENV}/bin/python3".encode()
        target = venv / "bin" / script.name
        target.write_bytes(first + b"\n" + rest)
        target.chmod(0o755)


def recipe(name: str, source: pathlib.Path) -> Recipe:
    """The image of the app in source, which has a Dockerfile, requirements.txt and build.sh OUT_DIR."""
    version, stdlib, executable = _interpreter()
    packages = _packages(source / "requirements.txt", version, executable)
    shell = shutil.which("busybox")
    if shell is None:
        raise Failure("busybox is missing; hack/deps installs it (Debian's package busybox-static)")
    program = executable.resolve()
    if program.name != "python3" and not program.name.startswith("python3."):
        program = stdlib.parent.parent / "bin" / "python3"  # a shim (pyenv) stands before the real one

    def assemble(root: pathlib.Path) -> None:
        _install(root, packages, stdlib, program.name)
        (root / "usr" / "bin" / "sh").symlink_to("busybox")
        result = subprocess.run([source / "build.sh", root], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Failure(f"{source / 'build.sh'} failed:\n{(result.stdout + result.stderr).strip()[-2000:]}")

    config = dockerfile.read_config(source / "Dockerfile", env=(f"PATH=/{VENV}/bin:/usr/bin:/bin", "LANG=C.UTF-8"))
    return Recipe(name, config, binaries=(program, pathlib.Path(shell)), inputs=(source,),
                  facts=f"{version} {packages.name}", needed_by=(stdlib / "lib-dynload", packages), assemble=assemble,
                  tags=("latest",))

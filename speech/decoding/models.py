"""Finding a Vosk model on this machine, and downloading the small Chinese one where there is internet."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import aiohttp

from runtime.settings import Settings
from speech.decoding.demo import is_demo

SMALL_MODEL = "vosk-model-small-cn-0.22"
SMALL_URL = f"https://alphacephei.com/vosk/models/{SMALL_MODEL}.zip"

LARGEST_ZIP = 3 << 30
LARGEST_UNPACKED = 8 << 30
MOST_FILES = 2000
"""Bounds of a model archive; vosk-model-cn-0.22 (the largest Chinese one) is 1.3 GB packed."""

Progress = Callable[[int, int], None]
"""Told (bytes so far, bytes in all or 0 when unknown)."""


class ModelUnavailable(Exception):
    """No model could be had; the message is for the person at the console."""


def is_model(folder: Path) -> bool:
    """Whether this looks like a Vosk model: Kaldi aborts the whole process on a folder that is none."""
    try:
        return (folder / "am" / "final.mdl").is_file() and (folder / "conf").is_dir()
    except OSError:  # no right to look into it, or no name that a folder may have
        return False


def find_model(settings: Settings) -> Path | None:
    """The model to use: HOTLINE_VOSK_MODEL, else the best of var/models.

    A set HOTLINE_VOSK_MODEL is the only candidate: a wrong path is to be told (`explain_missing`), not passed
    over in silence. Among several the large Chinese one wins, then the small one, then any other; the
    demonstration model comes last.
    """
    if settings.vosk_model:
        folder = Path(settings.vosk_model).expanduser()
        return folder if is_model(folder) else None
    if not settings.models_dir.is_dir():
        return None
    return min((f for f in settings.models_dir.iterdir() if is_model(f)), key=_rank, default=None)


def _rank(folder: Path) -> tuple[int, str]:
    name = folder.name
    if name.startswith("vosk-model-cn"):
        return 0, name
    if name.startswith("vosk-model-small-cn"):
        return 1, name
    return (3 if is_demo(folder) else 2), name


def explain_missing(settings: Settings) -> str:
    """Why there is no model, in Chinese, for the desk and the console."""
    if settings.vosk_model:
        return f"语音模型路径无效：{settings.vosk_model}（HOTLINE_VOSK_MODEL）"
    return f"未找到语音模型（{settings.models_dir}），可运行 hotline models download 下载"


async def download(
    settings: Settings,
    progress: Progress | None = None,
    *,
    url: str = SMALL_URL,
    sha256: str = "",
    timeout_s: float = 1800.0,
) -> Path:
    """Download and unpack a model into var/models; the finished folder appears in one step.

    Raises ModelUnavailable without internet, on a broken archive, or when there is no room.
    """
    settings.models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=settings.models_dir) as scratch:
        archive = Path(scratch) / "model.zip"
        await _fetch(url, archive, progress, sha256, timeout_s)
        return await asyncio.to_thread(unpack, archive, settings.models_dir)


async def _fetch(url: str, target: Path, progress: Progress | None, sha256: str, timeout_s: float) -> None:
    digest = hashlib.sha256()
    # No byte for 30 s means that nobody answers; the whole may take half an hour on a slow line. A closed network
    # often drops the call for a connection in silence: a first start does not wait long for that.
    timeout = aiohttp.ClientTimeout(total=timeout_s, connect=6, sock_connect=6, sock_read=30)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url) as response,
        ):
            if response.status != 200:
                raise ModelUnavailable(f"{url} answered {response.status}")
            total = response.content_length or 0
            if total > LARGEST_ZIP:
                raise ModelUnavailable(f"{url} is {total} bytes, more than a model may have")
            done = 0
            with target.open("wb") as file:
                async for piece in response.content.iter_chunked(1 << 18):
                    done += len(piece)
                    if done > LARGEST_ZIP:
                        raise ModelUnavailable(f"{url} never ends")
                    file.write(piece)
                    digest.update(piece)
                    if progress is not None:
                        progress(done, total)
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise ModelUnavailable(
            f"cannot download {url}: {reason}. Without internet: copy a Vosk model folder to "
            f"{target.parent.parent}, or set HOTLINE_VOSK_MODEL"
        ) from None
    except OSError as error:
        raise ModelUnavailable(f"cannot write {target}: {error.strerror}") from None
    if total and done != total:
        raise ModelUnavailable(f"the download of {url} broke off after {done} of {total} bytes")
    if sha256 and digest.hexdigest() != sha256:
        raise ModelUnavailable(f"{url} is not the expected file (checksum differs)")


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a model's zip safely and return its folder in `into`. Raises ModelUnavailable."""
    try:
        with zipfile.ZipFile(archive) as bundle, tempfile.TemporaryDirectory(prefix=".unpack-", dir=into) as temp:
            top = _checked_top(bundle)
            bundle.extractall(temp)  # every member was checked above
            folder = Path(temp) / top
            if not is_model(folder):
                raise ModelUnavailable(f"the archive holds no Vosk model ({top}: am/final.mdl or conf missing)")
            target = into / top
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
            return target
    except (zipfile.BadZipFile, EOFError, zipfile.LargeZipFile) as error:
        raise ModelUnavailable(f"the archive is broken: {error}") from None
    except OSError as error:
        raise ModelUnavailable(f"cannot unpack into {into}: {error.strerror or error}") from None


def _checked_top(bundle: zipfile.ZipFile) -> str:
    """The one top folder of the archive; refuses paths that lead outside, links and bombs."""
    members = bundle.infolist()
    if not members or len(members) > MOST_FILES:
        raise ModelUnavailable(f"the archive holds {len(members)} files, expected 1 to {MOST_FILES}")
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        raise ModelUnavailable("the archive unpacks to more than a model may have")
    tops: set[str] = set()
    for member in members:
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename or not path.parts:
            raise ModelUnavailable("the archive holds a path that leads outside")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ModelUnavailable("the archive holds a link")
        tops.add(path.parts[0])
    if len(tops) != 1:
        raise ModelUnavailable("the archive holds more than one folder")
    return tops.pop()

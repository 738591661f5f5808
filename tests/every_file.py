"""One test over many files: thousands of tests take longer to be counted than the files to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def for_every_file(files: Iterable[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """A decorator that makes a check of one file a test of all, which fails with each file that fails and why."""
    checked = list(files)

    def decorate(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            assert checked, "there are no files to check"
            failed: list[str] = []
            for file in checked:
                try:
                    check(file)
                except AssertionError as error:
                    failed.append(f"{file.relative_to(ROOT)}: {error}")
            assert not failed, "\n".join(failed)

        test.__name__, test.__qualname__, test.__doc__ = check.__name__, check.__qualname__, check.__doc__
        test.__module__ = check.__module__
        return test

    return decorate

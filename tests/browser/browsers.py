"""Browsers that are kept from test to test: a start takes seconds. Each test finds one that has forgotten everything."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from typing import Self

from selenium.webdriver.remote.webdriver import WebDriver

from mnist_core.bench import browser


class Browsers:
    """As many of each language as a test has open at once, each with a profile of its own."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._free: dict[str, list[WebDriver]] = defaultdict(list)
        self._taken: list[tuple[str, WebDriver]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def take(self, language: str, size: tuple[int, int]) -> WebDriver:
        """One that nobody has, which shows nothing and knows nobody."""
        if self._free[language]:
            driver = self._free[language].pop()
            driver.set_window_size(*size)
        else:
            driver = self._open.enter_context(browser.chromium(language=language, size=size))
        self._taken.append((language, driver))
        return driver

    def give_back(self) -> None:
        """Take back all that are taken."""
        for language, driver in self._taken:
            forget(driver)
            self._free[language].append(driver)
        self._taken.clear()


def forget(driver: WebDriver) -> None:
    """Leave a new tab, with a history and settings of its own, and no cookie."""
    before = driver.window_handles
    driver.switch_to.new_window("tab")
    tab = driver.current_window_handle
    for handle in before:
        driver.switch_to.window(handle)
        driver.close()
    driver.switch_to.window(tab)
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "default"})
    driver.get_log("browser")

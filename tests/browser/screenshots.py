"""`make screenshots`: runs the demo in a home of its own and takes the documentation's pictures under its traffic.

`python -m tests.browser.screenshots [minutes of traffic, 10 unless told]`; ports as QUARTET_PORT and
QUARTET_GATEWAY_PORT say. Takes that long and some two minutes more.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


#: Name -> page, of the demo's steady traffic.
STEADY = {"dashboard": "/", "deployment": "/deployments/digits/"}


def of_the_loop(loop: dict[str, Any]) -> dict[str, str]:
    """Name -> page, right after the demo's ninth step; `loop` is what that has seen."""
    return {
        "loop-deployment": "/deployments/digits/",
        "loop-drift": f"/drift/{loop['drifted']['run']}/",
        "loop-training": f"/training/{loop['job']}/",
        "loop-approval": f"/approvals/{loop['approval']}/",
    }


#: Where a picture ends: above the panel with the first commands to copy, which name this machine's paths, or with the
#: page.
END = """() => {
  const commands = document.querySelector("main .code"), panel = commands?.closest(".panel, section") ?? commands;
  const end = panel ? panel.getBoundingClientRect().top : document.querySelector("main").lastElementChild
    .getBoundingClientRect().bottom + 16;
  return Math.floor(end + scrollY);
}"""
#: Pixels; of a longer page the rest is left out.
LONGEST = 2400


def main(minutes: float) -> None:
    """The demo's steps, then its steady traffic, then the pictures."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
    django.setup()
    from controlplane.demo.story import RATE, demo_folder
    from controlplane.demo.traffic import Traffic
    from controlplane.embedded.stack import running
    from controlplane.management.commands.demo import Command
    from controlplane.management.commands.up import listen
    from workers.training.digits_av.held_out import held_out

    command = Command()
    with tempfile.TemporaryDirectory(prefix="quartet-pictures-") as above:
        Path(above).chmod(0o711)
        with running(Path(above) / "home", listen(), command.say) as stack, command.story(stack) as story:
            story.run()
            take(stack.web_url, "ada", story.people["ada"], of_the_loop(story.seen["loop"]))
            samples = list(held_out(240, seed=7, cache_directory=demo_folder(stack.home.path) / "cache"))
            with Traffic(stack.gateway_url, story.keys["app"], samples, rate=RATE):
                command.say(f"Traffic for {minutes:g} minutes, for the charts")
                time.sleep(minutes * 60)
                take(stack.web_url, "ada", story.people["ada"], STEADY)


def take(url: str, username: str, password: str, paths: dict[str, str]) -> None:
    """Sign in and photograph each page, once its numbers are live, into docs/."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import DESKTOP, FLAGS, chromium_path

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page(viewport=DESKTOP, color_scheme="light")
        page.goto(f"{url}/login/")
        page.get_by_label("Name").fill(username)
        page.get_by_label("Password").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/")
        for name, path in paths.items():
            page.set_viewport_size(DESKTOP)
            page.goto(url + path)
            page.wait_for_selector('[data-live][data-state="live"]')
            page.set_viewport_size(DESKTOP | {"height": min(LONGEST, page.evaluate(END))})
            page.screenshot(path=ROOT / "docs" / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)

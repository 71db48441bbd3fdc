"""`manage.py demo`: the whole product with the main job run through it."""

import json
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from controlplane.demo.model import Training
from controlplane.demo.story import RATE, Story, demo_folder
from controlplane.demo.traffic import Traffic
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.stack import Stack, running
from controlplane.management.commands.up import listen
from workers.training.digits_av.held_out import held_out


class Command(BaseCommand):
    help = "Start everything, train a small model, deploy, watch and replace it; the world drifts, the model follows."
    # The checks look at a database that this command is about to start.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="end after the last step, printing one JSON line")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        self.began = time.monotonic()
        seen: dict[str, Any] = {}
        try:
            with running(settings.QUARTET_HOME, listen(), self.say) as stack, self.story(stack) as story:
                seen = story.seen
                story.run()
                if not once:
                    self.stay(story)
        except OperatorError as error:
            self.conclude(once, seen, ok=False)
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.say("Everything is stopped.")
            if not once:
                return
            self.conclude(once, seen, ok=False)
            raise CommandError("Interrupted before the last step.") from None
        self.conclude(once, seen, ok=True)

    @contextmanager
    def story(self, stack: Stack) -> Iterator[Story]:
        """The story with its trainings under way, the second behind the first."""
        folder = demo_folder(stack.home.path)
        folder.mkdir(exist_ok=True)
        first = Training(folder / "first", stack.environ, self.say)
        trainings = [first, Training(folder / "second", stack.environ, self.say, parent=first)]
        try:
            yield Story(stack, self.say, trainings)
        finally:
            for training in trainings:
                training.stop()

    def stay(self, story: Story) -> None:
        """Keep the clients asking so that the dashboard is alive, until Ctrl-C."""
        stack = story.stack
        samples = list(held_out(240, seed=7, cache_directory=demo_folder(stack.home.path) / "cache"))
        people = "\n".join(f"    {name:5} {password}" for name, password in story.people.items())
        self.say(
            f"\nAll steps held. Quartet runs:\n  dashboard  {stack.web_url}\n  approvals  {stack.web_url}/admin/\n"
            f"  gateway    {stack.gateway_url}\n  users and one-time passwords (new at each start):\n{people}\n"
            f"  API keys: ci {story.keys['ci']}\n            app {story.keys['app']}\n"
            f"Clients keep asking at {RATE:.0f} requests a second. Ctrl-C stops everything."
        )
        with Traffic(stack.gateway_url, story.keys["app"], samples, rate=RATE):
            threading.Event().wait()

    def conclude(self, once: bool, seen: dict[str, Any], *, ok: bool) -> None:
        """With --once: the JSON line."""
        if once:
            seen.setdefault("seconds", {})["all"] = round(time.monotonic() - self.began, 1)
            self.say(json.dumps({"ok": ok, **seen}))

    def say(self, line: str) -> None:
        """A line of progress, at once."""
        self.stdout.write(line)
        self.stdout.flush()

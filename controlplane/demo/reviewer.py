"""The second person: signs in to the Django admin and presses Approve, as a browser would."""

import json
import re
import time
from typing import Any

import httpx

from controlplane.embedded.errors import OperatorError


class Reviewer:
    """A signed-in admin session; a context manager, which closes its connection."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._http = httpx.Client(base_url=url, follow_redirects=True, timeout=30)
        token = _token(self._http.get("/admin/login/").text)
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
        page = self._http.post("/admin/login/", data=form, headers={"Referer": f"{url}/admin/login/"})
        if "quartet_session" not in self._http.cookies:
            raise OperatorError(f"{username} could not sign in to the admin (status {page.status_code}).")

    def __enter__(self) -> "Reviewer":
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def approve(self, digest: str, comment: str, seconds: float = 15) -> dict[str, Any]:
        """Approve the open request that is bound to `digest`; it appears a moment after the revision was asked for."""
        request = self._find(digest, seconds)
        page = f"/admin/approvals/approvalrequest/{request['id']}/"
        token = _token(self._http.get(f"{page}change/").text)
        form = {"verdict": "approve", "comment": comment, "csrfmiddlewaretoken": token}
        answer = self._http.post(
            f"{page}decide/", data=form, headers={"Referer": f"{self._http.base_url}{page}change/"}
        )
        if "Recorded." not in answer.text:
            raise OperatorError(
                f"The admin did not take the approval of '{request['summary']}' (status {answer.status_code})."
            )
        return request

    def gates_set(self, model: str, clauses: list[dict[str, Any]]) -> None:
        """Say in the admin what a candidate of the model must show; where that was said before, it stays."""
        page = "/admin/training/gatepolicy/add/"
        form = self._http.get(page).text
        option = re.search(rf'<option value="(\d+)"[^>]*>\s*{re.escape(model)}\s*</option>', form)
        if not option:
            raise OperatorError(f"The admin offers no gate policy for the model {model}.")
        sent = {"model": option[1], "clauses": json.dumps(clauses), "csrfmiddlewaretoken": _token(form)}
        answer = self._http.post(page, data=sent, headers={"Referer": f"{self._http.base_url}{page}"})
        if answer.is_error or ("already exists" not in answer.text and answer.url.path == page):
            raise OperatorError(f"The admin did not take the gates of {model} (status {answer.status_code}).")

    def _find(self, digest: str, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            requests = self._http.get("/api/v1/approvals").json()["results"]
            for request in requests:
                if request["digest"] == digest and request["state"] == "open":
                    return dict(request)
            time.sleep(0.2)
        raise OperatorError(f"No approval request appeared within {seconds:.0f} s; is the control worker running?")


def _token(html: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
    if not found:
        raise OperatorError("The admin's page holds no form to sign.")
    return found.group(1)

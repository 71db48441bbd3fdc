"""Commands for a shell that work as they are pasted: asking a deployment, making a key, and the first of everything."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.registry.rules.roles import label_output

_MEDIA = ("image", "audio", "video")


def curl_command(*, gateway: str, deployment: str, manifest: dict[str, Any], directory: Path) -> str:
    """A curl command for `POST /v2/models/<deployment>/infer` with one sample; KEY must hold an API key.

    Media are read from files named at the top, which a reader replaces by their own.
    """
    sample = (manifest.get("samples") or [{}])[0]
    inputs = [each for each in manifest["inputs"] if each["required"] or each["name"] in sample] or manifest["inputs"][
        :1
    ]
    files = [_assignment(each, sample, directory) for each in inputs if each["modality"] in _MEDIA]
    elements = ",\n  ".join(_element(each, sample.get(each["name"])) for each in inputs)
    lines = [
        *files,
        f"curl -s {shlex.quote(f'{gateway}/v2/models/{deployment}/infer')} \\",
        '  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d @- <<END',
        f'{{"inputs": [\n  {elements}\n]}}',
        "END",
    ]
    return "\n".join(lines)


def _variable(declared: dict[str, Any]) -> str:
    return str(declared["name"]).replace("-", "_")


def _assignment(declared: dict[str, Any], sample: dict[str, Any], directory: Path) -> str:
    named = sample.get(declared["name"])
    return f"{_variable(declared)}={shlex.quote(str(directory / named) if named else 'a-file-of-yours')}"


def _element(declared: dict[str, Any], value: Any) -> str:
    """One input tensor as JSON, in which the shell fills in a file's base64."""
    if declared["modality"] in _MEDIA:
        # Not `base64 -w0`, which macOS does not know.
        data, shape = f'["$(base64 < "${_variable(declared)}" | tr -d \'\\n\')"]', [1]
    elif declared["modality"] == "text":
        data, shape = _in_shell([value if isinstance(value, str) else "some text"]), [1]
    else:
        data, shape = _in_shell(value if value is not None else [0]), [1, *declared["shape"][1:]]
    about = f'"name": {json.dumps(declared["name"])}, "datatype": "{declared["datatype"]}", "shape": {shape}'
    return f'{{{about}, "data": {data}}}'


def _in_shell(value: Any) -> str:
    """JSON inside an unquoted here-document, where the shell would read $, ` and backslashes."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("`", "\\`")


@dataclass(frozen=True)
class Installation:
    """What a shell needs to know to run `manage.py`; `environment` is the file that `manage.py up` keeps meanwhile."""

    python: str
    manage: Path
    environment: Path


def manage_command(installation: Installation, *words: str) -> str:
    """A `manage.py` command that works in any directory."""
    command = shlex.join([installation.python, str(installation.manage), *words])
    environment = installation.environment
    return f". {shlex.quote(str(environment))}\n{command}" if environment.exists() else command


def key_command(installation: Installation, username: str, scopes: str) -> str:
    """As manage_command: makes an API key of `username` and puts it into KEY."""
    *prefix, command = manage_command(installation, "key_create", username, "my-key", "--scopes", scopes).split("\n")
    return "\n".join([*prefix, f"KEY=$({command})"])


def deployment_create_command(base: str) -> str:
    """A curl command that makes a deployment; KEY must hold a key with the scope `deployments:write`."""
    return _post(f"{base}/api/v1/deployments", {"name": "my-deployment", "description": "What it is for"})


def revision_request_command(base: str, deployment: str, model: str) -> str:
    """A curl command that asks for a revision of `deployment`; KEY as above."""
    return _post(f"{base}/api/v1/deployments/{deployment}/revisions", {"model": model, "version": "1", "replicas": 1})


def profile_command(base: str, model: str, version: int, deployment: str) -> str:
    """A curl command that builds a version's reference profile of predictions; KEY with the scope `models:write`."""
    body = {"deployment": deployment, "predictions": 1000}
    return _post(f"{base}/api/v1/models/{model}/versions/{version}/reference", body)


def objective_create_command(base: str, deployment: str) -> str:
    """A curl command that promises something of `deployment`; KEY must hold a key with the scope `alerts:write`."""
    return _post(f"{base}/api/v1/deployments/{deployment}/objectives", {"kind": "availability", "target": 0.999})


def subscription_create_command(base: str) -> str:
    """A curl command after which its caller is mailed every alert; KEY as above."""
    return _post(f"{base}/api/v1/alert-subscriptions", {"severity": "ticket"})


def job_request_command(base: str, model: str) -> str:
    """A curl command that asks for a training job; KEY must hold a key with the scope `training:write`."""
    asked = {"model": model, "parent": "@champion", "dataset": "my-dataset/1", "recipe": "full"}
    return _post(f"{base}/api/v1/training/jobs", asked)


def retrain_policy_command(base: str, deployment: str) -> str:
    """A curl command that sets a retraining policy; KEY must hold a key with the scope `training:write`."""
    asked = {"base": ["my-dataset/1"], "measured_on": ["my-tests/1"], "recipe": "full", "least_labels": 100}
    return _sent("PUT", f"{base}/api/v1/training/policies/{deployment}", asked)


def feedback_command(base: str, manifest: dict[str, Any]) -> str:
    """Commands that say what was true of a prediction; KEY must hold a key with the scope `feedback`."""
    truth = json.dumps({"truth": _a_truth(manifest["outputs"])}, ensure_ascii=False)
    return (
        "PREDICTION=the-id-of-an-answer\n"
        f'curl -s {shlex.quote(f"{base}/api/v1/predictions/")}"$PREDICTION"/feedback \\\n'
        '  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(truth)}"
    )


def _a_truth(outputs: list[dict[str, Any]]) -> Any:
    """A label that the model could have given."""
    output = label_output(outputs) or {"datatype": "BYTES"}
    if output.get("classes"):
        return output["classes"][0]
    return {"BYTES": "the right label", "BOOL": True}.get(output["datatype"], 7)


def _post(url: str, body: dict[str, Any]) -> str:
    return _sent("", url, body)


def _sent(method: str, url: str, body: dict[str, Any]) -> str:
    """With a body curl posts unless a method says otherwise."""
    return (
        f"curl -s {f'-X {method} ' if method else ''}{shlex.quote(url)} \\\n"
        '  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(json.dumps(body))}"
    )

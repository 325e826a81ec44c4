"""The Python of docs/scripts.md runs as it stands there, as one script. Its R: tests/amazon."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client

from qualadmin.core.models import Change, Job, QualificationType
from tests.api.program import in_envelope, token_for
from tests.people import Cast
from tests.tasks.hands import finish

pytestmark = pytest.mark.django_db
TEXT = (Path(__file__).parents[2] / "docs" / "scripts.md").read_text(encoding="utf-8")
BASE = "https://qualadmin.example.org"


def test_the_python_of_the_page_does_what_it_says(
    cast: Cast, wave: QualificationType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    client = Client()

    def post(url: str, *, json: Any, headers: dict[str, str], timeout: float) -> Any:
        """The network, and while a script waits, the task cluster."""
        assert url.startswith(BASE + "/api/v1/")
        return in_envelope(
            client.post(url.removeprefix(BASE), json, content_type="application/json", headers=headers)
        )

    monkeypatch.setattr(requests, "post", post)
    monkeypatch.setattr("time.sleep", lambda _: finish(wave.account))
    monkeypatch.setenv("QUALADMIN_URL", BASE)
    monkeypatch.setenv("QUALADMIN_TOKEN", token_for(cast.granter))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wave 7.csv").write_text("WorkerId,Score\nA4GOODWORKER04,5\n", encoding="utf-8")
    script = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.S))
    exec(compile(script, "scripts.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "A2GOODWORKER02 done" in printed
    assert "('A3GOODWORKER03', 60)" in printed
    assert "'new': 1" in printed
    assert Job.objects.count() == 3
    assert Change.objects.filter(job__undoes__isnull=False).count() == 2

"""Reading the environment: every fault is found, none is guessed away."""

from pathlib import Path

import pytest

from qualadmin.env import ConfigurationError, Environment, masked


def test_it_lists_every_fault_at_once() -> None:
    env = Environment({"A": "maybe", "B": "12", "C": "ftp://x", "D": "mysql://u@h/n"})
    env.flag("A", True, about="a flag")
    env.number("B", 5, about="a number", low=1, high=10)
    env.url("C", about="an address", schemes=("redis",))
    env.database("D", "sqlite:////tmp/x", about="a database")
    env.secret("E", about="a key", required=True)
    env.words("F", about="hosts", missing_ok=False)
    with pytest.raises(ConfigurationError) as caught:
        env.finish()
    assert [problem.split()[0] for problem in caught.value.problems] == ["A", "B", "C", "D", "E", "F"]
    assert all(problem in str(caught.value) for problem in caught.value.problems)


def test_it_takes_good_values() -> None:
    env = Environment({"A": "Yes", "B": " 10 ", "C": "a, b,,c", "D": "postgres://u:p%40ss@h:5433/n"})
    assert env.flag("A", False, about="") is True
    assert env.number("B", 5, about="", low=1, high=10) == 10
    assert env.words("C", about="") == ["a", "b", "c"]
    database = env.database("D", "sqlite:////tmp/x", about="")
    assert (database["PASSWORD"], database["PORT"], database["NAME"]) == ("p@ss", 5433, "n")
    env.finish()


@pytest.mark.parametrize("value", ["-1", "1.5", "1e3", "٣", "11", "x", "9" * 30])
def test_a_number_is_whole_and_in_range(value: str) -> None:
    env = Environment({"N": value})
    assert env.number("N", 5, about="", low=0, high=10) == 5
    assert len(env.problems) == 1


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("s3cret\n", encoding="utf-8")
    env = Environment({"KEY_FILE": str(path)})
    assert env.secret("KEY", about="", required=True) == "s3cret"
    env.finish()


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_a_secret_file_that_gives_nothing_is_a_fault(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    env = Environment({"KEY_FILE": str(path)})
    env.secret("KEY", about="", required=True)
    assert len(env.problems) == 1
    assert str(path) in env.problems[0]


def test_a_secret_given_twice_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("one", encoding="utf-8")
    env = Environment({"KEY_FILE": str(path), "KEY": "two"})
    env.secret("KEY", about="", required=True)
    assert "twice" in env.problems[0]


def test_secrets_and_passwords_are_never_shown() -> None:
    env = Environment({"KEY": "hush", "DB": "postgres://me:hush@h/n", "R": "redis://:hush@h/0"})
    env.secret("KEY", about="", required=True)
    env.database("DB", "sqlite:////tmp/x", about="")
    env.url("R", about="", schemes=("redis",))
    shown = " ".join(masked(reading) for reading in env.readings.values())
    assert "hush" not in shown
    assert "h/n" in shown


def test_misspelt_names_are_found() -> None:
    env = Environment({"Q_HOSTS": "a", "Q_HOST": "b", "Q_KEY_FILE": "/x", "OTHER": "c"})
    env.words("Q_HOSTS", about="")
    env.secret("Q_KEY", about="", required=False)
    assert env.unknown("Q_", also_known=()) == ["Q_HOST"]


def test_a_mail_server_is_one_address() -> None:
    env = Environment({"QUALADMIN_EMAIL_URL": "smtp+tls://lab%40x:p%2Fw@mail.example.org:587"})
    found = env.email("QUALADMIN_EMAIL_URL", about="x")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == ("mail.example.org", 587, True)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("lab@x", "p/w")
    assert "p%2Fw" not in masked(env.readings["QUALADMIN_EMAIL_URL"])
    env.finish()


@pytest.mark.parametrize("value", ["mail.example.org", "imap://mail.example.org", "smtp://mail.example.org:port"])
def test_what_is_no_mail_server_is_refused(value: str) -> None:
    env = Environment({"QUALADMIN_EMAIL_URL": value})
    assert env.email("QUALADMIN_EMAIL_URL", about="x") == {}
    assert env.problems


def test_no_mail_server_is_fine() -> None:
    env = Environment({})
    assert env.email("QUALADMIN_EMAIL_URL", about="x") == {}
    env.finish()

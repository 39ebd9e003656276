"""Live ids: the page's values bind to the run's one to one, and commands get the run's."""

from __future__ import annotations

import re

import pytest

from dockproof import compare
from dockproof.bindings import AmbiguousError, Bindings

WEB = "3f2a91c07b5d"
WEB_LONG = f"{WEB}4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f6400"
DB = "b1946ac92492"
RUN_WEB = "8d2f2919c933"
RUN_WEB_LONG = f"{RUN_WEB}ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec7"
RUN_DB = "fdeee46afa69"
RUN_WEB_TYPED = RUN_WEB_LONG[:13]  # for a prefix: one digit more than the engine prints


def _bound(*pairs: tuple[str, str]) -> Bindings:
    bindings = Bindings()
    for page, run in pairs:
        assert bindings.bind("id", page, run)
    return bindings


def _command(bindings: Bindings, command: str) -> str:
    return bindings.to_run(command)[0]


def test_a_value_binds_once() -> None:
    """An id of the page stands for one id of the run, on the whole page."""
    bindings = _bound((WEB, RUN_WEB))
    assert bindings.bind("id", WEB, RUN_WEB)
    assert not bindings.bind("id", WEB, RUN_DB)
    assert not bindings.bind("id", DB, RUN_WEB)
    assert bindings.bind("id", DB, RUN_DB)


def test_the_short_and_the_long_form_of_an_id_are_one() -> None:
    """If the page's ids begin alike, so must the run's."""
    bindings = _bound((WEB_LONG, RUN_WEB_LONG))
    assert not bindings.bind("id", WEB, RUN_DB)
    assert not bindings.bind("id", DB, RUN_WEB)
    assert bindings.bind("id", WEB, RUN_WEB)


def test_spaces_are_apart() -> None:
    """An address has nothing to do with an id."""
    bindings = Bindings()
    assert bindings.bind("address", "172.17.0.2", "172.17.0.5")
    assert bindings.bind("address", "172.17.0.5", "172.17.0.2")
    assert not bindings.bind("address", "172.17.0.3", "172.17.0.5")
    assert bindings.bind("port", "32768", "32768")


def test_a_time_that_was_typed_stands_for_itself() -> None:
    """What a file or a command of the page sets is no chance; what was shown first, is."""
    bindings = Bindings()
    assert compare.matches(["at 2026-11-24T03:42:02Z"], ["at 2027-01-02T03:04:05Z"], bindings)
    bindings.note_typed("docker logs --since 2026-11-24T03:42:02Z web; echo 2020-01-01T00:00:00Z")
    bindings.note_typed("services:\n  web:\n    interval: 500ms\n    timeout: 1.5s\n")
    for page, run, agree in (
        ("2026-11-24T03:42:02Z up", "2027-01-02T03:04:05Z up", True),
        ("built 2020-01-01T00:00:00Z", "built 2027-01-02T03:04:05Z", False),
        ("built 2020-01-01T00:00:00Z", "built 2020-01-01T00:00:00Z", True),
        ("  interval: 500ms", "  interval: 900ms", False),
        ("  took: 300ms", "  took: 900ms", True),
        ("#5 DONE 1.5s", "#5 DONE 0.2s", True),
    ):
        assert compare.matches([page], [run], bindings) is agree, page


def test_bare_numbers_never_get_into_commands() -> None:
    """An interface's number or a ping's id is only compared: a command's `4` is another one."""
    bindings = Bindings()
    bindings.note_typed("ip -4 addr")
    for space in ("interface", "icmp id"):
        assert bindings.bind(space, "4", "6")
        assert bindings.bind(space, "4", "6")
        assert not bindings.bind(space, "4", "7")
    assert _command(bindings, "docker stop -t 4 web") == "docker stop -t 4 web"


def test_rollback_forgets_only_what_came_since() -> None:
    """An attempt that didn't match leaves nothing behind."""
    bindings = _bound((WEB, RUN_WEB))
    mark = bindings.mark()
    assert bindings.bind("id", DB, RUN_DB)
    bindings.rollback(mark)
    assert bindings.bind("id", DB, "0123456789ab")
    assert not bindings.bind("id", WEB, RUN_DB)


@pytest.mark.parametrize(
    ("page", "run"),
    [
        (f"docker logs {WEB}", f"docker logs {RUN_WEB}"),
        (f"docker logs {WEB_LONG}", f"docker logs {RUN_WEB_LONG}"),
        (f"docker exec -it {WEB} sh", f"docker exec -it {RUN_WEB} sh"),
        ("docker rm 3f", f"docker rm {RUN_WEB_TYPED}"),
        ("docker rm -f 3f2a b1", f"docker rm -f {RUN_WEB_TYPED} {RUN_DB}"),
        ("docker rm 3f2a91c07b5d4e07", f"docker rm {RUN_WEB_LONG[:16]}"),
        (f"docker rm {WEB} {DB}", f"docker rm {RUN_WEB} {RUN_DB}"),
        ("docker cp 3f:/etc/passwd .", f"docker cp {RUN_WEB_TYPED}:/etc/passwd ."),
        (f"docker cp {WEB}:/etc/passwd .", f"docker cp {RUN_WEB}:/etc/passwd ."),
        (
            "docker stop 3f && docker rm 3f",
            f"docker stop {RUN_WEB_TYPED} && docker rm {RUN_WEB_TYPED}",
        ),
        ('docker rm "3f"', f'docker rm "{RUN_WEB_TYPED}"'),
        ("docker rm $(echo 3f2a91)", f"docker rm $(echo {RUN_WEB_TYPED})"),
        ("sudo docker rm 3f", f"sudo docker rm {RUN_WEB_TYPED}"),
        (f"docker run --network container:{WEB} x", f"docker run --network container:{RUN_WEB} x"),
        (
            f"sudo ls /var/lib/docker/containers/{WEB_LONG}",
            f"sudo ls /var/lib/docker/containers/{RUN_WEB_LONG}",
        ),
        (f"echo {WEB}", f"echo {RUN_WEB}"),
        (f"docker inspect sha256:{WEB_LONG}", f"docker inspect sha256:{RUN_WEB_LONG}"),
    ],
)
def test_commands_get_the_runs_ids(page: str, run: str) -> None:
    """The page's id, or an unambiguous prefix of it, is typed as the run's."""
    bindings = _bound((WEB_LONG, RUN_WEB_LONG), (WEB, RUN_WEB), (DB, RUN_DB))
    assert _command(bindings, page) == run


@pytest.mark.parametrize(
    "command",
    [
        "docker logs --tail 10 web",
        "docker logs -n 10 web",
        "sleep 10",
        "echo 3f",
        "docker run -p 5000:5000 -d web",
        "docker run -p 8080:80 web",
        "docker run --memory=3f2 web",
        "docker run --name bad web add",
        "docker exec web cat /add/bad",
        "docker run web-3f",
        "docker pull 3f2a/b1",
        "docker run -e A=3f web",
        "docker rm 3g 3f2b",
        "docker build -t ba:b1 .",
        "docker run --rm busybox echo bad",
        "docker run -u 10 web",
    ],
)
def test_ordinary_words_and_numbers_stay(command: str) -> None:
    """What only looks like an id's beginning is typed as it stands."""
    bindings = _bound(
        (WEB, RUN_WEB),
        ("10aa11bb22cc", "0a1b2c3d4e5f"),
        ("bb11aa22dd33", "1a1b2c3d4e5f"),
    )
    assert _command(bindings, command) == command


@pytest.mark.parametrize(
    ("page", "run"),
    [
        ("docker rm -f bad", "docker rm -f ID"),
        ("docker container rm bad", "docker container rm ID"),
        ("docker logs -f --tail 10 bad", "docker logs -f --tail 10 ID"),
        ("docker logs --tail=10 bad 2>&1 | grep bad", "docker logs --tail=10 ID 2>&1 | grep bad"),
        ("docker stop -t 10 bad", "docker stop -t 10 ID"),
        ("docker -H unix:///run/bad inspect bad", "docker -H unix:///run/bad inspect ID"),
        ("docker --context=bad -D rm bad", "docker --context=bad -D rm ID"),
        ("docker exec -it -u 10 bad sh", "docker exec -it -u 10 ID sh"),
        ("docker exec -it bad echo bad 10", "docker exec -it ID echo bad 10"),
        ("docker run --rm -it bad echo bad", "docker run --rm -it ID echo bad"),
        ("docker run --name bad -p 10:10 busybox echo bad", None),
        ("docker run -d busybox sleep 10", None),
        ("docker build -t bad .", None),
        ("docker exec web echo bad", None),
        ("docker cp bad:/bad bad", "docker cp ID:/bad ID"),
        ("docker inspect -f '{{.Id}}' bad", "docker inspect -f '{{.Id}}' ID"),
        ("docker inspect -f '{{json .A | x}}' bad", "docker inspect -f '{{json .A | x}}' ID"),
        ('docker inspect -f "{{.A | x}}" bad', 'docker inspect -f "{{.A | x}}" ID'),
        ('echo "$(docker inspect bad)"', 'echo "$(docker inspect ID)"'),
        ("docker inspect bad | grep 'a|bad'", "docker inspect ID | grep 'a|bad'"),
        ("docker ps --filter id=bad -q", "docker ps --filter id=ID -q"),
        ("docker run --network container:bad x", "docker run --network container:ID x"),
        ("docker image tag bad bad:10", "docker image tag ID bad:10"),
        ("docker rm \\\n    bad", "docker rm \\\n    ID"),
        ("x=bad; docker rm bad", "x=bad; docker rm ID"),
        ("for c in bad1aa; do docker rm $c; done", "for c in ID; do docker rm $c; done"),
        ("bad bad add 10 a10b.txt /bad", None),
        ("docker run --rm --volumes-from bad:ro x", "docker run --rm --volumes-from ID:ro x"),
        ("ID=bad1; docker rm $ID", "ID=ID; docker rm $ID"),
        ("docker ps | grep -c bad1", "docker ps | grep -c ID"),
        ("docker ps | awk '/bad1aa/ {print $1}'", "docker ps | awk '/ID/ {print $1}'"),
        ("ls /bad1aa/", None),
    ],
)
def test_a_prefix_is_an_id_where_docker_takes_one(page: str, run: str | None) -> None:
    """A short word is an id only as the argument of a command that takes references."""
    bindings = _bound(("bad1aa22dd33", "1a1b2c3d4e5f"), ("10aa11bb22cc", "0a1b2c3d4e5f"))
    assert _command(bindings, page) == re.sub(r"(?<!\$)\bID\b(?!=)", "1a1b2c3d4e5f", run or page)


def test_a_readers_own_name_is_no_prefix() -> None:
    """The engine looks for an exact name first, whatever id begins alike."""
    for command in ("docker run -d --name bad web", "docker volume create -d local bad"):
        bindings = _bound(("bad1aa22dd33", "1a1b2c3d4e5f"))
        bindings.note_typed(command)
        assert _command(bindings, "docker exec bad ls") == "docker exec bad ls"
        assert _command(bindings, "docker rm bad1") == "docker rm 1a1b2c3d4e5f"


def test_an_ambiguous_prefix_is_an_error() -> None:
    """Docker would refuse it too; the message names the ids."""
    bindings = _bound((WEB, RUN_WEB), ("3f99aa22dd33", RUN_DB))
    with pytest.raises(AmbiguousError, match=r"`3f` begins 2 of the page's ids: 3f2a.*, 3f99"):
        bindings.to_run("docker rm 3f")
    assert _command(bindings, "docker rm 3f2") == f"docker rm {RUN_WEB}"


def test_without_ids_commands_stay() -> None:
    """Nothing bound, nothing replaced."""
    assert Bindings().to_run(f"docker rm {WEB}") == (f"docker rm {WEB}", [])


def test_addresses_ports_and_names_are_typed_as_the_runs() -> None:
    """What the engine chose is typed as the run's, too."""
    bindings = Bindings()
    assert bindings.bind("address", "172.17.0.2", "172.17.0.7")
    assert bindings.bind("port", "32768", "49153")
    assert bindings.bind("name", "zen_hopper", "sad_wing")
    assert _command(bindings, "ping -c 1 172.17.0.2") == "ping -c 1 172.17.0.7"
    assert _command(bindings, "ping -c 1 172.17.0.22") == "ping -c 1 172.17.0.22"
    assert _command(bindings, "curl localhost:32768/a") == "curl localhost:49153/a"
    assert _command(bindings, "docker stop zen_hopper") == "docker stop sad_wing"


def test_two_values_that_change_places_are_not_replaced_twice() -> None:
    """Each word of the command is replaced once."""
    bindings = Bindings()
    assert bindings.bind("address", "172.17.0.2", "172.17.0.3")
    assert bindings.bind("address", "172.17.0.3", "172.17.0.2")
    assert _command(bindings, "x 172.17.0.2 172.17.0.3") == "x 172.17.0.3 172.17.0.2"
    ids = _bound((WEB, DB), (DB, WEB))
    assert _command(ids, f"docker rm {WEB} {DB}") == f"docker rm {DB} {WEB}"
    assert _command(ids, "docker rm 3f b1") == f"docker rm {DB} {WEB}"


def test_what_the_reader_typed_stands_for_itself() -> None:
    """A value that a command holds before any output shows it is the reader's own choice."""
    bindings = Bindings()
    bindings.note_typed("docker run -p 40000:80 --ip 172.18.0.9 --name zen_hopper web")
    assert not bindings.bind("port", "40000", "49153")
    assert bindings.bind("port", "40000", "40000")
    assert not bindings.bind("address", "172.18.0.9", "172.18.0.8")
    assert not bindings.bind("name", "zen_hopper", "sad_wing")


def test_a_typed_value_that_was_bound_before_stays_bound() -> None:
    """An id that output showed and a command uses still stands for the run's."""
    bindings = _bound((WEB, RUN_WEB))
    bindings.note_typed(f"docker rm {WEB}")
    assert bindings.bind("id", WEB, RUN_WEB)


def test_the_short_form_of_a_bound_id_is_not_the_readers_own() -> None:
    """`docker run -d` prints the long form; commands use, and print, the short one."""
    bindings = _bound((WEB_LONG, RUN_WEB_LONG))
    bindings.note_typed(f"docker ps --filter id={WEB} -q")
    assert bindings.bind("id", WEB, RUN_WEB)


def test_back_to_the_page() -> None:
    """What a run printed is shown with the page's values."""
    bindings = _bound((WEB, RUN_WEB))
    assert bindings.to_page(f"removed {RUN_WEB}, not x{RUN_WEB}") == (
        f"removed {WEB}, not x{RUN_WEB}"
    )


def test_a_page_that_mixes_up_two_ids_fails() -> None:
    """Two lines changed for one another don't match."""
    page = [f"{WEB}   web", f"{DB}   db"]
    run = [f"{RUN_WEB}   web", f"{RUN_DB}   db"]
    bindings = Bindings()
    assert compare.matches(page, run, bindings)
    assert not compare.matches([f"{DB}   web", f"{WEB}   db"], run, bindings)
    assert not compare.matches([f"{WEB}   web", f"{WEB}   db"], run, Bindings())
    assert not compare.matches(page, [f"{RUN_WEB}   web", f"{RUN_WEB}   db"], Bindings())


def test_a_short_id_of_the_run_becomes_the_pages_even_if_that_was_long() -> None:
    """What is accepted shows the page's id in the length that the run printed."""
    bindings = Bindings()
    assert bindings.bind("id", "4e07" * 16, "ef2d" * 16)
    assert bindings.to_page(f"{'ef2d' * 3}   you/hello") == f"{'4e07' * 3}   you/hello"
    assert bindings.to_page("ef2d" * 16) == "4e07" * 16
    assert bindings.to_page("0123456789ab") == "0123456789ab"


def test_the_number_of_an_interface_is_left_alone_outside_its_own_place() -> None:
    """`4` in a command or elsewhere in an output isn't the 4 of `eth0@if4`; a veth's name is it."""
    bindings = Bindings()
    assert bindings.bind("interface", "4", "7")
    assert bindings.bind("interface", "veth879f2bf", "veth081d507")
    assert not bindings.bind("interface", "5", "7")
    assert _command(bindings, "ip -4 link show veth879f2bf") == "ip -4 link show veth081d507"
    assert bindings.to_page("7 tasks, veth081d507") == "7 tasks, veth879f2bf"


@pytest.mark.parametrize(
    ("command", "space", "page", "run"),
    [
        ("docker run --ip 172.25.0.10 web", "address", "172.25.0.11", "172.25.0.10"),
        ("docker run --name happy_db web", "name", "happy_web", "happy_db"),
        ("docker run -p 40001:80 web", "port", "40000", "40001"),
        (
            "docker run --mac-address 02:42:ac:11:00:0a web",
            "mac",
            "02:42:ac:11:00:0b",
            "02:42:ac:11:00:0a",
        ),
    ],
)
def test_what_the_reader_chose_is_shown_as_chosen(
    command: str, space: str, page: str, run: str
) -> None:
    """No other value on the page stands for it."""
    bindings = Bindings()
    bindings.note_typed(command)
    assert not bindings.bind(space, page, run)
    assert bindings.bind(space, run, run)


@pytest.mark.parametrize(
    ("page", "run"),
    [
        ("kill 812", "kill 4077"),
        ("sudo kill -9 812 7; echo 812", "sudo kill -9 4077 8; echo 812"),
        ("kill -s 7 812", "kill -s 7 4077"),
        ("sudo ls -l /proc/812/ns", "sudo ls -l /proc/4077/ns"),
        ("sudo nsenter -t 812 -n ip -4 a", "sudo nsenter -t 4077 -n ip -4 a"),
        ("sudo nsenter --target=812 --net", "sudo nsenter --target=4077 --net"),
        ("ps -o pid=,comm= -p812", "ps -o pid=,comm= -p4077"),
        ("taskset -p 812 | cat", "taskset -p 4077 | cat"),
        ("docker exec web kill 7", "docker exec web kill 8"),
        ("docker kill web812", "docker kill web812"),
        (
            "sleep 812; head -n 7 f; curl localhost:812",
            "sleep 812; head -n 7 f; curl localhost:812",
        ),
        ("kill 812.5 x812", "kill 812.5 x812"),
    ],
)
def test_commands_get_the_runs_processes(page: str, run: str) -> None:
    """A process number of the page is the run's where a command takes one, and nowhere else."""
    bindings = Bindings()
    assert bindings.bind("process", "812", "9")
    assert bindings.bind("process", "812 7", "4077 8")
    assert _command(bindings, page) == run


def test_the_newest_process_number_counts() -> None:
    """Containers count for themselves, so that a number may come again; a rollback forgets it."""
    bindings = Bindings()
    assert bindings.bind("process", "7", "8")
    mark = bindings.mark()
    assert bindings.bind("process", "7", "9")
    assert _command(bindings, "kill 7") == "kill 9"
    bindings.rollback(mark)
    assert _command(bindings, "kill 7") == "kill 8"
    assert bindings.to_page("8 of 8") == "8 of 8"


@pytest.mark.parametrize(
    ("page", "run"),
    [
        ("docker node inspect ehk", "docker node inspect x1y2z3abcdefg"),
        ("docker service ps t4nn --no-trunc", "docker service ps q9w8e7r6t5y4 --no-trunc"),
        (
            "docker node update --availability drain ehkv3",
            "docker node update --availability drain x1y2z3abcdefg",
        ),
        ("docker node promote ehkv3b", "docker node promote x1y2z3abcdefg"),
        ("docker service ps teh", None),
        ("docker service ps t4n web", "docker service ps q9w8e7r6t5y4 web"),
        ("docker ps -a -f name=ehk", None),
        ("echo ehk t4n", None),
    ],
)
def test_a_prefix_of_a_swarms_id_is_one_where_docker_takes_it(page: str, run: str | None) -> None:
    """Nodes, services and tasks may be named by the beginnings of their ids, as others are."""
    bindings = Bindings()
    assert bindings.bind("swarm id", "ehkv3bcimagdese79dn78otj5", "x1y2z3abcdefghijklmnopqrs")
    assert bindings.bind("swarm id", "t4nnxyl1ix1w", "q9w8e7r6t5y4")
    assert _command(bindings, page) == (run or page)


def test_values_that_changed_places_go_back_to_their_own() -> None:
    """A page's value may be another's in the run: all are put back at once."""
    bindings = Bindings()
    assert bindings.bind("address", "172.17.0.2", "172.17.0.3")
    assert bindings.bind("address", "172.17.0.3", "172.17.0.2")
    assert bindings.to_page("172.17.0.2, 172.17.0.3") == "172.17.0.3, 172.17.0.2"


def test_an_id_shown_short_and_then_long_goes_back_whole() -> None:
    """The long form says what stands behind the short one's end."""
    bindings = _bound((WEB, RUN_WEB), (WEB_LONG, RUN_WEB_LONG))
    assert bindings.to_page(f"{RUN_WEB_LONG} {RUN_WEB}") == f"{WEB_LONG} {WEB}"


@pytest.mark.parametrize(
    "command",
    [
        "docker rename one bad",
        "docker build -t bad .",
        "docker tag web bad",
        "services:\n  web:\n    container_name: bad",
    ],
)
def test_a_name_given_in_any_way_is_no_prefix(command: str) -> None:
    """Whatever names an object, the engine takes the name for that."""
    bindings = _bound(("bad1aa22dd33", "1a1b2c3d4e5f"))
    bindings.note_typed(command)
    assert _command(bindings, "docker rm bad") == "docker rm bad"


def test_the_engines_own_short_form_is_run_as_that() -> None:
    """Of an id that was shown in full, twelve digits are what the engine prints as well."""
    bindings = _bound((WEB_LONG, RUN_WEB_LONG))
    assert _command(bindings, f"docker rm -f {WEB}") == f"docker rm -f {RUN_WEB}"


def test_a_terminal_asked_for_is_no_name() -> None:
    """`-t` names an image for `docker build` alone; `docker exec -t` has a container behind it."""
    bindings = _bound(("bad1aa22dd33", "1a1b2c3d4e5f"))
    bindings.note_typed("docker exec -t bad ls")
    assert _command(bindings, "docker rm bad") == "docker rm 1a1b2c3d4e5f"

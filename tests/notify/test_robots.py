"""The robots as their vendors describe them: addresses, signatures, bodies, codes, limits.

The expected signatures are computed by openssl on the command line, not by the code under test:
`printf '%s\\n%s' STAMP SECRET | openssl dgst -sha256 -hmac SECRET -binary | base64` (DingTalk) and
`printf '' | openssl dgst -sha256 -hmac "$(printf '%s\\n%s' STAMP SECRET)" -binary | base64`
(Feishu).
"""

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from efficiency_monitor.notify.channels.channel import Limit, Message, Refused, Result, Retry, Sent
from efficiency_monitor.notify.channels.posting import Answer
from efficiency_monitor.notify.channels.robot import RobotKey
from tests.house.tree import ROOT
from tests.notify import receivers
from tests.notify.conftest import NOW, ROBOTS, a_message, a_robot
from tests.notify.receivers import receiver

DINGTALK_SIGN = "fb4dWsJSc9L7uzMc6sfwUBlLekZAhZGnFfE4vCgnIK8="
FEISHU_SIGN = "ARtpfEuYIZh8DkPd334SXE7TxVUUN2qbIS6cAIyyfC4="
TEXT = "效能监察通知：红牌 1\n1. 【红牌】办件 A-1\n"

OK = {
    "wecom": {"errcode": 0, "errmsg": "ok"},
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "feishu": {
        "StatusCode": 0,
        "StatusMessage": "success",
        "code": 0,
        "data": {},
        "msg": "success",
    },
}


def test_wecom_is_posted_as_its_vendor_describes(httpserver: HTTPServer, message: Message) -> None:
    httpserver.expect_request("/cgi-bin/webhook/send", method="POST").respond_with_json(OK["wecom"])
    assert a_robot("wecom", httpserver.url_for("")).send(message) == Sent(
        "127.0.0.1 answered code 0"
    )
    request, _ = httpserver.log[0]
    assert request.query_string == b"key=robot-key-1"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.headers["X-Effmon-Message-Id"] == "m-0001"
    assert json.loads(request.data) == {"msgtype": "text", "text": {"content": TEXT}}


def test_dingtalk_is_signed_as_its_vendor_describes(
    httpserver: HTTPServer, message: Message
) -> None:
    httpserver.expect_request("/robot/send", method="POST").respond_with_json(OK["dingtalk"])
    result = a_robot("dingtalk", httpserver.url_for("/")).send(message)
    assert isinstance(result, Sent), result
    request, _ = httpserver.log[0]
    assert parse_qs(request.query_string.decode(), strict_parsing=True) == {
        "access_token": ["robot-key-1"],
        "timestamp": [f"{NOW}000"],
        "sign": [DINGTALK_SIGN],
    }
    assert json.loads(request.data) == {
        "msgtype": "text",
        "text": {"content": TEXT},
        "at": {"isAtAll": False},
    }


def test_feishu_is_signed_as_its_vendor_describes(httpserver: HTTPServer, message: Message) -> None:
    path = "/open-apis/bot/v2/hook/robot-key-1"
    httpserver.expect_request(path, method="POST").respond_with_json(OK["feishu"])
    assert isinstance(a_robot("feishu", httpserver.url_for("")).send(message), Sent)
    request, _ = httpserver.log[0]
    assert json.loads(request.data) == {
        "timestamp": str(NOW),
        "sign": FEISHU_SIGN,
        "msg_type": "text",
        "content": {"text": TEXT},
    }


def test_a_signature_with_signs_that_mean_something_in_a_url_arrives(
    httpserver: HTTPServer, message: Message
) -> None:
    httpserver.expect_request("/robot/send").respond_with_json(OK["dingtalk"])
    key = RobotKey(SecretStr("robot-key-1"), SecretStr("SEC-canary-1"))
    assert isinstance(a_robot("dingtalk", httpserver.url_for(""), robot=key).send(message), Sent)
    # `+` unescaped would be read as a space.
    assert httpserver.log[0][0].args["sign"] == "p9tQqyBY6ALebhBxA4bJXgbykE+NFVU1pcdv6jIqS/Q="


@pytest.mark.parametrize("name", ["dingtalk", "feishu"])
def test_a_robot_without_a_secret_is_not_signed(
    httpserver: HTTPServer, message: Message, name: str
) -> None:
    httpserver.expect_request("/robot/send").respond_with_json(OK[name])
    httpserver.expect_request("/open-apis/bot/v2/hook/k-123456").respond_with_json(OK[name])
    robot = a_robot(name, httpserver.url_for(""), robot=RobotKey(SecretStr("k-123456")))
    assert isinstance(robot.send(message), Sent)
    request, _ = httpserver.log[0]
    assert b"sign" not in request.query_string + request.data


#: What each vendor answers with status 200, what it means, and how long it asks to wait.
CODES: list[tuple[str, dict[str, Any], type, int | None]] = [
    ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, Retry, 60),
    ("wecom", {"errcode": 45033, "errmsg": "api concurrent out of limit"}, Retry, 60),
    ("wecom", {"errcode": "45009"}, Retry, 60),
    ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, Refused, None),
    ("wecom", {"errcode": 40058, "errmsg": "content exceed max length"}, Refused, None),
    ("wecom", {"errcode": -1, "errmsg": "system busy"}, Retry, None),
    ("wecom", {"errmsg": "ok"}, Retry, None),
    ("wecom", {"code": 0}, Retry, None),
    ("wecom", {"errcode": None}, Retry, None),
    ("wecom", {"errcode": False}, Retry, None),
    ("wecom", {"errcode": "0"}, Sent, None),
    ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times"}, Retry, 600),
    ("dingtalk", {"errcode": 410100}, Retry, 600),
    ("dingtalk", {"errcode": 660026}, Retry, 600),
    ("dingtalk", {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}, Retry, None),
    ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, Refused, None),
    ("dingtalk", {"errcode": 300001, "errmsg": "token is not exist"}, Refused, None),
    ("dingtalk", {"errcode": 999999}, Retry, None),
    ("feishu", {"StatusCode": 0, "StatusMessage": "", "code": 9499, "msg": "many"}, Retry, 60),
    ("feishu", {"code": 11232, "msg": "frequency limited"}, Retry, 60),
    ("feishu", {"StatusCode": 0, "code": 19021, "msg": "sign match fail"}, Refused, None),
    ("feishu", {"code": 19001, "msg": "param invalid: access token invalid"}, Refused, None),
    ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, Refused, None),
    ("feishu", {"StatusCode": 0, "StatusMessage": "success"}, Sent, None),
    ("feishu", {"code": 0, "msg": "success"}, Sent, None),
    ("feishu", {"code": 0, "StatusCode": 7}, Retry, None),
]


@pytest.mark.parametrize(
    ("name", "data", "kind", "after"),
    CODES,
    ids=[f"{row}-{name}" for row, (name, *_) in enumerate(CODES)],
)
def test_each_code_has_one_meaning(
    name: str, data: dict[str, Any], kind: type, after: int | None
) -> None:
    result = a_robot(name, "http://h").judge(Answer("h", 200, {}, json.dumps(data).encode()))
    assert isinstance(result, kind), result
    if isinstance(result, Retry):
        assert result.after_seconds == after
    code = next((data[key] for key in ("code", "errcode") if data.get(key)), None)
    if code is not None and not isinstance(result, Sent):
        assert str(code) in result.reason, "the code is shown, the receiver's words are not"
        assert data.get("errmsg", "nothing") not in result.reason


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_a_code_that_comes_with_status_400_is_read(name: str) -> None:
    robot = a_robot(name, "http://h")
    often = next(iter(robot.too_often))
    body = json.dumps({robot.codes[0]: often}).encode()
    assert isinstance(robot.judge(Answer("h", 400, {}, body)), Retry)
    assert isinstance(robot.judge(Answer("h", 400, {}, b'{"errcode": 0, "code": 0}')), Refused)
    assert isinstance(robot.judge(Answer("h", 403, {}, body)), Refused)
    assert isinstance(robot.judge(Answer("h", 502, {}, b"")), Retry)


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_the_receivers_wish_to_wait_is_honoured_beside_the_code(name: str) -> None:
    robot = a_robot(name, "http://h")
    code = next(iter(robot.too_often))
    body = json.dumps({robot.codes[0]: code}).encode()
    result = robot.judge(Answer("h", 200, {"retry-after": "7000"}, body))
    assert isinstance(result, Retry)
    assert result.after_seconds == 7000


@given(
    name=st.sampled_from(sorted(ROBOTS)),
    status=st.integers(100, 599),
    body=st.none()
    | st.binary()
    | st.dictionaries(
        st.sampled_from(["code", "errcode", "StatusCode"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([]),
    ).map(lambda data: json.dumps(data).encode()),
)
def test_nothing_but_a_code_of_zero_is_a_success(
    name: str, status: int, body: bytes | None
) -> None:
    robot = a_robot(name, "http://h")
    if isinstance(robot.judge(Answer("h", status, {}, body)), Sent):
        assert 200 <= status < 300
        assert body is not None
        found = json.loads(body)
        assert {found[code] for code in robot.codes if code in found} <= {0, "0", "00", "000"}


@pytest.mark.parametrize("name", sorted(ROBOTS))
@pytest.mark.parametrize(
    "habit", [receivers.silent, receivers.drip_head, receivers.drip_body, receivers.reset]
)
def test_a_robot_that_is_silent_drips_or_breaks_off_is_tried_again(
    message: Message, name: str, habit: receivers.Habit
) -> None:
    with receiver(habit) as running:
        robot = a_robot(name, f"http://127.0.0.1:{running.port}", total_seconds=0.3)
        assert isinstance(robot.send(message), Retry)


def test_the_limits_are_those_of_the_vendors() -> None:
    limits = {name: robot.limits for name, robot in ROBOTS.items()}
    assert limits == {
        "wecom": (Limit(20, 60),),
        "dingtalk": (Limit(20, 60),),
        "feishu": (Limit(100, 60), Limit(5, 1)),
    }


def test_the_address_names_a_robot_of_the_settings_or_is_its_key(
    httpserver: HTTPServer, message: Message
) -> None:
    httpserver.expect_request("/cgi-bin/webhook/send").respond_with_json(OK["wecom"])
    named = {
        "housing": RobotKey(SecretStr("key-housing")),
        "roads": "robot roads: ROADS is not set",
    }
    robot = a_robot("wecom", httpserver.url_for(""), robot=None, named=named)

    def to(address: str) -> Result:
        return robot.send(replace(message, address=address))

    assert isinstance(to("housing"), Sent)
    assert isinstance(to("key-of-its-own"), Sent)
    assert to("roads") == Retry("robot roads: ROADS is not set")
    for wrong in (
        "",
        "住建局",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
        "a b c d e f",
    ):
        refused = to(wrong)
        assert isinstance(refused, Refused)
        assert "neither a robot's name" in refused.reason
        assert not wrong or wrong not in refused.reason
    keys = [request.args["key"] for request, _ in httpserver.log]
    assert keys == ["key-housing", "key-of-its-own"]


def test_everybodys_robot_is_used_whatever_the_address_unless_it_names_another(
    httpserver: HTTPServer, message: Message
) -> None:
    httpserver.expect_request("/cgi-bin/webhook/send").respond_with_json(OK["wecom"])
    robot = a_robot(
        "wecom", httpserver.url_for(""), named={"housing": RobotKey(SecretStr("key-housing"))}
    )
    for address in ("", "wang@housing.example", "housing"):
        assert isinstance(robot.send(replace(message, address=address)), Sent)
    keys = [request.args["key"] for request, _ in httpserver.log]
    assert keys == ["robot-key-1", "robot-key-1", "key-housing"]
    counted = [
        robot.counted_as(replace(message, address=a))
        for a in ("", "wang@housing.example", "housing")
    ]
    assert counted[0] == counted[1] != counted[2]


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_nobody_can_be_mentioned(httpserver: HTTPServer, name: str) -> None:
    httpserver.expect_request("/cgi-bin/webhook/send").respond_with_json(OK[name])
    httpserver.expect_request("/robot/send").respond_with_json(OK[name])
    httpserver.expect_request("/open-apis/bot/v2/hook/robot-key-1").respond_with_json(OK[name])
    loud = replace(a_message(text='<@all> @所有人 <at user_id="all">x</at>'), subject="@all <@all>")
    assert isinstance(a_robot(name, httpserver.url_for("")).send(loud), Sent)
    request, _ = httpserver.log[0]
    assert not set("@<>") & set(request.data.decode())
    assert "＠所有人" in request.data.decode()


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_the_longest_text_is_taken_with_the_longest_subject_and_no_longer_one(
    httpserver: HTTPServer, name: str
) -> None:
    most = {"wecom": 2048, "dingtalk": 20_000, "feishu": 20_000}[name]
    httpserver.expect_request("/cgi-bin/webhook/send").respond_with_json(OK[name])
    httpserver.expect_request("/robot/send").respond_with_json(OK[name])
    httpserver.expect_request("/open-apis/bot/v2/hook/robot-key-1").respond_with_json(OK[name])
    robot = a_robot(name, httpserver.url_for(""))
    subject = "通知" * 200
    whole = "字" * (robot.longest_bytes // 3) + "x" * (robot.longest_bytes % 3)
    assert isinstance(robot.send(replace(a_message(text=whole), subject=subject)), Sent)
    data = json.loads(httpserver.log[0][0].data)
    sent = data["content"]["text"] if name == "feishu" else data["text"]["content"]
    assert sent.endswith(f"…\n{whole}")
    assert len(sent.encode() if name == "wecom" else httpserver.log[0][0].data) <= most
    longer = robot.send(replace(a_message(text=whole + "x"), subject=subject))
    assert isinstance(longer, Refused)
    assert len(httpserver.log) == 1


def test_a_text_whose_body_would_be_too_long_is_not_posted() -> None:
    quoted = a_message(text='"\\' * 9000)
    result = a_robot("dingtalk", "http://127.0.0.1:1").send(quoted)
    assert result == Refused("the message is longer than 20000 bytes")


def test_the_page_says_the_lengths_and_limits_that_the_code_has() -> None:
    page = (ROOT / "docs" / "channels.md").read_text("utf-8")
    for name, robot in ROBOTS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}`")]
        cells = [cell.strip() for cell in row.split("|")]
        assert int(cells[4].removesuffix(" bytes").replace(" ", "")) == robot.longest_bytes
        assert [int(number) for number in re.findall(r"[0-9]+", cells[5])] == [
            limit.messages for limit in robot.limits
        ]

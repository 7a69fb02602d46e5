from __future__ import annotations

from structlog.testing import capture_logs

from tests.api.house import ADMIN_KEY, House, with_defect, with_install, with_releases


async def test_each_request_leaves_one_line_without_ids_addresses_or_keys(house: House) -> None:
    with capture_logs() as lines:
        await house.get("/v1/customers/ada@example.com?colour=red", headers={"X-Forwarded-For": "192.0.2.7"})
    (line,) = lines
    assert line["event"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/customers/{customer}", 422)
    assert line["milliseconds"] >= 0
    for secret in ("ada@example.com", "192.0.2.7", "127.0.0.1", ADMIN_KEY):
        assert secret not in str(line)


async def test_a_request_keeps_the_id_it_came_with_when_that_is_sane(house: House) -> None:
    sane = "5f0c6f3e-6d0a-4b43-9a52-1d1f4e2f7a10"
    with capture_logs() as lines:
        told = await house.get("/v1/none", headers={"X-Request-Id": sane})
    assert told.headers["X-Request-Id"] == told.body["request_id"] == lines[0]["request_id"] == sane
    for wild in ("short", "with space in it", "x" * 65, '"};alert(1)'):
        told = await house.get("/v1/none", headers={"X-Request-Id": wild})
        assert told.headers["X-Request-Id"] != wild


async def test_every_answer_has_the_headers_that_keep_browsers_from_guessing(house: House) -> None:
    for path in ("/healthz", "/v1/products", "/v1/none"):
        headers = (await house.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Server"] == "forewarn"
        assert "no-" in headers["Cache-Control"]


async def test_metrics_count_requests_by_route_and_tell_notices_and_sequence(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await with_install(each_house)
    await each_house.get("/v1/none")
    told = await each_house.get("/metrics", role=None)
    assert told.headers["Content-Type"].startswith("text/plain")
    lines = told.body.decode().splitlines()
    route = 'method="PUT",route="/v1/products/{product}/releases/{version}",status="200"'
    assert f"forewarn_requests_total{{{route}}} 3.0" in lines
    assert 'forewarn_requests_total{method="GET",route="unmatched",status="404"} 1.0' in lines
    assert 'forewarn_request_seconds_count{route="/v1/installs/{install}"} 1.0' in lines
    assert any(line.startswith('forewarn_notices{state="') and line.endswith(" 1.0") for line in lines)
    sequence = each_house.parts.verdicts.sequence
    assert f"forewarn_sequence {float(sequence)}" in lines
    assert sequence >= 5
    assert "forewarn_installs_in_memory 0.0" in lines

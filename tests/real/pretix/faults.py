"""A mitmproxy addon: what goes wrong between a client and a platform, at the requests that a plan names.

`plan.json` in FAULTS_DIRECTORY gives a fault per request for orders, by rank since the plan was written ("0": all others):
429[:seconds], 500, 502, 503[:seconds], 401, html200, timeout[:seconds], reset, truncate, halfjson, droprows, latin1.
Each such request adds a line to `met.jsonl`. Run by mitmproxy's own Python.
"""

import asyncio
import json
import os
from pathlib import Path

from mitmproxy import ctx, http

DIRECTORY = Path(os.environ["FAULTS_DIRECTORY"])
JSON, HTML = {"Content-Type": "application/json"}, {"Content-Type": "text/html; charset=utf-8"}


class Faults:
    def __init__(self):
        self.made, self.plan, self.rank = None, {}, 0

    def running(self):
        """Say where the proxy listens, once it does."""
        host, port = ctx.master.addons.get("proxyserver").listen_addrs()[0][:2]
        aside = DIRECTORY / "address.aside"
        aside.write_text(f"http://{host}:{port}")
        aside.replace(DIRECTORY / "address")

    async def request(self, flow):
        fault = self._next() if "/orders/" in flow.request.path else ""
        kind, _, amount = fault.partition(":")
        flow.metadata["fault"] = kind
        match kind:
            case "429" | "503":
                headers = HTML | ({"Retry-After": amount} if amount else {})
                flow.response = http.Response.make(int(kind), b"<h1>Trop de demandes</h1>", headers)
            case "500" | "502":
                flow.response = http.Response.make(int(kind), b"<h1>Bad Gateway</h1>", HTML)
            case "401":
                flow.response = http.Response.make(401, b'{"detail": "Invalid token."}', JSON)
            case "html200":
                flow.response = http.Response.make(200, b"<!doctype html><title>Maintenance</title>", HTML)
            case "timeout":
                await asyncio.sleep(float(amount))
            case "reset":
                flow.kill()

    def responseheaders(self, flow):
        """`truncate`: the length announced is that of the whole, half is sent, then nothing."""
        if flow.metadata.get("fault") != "truncate":
            return
        half = int(flow.response.headers["content-length"]) // 2
        sent = 0

        def cut(piece):
            nonlocal sent
            kept = piece[: max(0, half - sent)]
            sent += len(kept)
            if sent >= half and flow.killable:
                asyncio.get_running_loop().call_soon(flow.kill)
            return kept

        flow.response.stream = cut

    def response(self, flow):
        kind = flow.metadata.get("fault")
        if kind not in ("halfjson", "droprows", "latin1") or flow.response.status_code != 200:
            return
        body = flow.response.content
        if kind == "halfjson":
            flow.response.content = body[: len(body) // 2]
            return
        page = json.loads(body)
        if kind == "droprows":
            page["results"] = page["results"][1::2]
        encoding = "latin-1" if kind == "latin1" else "utf-8"
        flow.response.content = json.dumps(page, ensure_ascii=False).encode(encoding, "replace")

    def _next(self):
        path = DIRECTORY / "plan.json"
        made = path.stat()
        if (made.st_ino, made.st_mtime_ns) != self.made:
            self.made, self.rank = (made.st_ino, made.st_mtime_ns), 0
            self.plan = json.loads(path.read_text())
        self.rank += 1
        fault = self.plan.get(str(self.rank), self.plan.get("0", ""))
        with (DIRECTORY / "met.jsonl").open("a") as met:
            met.write(json.dumps(fault) + "\n")
        return fault


addons = [Faults()]

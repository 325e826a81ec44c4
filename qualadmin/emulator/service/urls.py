"""Hosts of both environments."""

from qualadmin.emulator.service.responses import MTurkResponse

url_bases = [r"https?://mturk-requester(-sandbox)?\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": MTurkResponse.dispatch}

"""An S3 server in memory on a free port: prints the port, ends when its standard input does (also when its parent is killed)."""

import logging
import sys
from threading import Lock

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.responses import S3Response

logging.getLogger("werkzeug").setLevel(logging.ERROR)

# moto looks whether there is an object and then writes it, each request on a thread of its own: two that meet would both be the first.
one_at_a_time = Lock()
put_object = S3Response.put_object


def put_alone(self):
    with one_at_a_time:
        return put_object(self)


S3Response.put_object = put_alone
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()

import os
import socket

from flask import Flask
from redis import Redis

app = Flask(__name__)
store = Redis(host="redis", decode_responses=True)


@app.get("/")
def hello() -> str:
    visits = store.incr("visits")
    return f"{os.environ['GREETING']}: visit {visits}, served by {socket.gethostname()}\n"


@app.get("/health")
def health() -> str:
    return "ok\n"

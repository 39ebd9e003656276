import signal
import sys

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    return "hello docker\n"


def stop(number, frame) -> None:
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    app.run(host="0.0.0.0")

FROM debian:trixie-slim
RUN echo "pretend that this takes minutes" >/slow
COPY message.txt /
CMD ["cat", "/message.txt"]

FROM scratch
COPY libs /
COPY hello /
CMD ["/hello"]

# The images of the operator (the last stage) and of the bundled server (--target realtime-server) for those who have a
# container engine; hack/images makes the same ones without.
FROM debian:bookworm AS build
WORKDIR /src
# Before the sources, so that a changed line does not install the tool chain again.
COPY hack hack
RUN hack/deps build && apt-get install -y --no-install-recommends ca-certificates
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build --preset release \
    && hack/rootfs /rootfs/operator build/release/bin/realtime-operator \
    && hack/rootfs /rootfs/server build/release/bin/realtime-server

FROM scratch AS realtime-server
COPY --from=build /rootfs/server /
# Numeric, because runAsNonRoot cannot be checked against a name.
USER 65532:65532
ENV PATH=/usr/bin:/bin
EXPOSE 8080 9090
ENTRYPOINT ["/usr/bin/realtime-server"]

FROM scratch AS realtime-operator
COPY --from=build /rootfs/operator /
USER 65532:65532
ENV PATH=/usr/bin:/bin
ENTRYPOINT ["/usr/bin/realtime-operator"]

# The operator's image for those who have a container engine; hack/images makes the same one without.
FROM debian:bookworm AS build
WORKDIR /src
# Before the sources, so that a changed line does not install the tool chain again.
COPY hack hack
RUN hack/deps build && apt-get install -y --no-install-recommends ca-certificates
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build --preset release --target realtime-operator \
    && hack/rootfs /rootfs build/release/bin/realtime-operator

FROM scratch
COPY --from=build /rootfs /
# Numeric, because runAsNonRoot cannot be checked against a name.
USER 65532:65532
ENV PATH=/usr/bin:/bin
ENTRYPOINT ["/usr/bin/realtime-operator"]

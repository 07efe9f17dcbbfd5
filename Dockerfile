# gilcheck alone, without Python and without a shell:
#
#     docker run --rm -v "$PWD:/io:ro" gilcheck
#
# The image is built for the platform it is built on; the release workflow builds it for amd64 and arm64.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /build
COPY Cargo.toml Cargo.lock README.md ./
COPY src src
COPY queries queries
COPY fixtures/rules fixtures/rules
RUN cargo build --release --locked && cp target/release/gilcheck /gilcheck

FROM scratch
COPY --from=build /gilcheck /gilcheck
WORKDIR /io
# Nothing needs the superuser.
USER 65532:65532
ENTRYPOINT ["/gilcheck"]

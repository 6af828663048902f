# syntax=docker/dockerfile:1

FROM rust:1.95-slim-bookworm AS build
# libpq is built from source and linked in; OpenSSL, which it needs for TLS to the server, comes from Debian.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches keep the dependencies between builds; the image gets the binary only.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p guildhall --features postgres-tls --bin guildhall \
    && cp target/release/guildhall /guildhall

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/guildhall --create-home --shell /usr/sbin/nologin guildhall
COPY LICENSE-APACHE LICENSE-MIT NOTICE /usr/share/doc/guildhall/
COPY --from=build /guildhall /usr/local/bin/guildhall
ENV GUILDHALL_ENV=production
USER 10001:10001
# Nothing is written outside this folder: the root may be read-only. With SQLite, mount a volume here.
WORKDIR /var/lib/guildhall
EXPOSE 8080
ENTRYPOINT ["guildhall"]
CMD ["serve"]

# Two images from one build: `trainer`, the companion with the training libraries, and `api`, the daemon with nothing but what it needs to
# answer, a first version of a model included. The last one is what a plain `docker build` makes.
#   docker build --target trainer -t creditrisk-trainer .
#   docker build --target api -t creditrisk-api .
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /source
COPY scripts/packages.sh scripts/
RUN . scripts/packages.sh && need_packages "${build_packages[@]}" wrk && rm -rf /var/lib/apt/lists/*
# LightGBM for the trainer: .lib/lightgbm/ if scripts/fetch-lightgbm.sh has been run here, else from the package index, else not at all.
# (The pattern is for a folder that may be missing; the script itself is copied so that something is.)
COPY scripts/fetch-lightgbm.sh scripts/
COPY scripts/fetch-lightgbm.sh .li[b] .lib/
RUN scripts/fetch-lightgbm.sh || { rm -rf .lib && mkdir -p .lib/lightgbm; }
COPY scripts/build-release.sh scripts/
COPY meson.build meson_options.txt ./
COPY examples/application.json examples/
COPY config config
COPY migrations migrations
COPY include include
COPY src src
RUN scripts/build-release.sh build -Dpostgres=enabled && strip build/creditrisk build/creditriskd

# What the programs read, and a registry with a champion, which they make themselves.
RUN mkdir house && cp -r config migrations house/ && cd house \
 && export CREDITRISK_DB=sqlite:/tmp/book.db CREDITRISK_PATHS_RESULTS=/tmp/results CREDITRISK_ACTOR="docker build" \
 && ../build/creditrisk --quiet migrate && ../build/creditrisk --quiet generate \
 && ../build/creditrisk --quiet train --models logistic --promote && ../build/creditrisk doctor

# api: the daemon, the libraries it is linked with, with their licences, and no more: no shell, no package manager.
COPY deploy/linked.sh deploy/
RUN install -D -t api/usr/bin build/creditriskd && mkdir -p api/etc api/srv && cp -r house api/srv/creditrisk \
 && deploy/linked.sh files build/creditriskd | xargs -I{} cp -L --parents {} api/ \
 && deploy/linked.sh packages build/creditriskd | sed 's:.*:/usr/share/doc/&/copyright:' | xargs -I{} cp -L --parents {} api/ \
 && echo 'creditrisk:x:65532:65532::/srv/creditrisk:/sbin/nologin' >api/etc/passwd && echo 'creditrisk:x:65532:' >api/etc/group
RUN deploy/linked.sh packages build/creditrisk >runtime-packages && cat runtime-packages

FROM ${BASE} AS trainer
COPY --from=build /source/runtime-packages /tmp/
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends gnuplot-nox $(cat /tmp/runtime-packages) \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /tmp/runtime-packages /usr/share/man/* /usr/share/locale/* \
 && find /usr/share/doc -type f ! -name copyright -delete \
 && groupadd --gid 65532 creditrisk && useradd --uid 65532 --gid 65532 --home-dir /srv/creditrisk --shell /usr/sbin/nologin creditrisk \
 && install -d -o creditrisk -g creditrisk /srv/creditrisk/models /srv/creditrisk/data /srv/creditrisk/results
COPY --from=build /source/build/creditrisk /usr/bin/
COPY --from=build /source/.lib/lightgbm /srv/creditrisk/.lib/lightgbm
COPY config /srv/creditrisk/config
COPY migrations /srv/creditrisk/migrations
COPY deploy/trainer/run.sh /usr/bin/creditrisk-run
WORKDIR /srv/creditrisk
USER 65532:65532
CMD ["creditrisk-run"]

FROM scratch AS api
COPY --from=build /source/api /
WORKDIR /srv/creditrisk
USER 65532:65532
# Inside a container every address is another machine's: say who may ask, with CREDITRISK_AUTH_MODE=key or CREDITRISK_AUTH_ALLOW_ANONYMOUS=true.
ENV CREDITRISK_LISTEN_ADDRESS=0.0.0.0
EXPOSE 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=3s --timeout=4s --start-period=10s --retries=3 CMD ["/usr/bin/creditriskd", "--healthcheck"]
ENTRYPOINT ["/usr/bin/creditriskd"]

# An image with the executable alone: docker build -t tidemark . && docker run -v tidemark:/data tidemark --help

FROM node:22-bookworm-slim AS build
WORKDIR /tidemark
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

# The executable is linked against glibc.
FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home tidemark \
  && mkdir /data \
  && chown tidemark:tidemark /data
COPY --from=build /tidemark/dist/tidemark /usr/local/bin/tidemark
USER tidemark
ENV TIDEMARK_HOME=/data
VOLUME /data
WORKDIR /data
# SIGTERM, as docker stop sends it, ends process cleanly within 10 s.
ENTRYPOINT ["tidemark"]
CMD ["--help"]

# syntax=docker/dockerfile:1

FROM node:24-slim AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.13-slim AS environment
COPY --from=ghcr.io/astral-sh/uv:0.13 /uv /usr/local/bin/uv
WORKDIR /app
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Tracegraph" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin tracegraph \
  && install --directory --owner=tracegraph /var/lib/tracegraph
WORKDIR /app
COPY --from=environment /app/.venv .venv/
COPY --from=web /build/web/dist web/dist/
COPY models models/
COPY pubsub pubsub/
COPY auth auth/
COPY ingest ingest/
COPY analytics analytics/
COPY export export/
COPY resolvers resolvers/
COPY schema schema/
COPY operations operations/
COPY server server/
ENV PATH="/app/.venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ENV TRACEGRAPH_HOST=0.0.0.0 TRACEGRAPH_PORT=8000 TRACEGRAPH_DATA_DIR=/var/lib/tracegraph
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=4s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['TRACEGRAPH_PORT']}/readyz\", timeout=3)"]
ENTRYPOINT ["python", "-m", "server"]
CMD ["serve"]

# The program in a container: not as root, on a root that may be read-only, with one volume.
#
#     docker build -t eraser-lab .
#     docker run --init --read-only --tmpfs /tmp -v eraser-lab:/data -p 127.0.0.1:7860:7860 eraser-lab
#
# docs/hosting.md has more, also on letting others in. For a smaller image without CUDA's libraries,
# give pip an index with torch for CPUs and take versions without hashes:
#
#     docker build --build-arg REQUIREMENTS=requirements.txt --build-arg PIP_EXTRA_INDEX_URL=… .

FROM python:3.12-slim-bookworm AS packages
ARG REQUIREMENTS=requirements.lock
ARG PIP_EXTRA_INDEX_URL=
WORKDIR /build
RUN python -m venv /venv
COPY requirements.txt requirements.lock requirements-metrics.txt ./
# A file with hashes asks for those of all that it brings; a file without takes what fits.
RUN /venv/bin/pip install --no-cache-dir -r "$REQUIREMENTS" \
    && /venv/bin/pip install --no-cache-dir -r requirements-metrics.txt

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin eraser \
    && install --directory --mode=700 --owner=eraser /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY app.py requirements.txt LICENSE ./
COPY methods methods
COPY segmentation segmentation
COPY examples examples
COPY ui ui
RUN /venv/bin/python -m compileall -q .
# Whatever is written lies in the volume, but for what is gone with the container.
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    XDG_CACHE_HOME=/data/cache \
    MPLCONFIGDIR=/data/cache/matplotlib \
    ERASER_LAB_HOST=0.0.0.0 \
    ERASER_LAB_PORT=7860 \
    ERASER_LAB_DATA=/data/lab \
    ERASER_LAB_WEIGHTS=/data/weights \
    ERASER_LAB_PHOTOS=/data/photos \
    ERASER_LAB_LOG=json
VOLUME /data
EXPOSE 7860
USER 10001
# Twice the ten seconds that runs may take when the program is told to end: docker stop --time 20.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python", "-c", "import os; from urllib.request import urlopen; urlopen('http://127.0.0.1:' + os.environ['ERASER_LAB_PORT'] + '/healthz', timeout=5)"]
ENTRYPOINT ["python", "app.py"]

# syntax=docker/dockerfile:1
# wenbao's HTTP API, with its models prepared and the sample indexed. docs/packaging.md tells how it is run.
#
#   docker build -t wenbao .
#   docker build -t wenbao --build-arg EXTRAS=milvus,otel .

ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUTF8=1
WORKDIR /source
RUN python -m venv /opt/wenbao

# The libraries are a layer of their own, which a change of our code leaves as it is.
COPY pyproject.toml constraints.txt ./
COPY packaging/requirements.py packaging/requirements.py
ARG EXTRAS=""
# Only the extra `models` needs torch. Its own index has the build for the processor alone; PyPI's brings CUDA.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python packaging/requirements.py "${EXTRAS}" > requirements.txt \
    && case ",${EXTRAS}," in *,models,*) torch_index="--extra-index-url ${TORCH_INDEX}" ;; *) torch_index="" ;; esac \
    && /opt/wenbao/bin/pip install ${torch_index} -c constraints.txt -r requirements.txt \
    # jionlp asks for it; wenbao reads a table of jionlp's and never imports either. 150 MB.
    && /opt/wenbao/bin/pip uninstall --yes jiojio

COPY README.md LICENSE MANIFEST.in ./
COPY rag rag
COPY server server
COPY tui tui
RUN /opt/wenbao/bin/pip install --no-deps .

# The models are prepared here, once, and the sample indexed, so that a container answers as soon as it is started.
RUN WENBAO_CACHE=/opt/wenbao/cache /opt/wenbao/bin/wenbao index --sample --vectors /prepared/vectors


FROM ${BASE}
RUN groupadd --system --gid 10001 wenbao \
    && useradd --system --uid 10001 --gid wenbao --home-dir /var/lib/wenbao --create-home --shell /usr/sbin/nologin wenbao
COPY --from=build /opt/wenbao /opt/wenbao
COPY --from=build --chown=wenbao:wenbao /prepared /var/lib/wenbao
COPY --chmod=0755 packaging/healthcheck.py /opt/wenbao/bin/healthcheck
ENV PATH=/opt/wenbao/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WENBAO_CACHE=/opt/wenbao/cache \
    WENBAO_VECTORS=/var/lib/wenbao/vectors \
    WENBAO_HOST=0.0.0.0 \
    WENBAO_PORT=8000
USER wenbao
WORKDIR /var/lib/wenbao
# All that is ever written, but for temporary files: the root may be read only.
VOLUME ["/var/lib/wenbao"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["healthcheck"]
ENTRYPOINT ["wenbao"]
CMD ["serve", "--log-format", "json", "--log-level", "info"]

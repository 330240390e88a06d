# hantei serve: an endpoint that speaks OpenAI's API in front of a model, and judges what leaves.
#
#   docker build -t hantei .
#   docker run --rm -p 127.0.0.1:8100:8100 -e HANTEI_TOKEN=... hantei --upstream http://host.docker.internal:8000/v1
#
# Untested: written where no daemon runs; its steps were run by hand.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install --no-cache-dir build && python -m build --wheel --outdir /wheels

FROM python:3.13-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir "$(ls /wheels/*.whl)[serve]" && rm -r /wheels \
    && useradd --system --create-home --uid 10001 hantei
USER hantei
WORKDIR /home/hantei
EXPOSE 8100
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8100/health')"]
# Listening beyond loopback needs a token, which clients give as their key.
ENTRYPOINT ["hantei", "serve", "--host", "0.0.0.0", "--port", "8100", "--token-env", "HANTEI_TOKEN"]
CMD ["--help"]

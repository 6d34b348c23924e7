# One image for every part of the service: docker run IMAGE serve, worker, migrate, admin, kafka ...
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/lqs
COPY requirements.txt ./
RUN /opt/lqs/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/lqs/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home lqs
COPY --from=build /opt/lqs /opt/lqs
ENV PATH=/opt/lqs/bin:$PATH
USER lqs
EXPOSE 8421
ENTRYPOINT ["lqs"]
CMD ["--help"]

# The facade only: MLflow runs elsewhere, at MLFLOW_UPSTREAM_URL. The root file system may be read-only; all data is in
# /data. The base image is pinned by the digest of its multi-platform index (Node 24.18.0), the same in every stage.

FROM node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/alb-rules/package.json ./packages/alb-rules/
RUN npm ci --omit=dev

FROM node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/alb-rules/package.json ./packages/alb-rules/
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY packages/alb-rules/tsconfig.build.json ./packages/alb-rules/
COPY packages/alb-rules/src ./packages/alb-rules/src
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies /app/packages ./packages
COPY --from=build /app/packages/alb-rules/dist ./packages/alb-rules/dist
COPY --from=build /app/dist ./dist
COPY deploy/alb/after.json deploy/alb/platform.json ./deploy/alb/
COPY openapi ./openapi
COPY docs ./docs
COPY package.json LICENSE README.md CHANGELOG.md ./
RUN chmod 755 dist/cli/main.js && ln -s /app/dist/cli/main.js /usr/local/bin/hokusai-mlflow && install -d -o node -g node -m 700 /data
# By number, so that an orchestrator can see that the user is not root.
USER 1000:1000
VOLUME /data
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
# Whether the process is alive. Whether it can serve is /ready, which a restart would not fix.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["hokusai-mlflow"]
CMD ["start", "--require-upstream"]

# The EST service of a stack (docs/est-on-azure.md): `npm run est -- --bundle FILE` without the tools that only set up a project.
# Built by .github/workflows/est-image.yml and .azure-pipelines/est-image.yml.
FROM node:22-slim AS packages
WORKDIR /service
COPY package.json package-lock.json ./
COPY emulator/package.json emulator/
COPY policy/package.json policy/
COPY report-page/package.json report-page/
COPY sample-device/package.json sample-device/
COPY standins/package.json standins/
# The providers' packages declare resources, which the service does not.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --workspaces=false \
    && rm -rf node_modules/@pulumi/azure-native node_modules/@pulumi/azuread node_modules/@pulumi/random node_modules/@pulumi/tls

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /service
COPY --from=packages /service/node_modules node_modules
COPY package.json tsconfig.json Pulumi.yaml ./
COPY components components
COPY stacks stacks
COPY est est
COPY cli cli
COPY scripts/lib scripts/lib
# Commands share their reading of arguments.
COPY emulator/commandLine.mjs emulator/
USER node
EXPOSE 8443
# Status and metrics stay on the loopback address.
ENTRYPOINT ["node", "-r", "ts-node/register/transpile-only", "cli/est/main.ts"]
CMD ["--bundle", "/est/bundle.json", "--audit", "-"]

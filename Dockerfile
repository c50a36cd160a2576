FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /avd
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY . .
USER node
# The file to run is the command: src/main/api.ts, src/main/consumers.ts, or src/main/cli.ts with its arguments.
ENTRYPOINT ["node", "--max-semi-space-size=64", "--import", "tsx"]
CMD ["src/main/api.ts"]

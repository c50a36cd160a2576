FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /avd
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY . .
RUN npm run build
USER node
# The file to run is the command: build/api.js, build/consumers.js, or build/cli.js with its arguments.
ENTRYPOINT ["node", "--max-semi-space-size=64"]
CMD ["build/api.js"]

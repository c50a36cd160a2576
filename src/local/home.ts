import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { freePorts } from './ports.ts';

const port = z.number().int().min(1).max(65535);

const serversFile = z.object({
  /** How the first start ran them. It stays so: the data is where that start put it. */
  by: z.enum(['processes', 'docker']),
  neo4j: z.object({ port }),
  kafka: z.object({ port, controllerPort: port }),
});

/** What `<AVD_HOME>/servers.json` remembers of the servers that we run ourselves. */
export type ServersFile = z.infer<typeof serversFile>;

/** The servers' addresses and ports, as the last start left them; undefined before the first. */
export function readServersFile(home: string): ServersFile | undefined {
  const path = join(home, 'servers.json');
  if (!existsSync(path)) return undefined;
  const parsed = serversFile.safeParse(parseJson(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new AppError(
    'CONFIG_INVALID',
    `${path} is not what AVD wrote there; delete it, and the next start chooses new ports.`,
  );
}

export function writeServersFile(home: string, content: ServersFile): void {
  writeWhole(join(home, 'servers.json'), `${JSON.stringify(content, null, 2)}\n`);
}

/** Ports that were free a moment ago. */
export async function chooseServers(by: ServersFile['by']): Promise<ServersFile> {
  const [neo4jPort = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
  return { by, neo4j: { port: neo4jPort }, kafka: { port: kafkaPort, controllerPort } };
}

/** Neo4j's password: made at the first start, readable by this user only, never printed. */
export function passwordOf(home: string): string {
  const path = join(home, 'neo4j-password');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const password = randomBytes(24).toString('hex');
  writeWhole(path, `${password}\n`);
  return password;
}

/** Makes the folder for this user only: it holds the password and all the data. */
export function makeHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
}

/** Renamed into place, so that a kill leaves the old file or the new one and no half. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

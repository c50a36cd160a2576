// `npm start`: installs what is missing, then becomes src/main/start.ts in this same process, so that signals reach it.
import { ensurePackages } from './install.mjs';

ensurePackages();
const { register } = await import('tsx/esm/api');
register();
await import('../src/main/start.ts');
